import Core
import Cryptography
import Reactor
import Synchronization
import Telemetry

/// Hashes and checks secrets on threads of their own, so many at once as configured; beyond its queue it says busy.
final class SecretVerifier: Sendable {
    private let threads: BlockingThreads
    private let known = Mutex(VerifiedSecrets())
    private let duration: Histogram
    /// Checked when there is no account, so that the time of an answer does not tell which names exist.
    private let decoy: String

    init(threads: Int, queue: Int, duration: Histogram) throws(CryptographyFailure) {
        self.threads = BlockingThreads(maximum: threads, queueLimit: queue)
        self.duration = duration
        decoy = try Argon2id.hash(SecureRandom.bytes(16))
    }

    func hash(_ secret: [UInt8], deadline: Deadline) async throws -> String {
        try await run(deadline: deadline) { () throws(CryptographyFailure) in try Argon2id.hash(secret) }
    }

    func isRight(_ secret: [UInt8], of account: Account?, deadline: Deadline) async throws -> Bool {
        if let account, account.isServiceAccount,
            known.withLock({ $0.isKnown(secret, of: account, now: .now) })
        {
            return true
        }
        let hash = account?.secretHash ?? decoy
        let isRight = try await run(deadline: deadline) { () throws(CryptographyFailure) in
            try Argon2id.verify(secret, hash)
        }
        guard let account, isRight else { return false }
        if account.isServiceAccount { known.withLock { $0.remember(secret, of: account, now: .now) } }
        return true
    }

    /// A new hash of a secret that was right, when the stored one costs a thief less than today's would; nil as well when
    /// there is no time for it now: the next sign-in asks again.
    func renewedHash(of secret: [UInt8], _ account: Account, deadline: Deadline) async -> String? {
        guard Argon2id.needsRenewal(account.secretHash) else { return nil }
        return try? await hash(secret, deadline: deadline)
    }

    private func run<Value: Sendable>(
        deadline: Deadline, _ work: @escaping @Sendable () throws(CryptographyFailure) -> Value
    ) async throws -> Value {
        let began = Deadline.now
        let outcome: Result<Value, CryptographyFailure>
        do throws(ReactorFailure) {
            outcome = try await threads.run(deadline: deadline) {
                Result { () throws(CryptographyFailure) in try work() }
            }
        } catch {
            throw AuthFailure.busy
        }
        duration.observe(Deadline.now - began)
        return try outcome.get()
    }
}
