import Core
import Database

/// The table `idempotency_keys`: all replicas answer for all keys.
struct IdempotencyStore: Sendable {
    enum Beginning: Sendable, Equatable {
        /// Nobody made the call before, and now nobody else will.
        case ours
        case known(IdempotentCall)
        /// The caller has as many keys as one may have.
        case full
    }

    static let mostPerCaller = 10_000
    private static let removedAtOnce = 1_000

    let database: Database
    let keptFor: Duration

    init(database: Database, keptFor: Duration = .seconds(86_400)) {
        (self.database, self.keptFor) = (database, keptFor)
    }

    /// First the row, then the call: of two at once one inserts, and the other finds it.
    /// - Parameter running: how long the call may take; after it nobody is waited for.
    func begin(
        _ caller: UUIDv7, _ digest: [UInt8], fingerprint: [UInt8], request: UUIDv7, running: Duration,
        deadline: Deadline
    ) async throws -> Beginning {
        // Again when the row in the way was freed before it could be read.
        for _ in 0..<3 {
            if try await insert(caller, digest, fingerprint, request, running, deadline) { return .ours }
            if let known = try await find(caller, digest, deadline) { return .known(known) }
        }
        return .full
    }

    private func insert(
        _ caller: UUIDv7, _ digest: [UInt8], _ fingerprint: [UInt8], _ request: UUIDv7, _ running: Duration,
        _ deadline: Deadline
    ) async throws -> Bool {
        try await database.execute(
            """
            INSERT INTO idempotency_keys
            (caller_id, key_digest, fingerprint, request_id, running_until, expires_at)
            SELECT $1, $2, $3, $4, now() + make_interval(secs => $5), now() + make_interval(secs => $6)
            WHERE (SELECT count(*) FROM idempotency_keys WHERE caller_id = $1) < $7
            ON CONFLICT (caller_id, key_digest) DO UPDATE SET
            fingerprint = excluded.fingerprint, request_id = excluded.request_id, outcome = 0, answer = NULL,
            running_until = excluded.running_until, expires_at = excluded.expires_at
            WHERE idempotency_keys.expires_at <= now()
            """,
            [
                .uuid(caller), .bytes(digest), .bytes(fingerprint), .uuid(request), .double(running.inSeconds),
                .double(keptFor.inSeconds), .int(Self.mostPerCaller),
            ], deadline: deadline) == 1
    }

    private func find(_ caller: UUIDv7, _ digest: [UInt8], _ deadline: Deadline) async throws -> IdempotentCall? {
        let row = try await database.queryRow(
            """
            SELECT fingerprint, outcome, answer, running_until <= now() FROM idempotency_keys
            WHERE caller_id = $1 AND key_digest = $2
            """, [.uuid(caller), .bytes(digest)], deadline: deadline)
        guard let row else { return nil }
        let outcome: Int16 = try row.get(1)
        return IdempotentCall(
            fingerprint: try row.get(0), outcome: IdempotentCall.Outcome(rawValue: outcome) ?? .unknown,
            sealedAnswer: try row.get(2, as: [UInt8]?.self), isOverdue: try row.get(3))
    }

    /// - Parameter request: who began it: a row that expired in between belongs to another.
    func end(
        _ caller: UUIDv7, _ digest: [UInt8], request: UUIDv7, _ outcome: IdempotentCall.Outcome, answer: [UInt8]? = nil
    ) async throws {
        try await database.execute(
            """
            UPDATE idempotency_keys SET outcome = $4, answer = $5
            WHERE caller_id = $1 AND key_digest = $2 AND request_id = $3
            """,
            [
                .uuid(caller), .bytes(digest), .uuid(request), .int16(outcome.rawValue),
                .nullable(answer, SQLValue.bytes, .bytes),
            ])
    }

    func free(_ caller: UUIDv7, _ digest: [UInt8], request: UUIDv7) async throws {
        try await database.execute(
            "DELETE FROM idempotency_keys WHERE caller_id = $1 AND key_digest = $2 AND request_id = $3",
            [.uuid(caller), .bytes(digest), .uuid(request)])
    }

    /// Some of what has expired, so that no statement takes long; returns how many.
    @discardableResult
    func removeExpired() async throws -> Int {
        try await database.execute(
            """
            DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM idempotency_keys WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED))
            """, [.int(Self.removedAtOnce)])
    }
}
