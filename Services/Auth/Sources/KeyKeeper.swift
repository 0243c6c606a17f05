import Core
import Database
import Outbox
import Synchronization

/// Holds the signing keys in force and changes them in time: every replica looks once a minute, and the first to see
/// that a key is due makes it for all.
final class KeyKeeper: Sendable {
    private let table: SigningKeyTable
    private let outbox: Outbox
    private let policy: SigningKeyRing.Policy
    private let clock: any WallClock
    private let current = Mutex(SigningKeyRing())

    init(table: SigningKeyTable, outbox: Outbox, policy: SigningKeyRing.Policy, clock: any WallClock) {
        self.table = table
        self.outbox = outbox
        self.policy = policy
        self.clock = clock
    }

    var ring: SigningKeyRing { current.withLock { $0 } }

    /// The key to sign with.
    func active() throws(AuthFailure) -> RingKey {
        guard let key = ring.active(now: clock.now) else { throw .noSigningKey }
        return key
    }

    /// Reads the keys, makes the next and forgets the expired when it is time, and tells everybody.
    func refresh() async throws {
        let (table, policy, now) = (table, policy, clock.now)
        let ring = try await outbox.transaction { transaction in
            try await SigningKeyTable.lock(transaction)
            let stored = try await table.load(transaction)
            let (expired, next) = (stored.expired(now: now).map(\.id), try stored.nextKey(now: now, policy))
            if expired.isEmpty, next == nil { return (stored, []) }
            if let next { try await table.insert(next, in: transaction) }
            try await table.delete(expired, in: transaction)
            let kept = stored.keys.filter { !expired.contains($0.id) }
            let changed = SigningKeyRing(kept + (next.map { [$0] } ?? []))
            return (changed, [OutboxMessage.signingKeysRotated(changed, at: now)])
        }
        current.withLock { $0 = ring }
    }
}
