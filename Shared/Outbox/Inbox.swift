package import Core
package import Database
internal import Messaging

/// Makes effects happen once although messages come more than once.
///
/// The identifiers of a batch are written in the same transaction as the effect. A message that is known already, or
/// comes twice in the batch, is left out; when two replicas get the same message at once the second waits for the
/// first's commit and then finds it known. Acknowledge to the broker after this returned, never before.
///
/// Identifiers are kept for `retention`. It must be longer than a message can come back: the time it may spend in
/// queues and dead letters before somebody re-queues it.
package struct Inbox: Sendable {
    private let database: Database
    private let retention: Duration

    private static let pruneBatch = 5_000

    package init(_ database: Database, retention: Duration = Topology.deadLetterLifetime + .seconds(86_400)) {
        self.database = database
        self.retention = retention
    }

    /// Calls `effect` with the positions in `ids` that are new, in order, inside one transaction. `source` names who
    /// consumes, so that two consumers of one service do not take each other's messages for known.
    @discardableResult
    package func apply<Value: Sendable>(
        source: String, ids: [UUIDv7], deadline: Deadline? = nil,
        effect: @Sendable (Transaction, [Int]) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(deadline: deadline) { transaction in
            let fresh = try await self.claim(ids, source: source, in: transaction)
            return try await effect(transaction, fresh)
        }
    }

    /// The positions of `ids` that were not known, now known as soon as `transaction` commits.
    package func claim(_ ids: [UUIDv7], source: String, in transaction: Transaction) async throws(DatabaseFailure)
        -> [Int]
    {
        guard !ids.isEmpty else { return [] }
        // In one order everywhere: two batches that share messages must not wait for each other in a circle.
        let rows = try await transaction.query(Self.insert, [.array(ids.sorted()), .text(source)])
        var unclaimed: Set<UUIDv7> = []
        for row in rows { unclaimed.insert(try row.get(0)) }
        return ids.indices.filter { unclaimed.remove(ids[$0]) != nil }
    }

    /// Forgets what is older than the retention, some at a time; how many were forgotten. Call it every minute or so.
    package func prune() async throws(DatabaseFailure) -> Int {
        try await database.execute(
            """
            DELETE FROM inbox WHERE (message_id, source) IN (
                SELECT message_id, source FROM inbox
                WHERE received_at < now() - $1::int8 * interval '1 millisecond' ORDER BY received_at LIMIT $2)
            """, [.int64(retention.wholeMilliseconds), .int(Self.pruneBatch)])
    }

    private static let insert: SQL = """
        INSERT INTO inbox (message_id, source) SELECT DISTINCT id, $2 FROM unnest($1) AS id ORDER BY id
        ON CONFLICT DO NOTHING RETURNING message_id
        """
}
