import Core
import Cryptography

/// Machines sign in every few minutes with the same secret, and Argon2id costs 19 ms each time: a secret that was right
/// is remembered for a while, as a keyed hash in memory only. A changed secret or a restart forgets it.
struct VerifiedSecrets: Sendable {
    private struct Entry {
        var code: [UInt8]
        var until: Deadline
    }

    private let key = SecureRandom.bytes(32)
    private let memory: Duration
    private let capacity: Int
    private var entries: [UUIDv7: Entry] = [:]

    init(memory: Duration = .seconds(600), capacity: Int = 10_000) {
        self.memory = memory
        self.capacity = capacity
    }

    func isKnown(_ secret: [UInt8], of account: Account, now: Deadline) -> Bool {
        guard let entry = entries[account.id], now < entry.until else { return false }
        return constantTimeEquals(entry.code, code(secret, account))
    }

    mutating func remember(_ secret: [UInt8], of account: Account, now: Deadline) {
        if entries.count >= capacity { entries = entries.filter { now < $0.value.until } }
        guard entries.count < capacity else { return }
        entries[account.id] = Entry(code: code(secret, account), until: now + memory)
    }

    /// Binds the secret to the hash it was verified against.
    private func code(_ secret: [UInt8], _ account: Account) -> [UInt8] {
        HMACSHA256.code(for: Array(account.secretHash.utf8) + [0] + secret, key: key)
    }
}
