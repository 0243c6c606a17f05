import Core
import Database

/// `sessions`: who is signed in.
struct SessionTable: Sendable {
    let database: Database

    private static let columns: SQL =
        "id, account_id, grant_type, client_address, started_at, last_used_at, expires_at, revoked_at, generation"
    private static let pruneBatch = 5_000

    static func insert(_ session: Session, in transaction: Transaction) async throws(DatabaseFailure) {
        try await transaction.execute(
            "INSERT INTO sessions (" + columns + ") VALUES ($1, $2, $3, $4, $5, $5, $6, NULL, $7)",
            [
                .uuid(session.id), .uuid(session.account), .int16(session.grant.rawValue),
                .bytes(session.clientAddress?.bytes ?? []), .timestamp(session.startedAt),
                .timestamp(session.expiresAt), .int64(Int64(session.generation)),
            ])
    }

    /// The session, locked until the transaction ends: of two uses of one refresh token the second sees the first.
    static func lock(_ id: UUIDv7, in transaction: Transaction) async throws(DatabaseFailure) -> Session? {
        try await transaction.queryRow("SELECT " + columns + " FROM sessions WHERE id = $1 FOR UPDATE", [.uuid(id)])
            .map { row throws(DatabaseFailure) in try Session(row: row) }
    }

    static func advance(_ session: Session, at now: Timestamp, in transaction: Transaction)
        async throws(DatabaseFailure)
    {
        try await transaction.execute(
            "UPDATE sessions SET generation = $2, last_used_at = $3 WHERE id = $1",
            [.uuid(session.id), .int64(Int64(session.generation) + 1), .timestamp(now)])
    }

    /// Nil when it does not exist or has ended already.
    static func revoke(_ id: UUIDv7, at now: Timestamp, in transaction: Transaction) async throws(DatabaseFailure)
        -> Session?
    {
        try await transaction.queryRow(
            "UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING " + columns,
            [.uuid(id), .timestamp(now)]
        ).map { row throws(DatabaseFailure) in try Session(row: row) }
    }

    /// Ends the oldest sessions of an account beyond the newest `limit`; which ones.
    static func revokeOldest(
        of account: UUIDv7, beyond limit: Int, at now: Timestamp, in transaction: Transaction
    ) async throws(DatabaseFailure) -> [UUIDv7] {
        let rows = try await transaction.query(
            """
            UPDATE sessions SET revoked_at = $2 WHERE id IN (
                SELECT id FROM sessions WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2
                ORDER BY started_at DESC, id DESC OFFSET $3)
            RETURNING id
            """, [.uuid(account), .timestamp(now), .int(limit)])
        return try rows.map { row throws(DatabaseFailure) in try row.get(0) }
    }

    /// The newest first.
    func list(of account: UUIDv7, limit: Int, deadline: Deadline) async throws(DatabaseFailure) -> [Session] {
        let rows = try await database.query(
            "SELECT " + Self.columns
                + " FROM sessions WHERE account_id = $1 ORDER BY started_at DESC, id DESC LIMIT $2",
            [.uuid(account), .int(limit)], deadline: deadline)
        return try rows.map { row throws(DatabaseFailure) in try Session(row: row) }
    }

    func find(_ id: UUIDv7, deadline: Deadline) async throws(DatabaseFailure) -> Session? {
        try await database.queryRow(
            "SELECT " + Self.columns + " FROM sessions WHERE id = $1", [.uuid(id)], deadline: deadline
        ).map { row throws(DatabaseFailure) in try Session(row: row) }
    }

    /// Forgets sessions that ended before `moment`, some at a time.
    func prune(endedBefore moment: Timestamp) async throws(DatabaseFailure) -> Int {
        try await database.execute(
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)",
            [.timestamp(moment), .int(Self.pruneBatch)])
    }
}

extension Session {
    init(row: Row) throws(DatabaseFailure) {
        let (grant, generation): (Int16, Int64) = (try row.get(2), try row.get(8))
        self.init(
            id: try row.get(0), account: try row.get(1), grant: Grant(rawValue: grant) ?? .password,
            clientAddress: IPAddress(bytes: try row.get(3, as: [UInt8].self)), startedAt: try row.get(4),
            lastUsedAt: try row.get(5), expiresAt: try row.get(6), revokedAt: try row.get(7, as: Timestamp?.self),
            generation: UInt32(clamping: generation))
    }
}
