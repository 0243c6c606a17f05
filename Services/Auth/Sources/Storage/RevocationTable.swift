import Core
import Database

/// `revocations`: what gateways must refuse though it has not expired.
struct RevocationTable: Sendable {
    let database: Database

    private static let pruneBatch = 5_000

    static func insert(_ revocations: [Revocation], in transaction: Transaction) async throws(DatabaseFailure) {
        guard !revocations.isEmpty else { return }
        try await transaction.bulkInsert(
            into: "revocations",
            columns: [
                BulkColumn("target_id", revocations.map(\.target)),
                BulkColumn("scope", revocations.map(\.scope.rawValue)),
                BulkColumn("revoked_at", revocations.map(\.revokedAt)),
                BulkColumn("relevant_until", revocations.map(\.relevantUntil)),
                BulkColumn("reason", revocations.map(\.reason)), BulkColumn("revoked_by", revocations.map(\.revokedBy)),
            ],
            suffix: """
                ON CONFLICT (target_id, scope) DO UPDATE
                SET revoked_at = excluded.revoked_at, relevant_until = excluded.relevant_until
                """)
    }

    func relevant(now: Timestamp, limit: Int, deadline: Deadline) async throws(DatabaseFailure) -> [Revocation] {
        let rows = try await database.query(
            """
            SELECT scope, target_id, revoked_at, relevant_until, reason, revoked_by FROM revocations
            WHERE relevant_until > $1 ORDER BY revoked_at DESC LIMIT $2
            """, [.timestamp(now), .int(limit)], deadline: deadline)
        return try rows.map { row throws(DatabaseFailure) in
            Revocation(
                scope: Revocation.Scope(rawValue: try row.get(0)) ?? .session, target: try row.get(1),
                revokedAt: try row.get(2), relevantUntil: try row.get(3), reason: try row.get(4),
                revokedBy: try row.get(5))
        }
    }

    func prune(now: Timestamp) async throws(DatabaseFailure) -> Int {
        try await database.execute(
            """
            DELETE FROM revocations WHERE (target_id, scope) IN (
                SELECT target_id, scope FROM revocations WHERE relevant_until <= $1 LIMIT $2)
            """, [.timestamp(now), .int(Self.pruneBatch)])
    }
}
