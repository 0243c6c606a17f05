internal import Contracts
internal import Core
internal import Database

/// The tables `intruders` and `steps`.
struct IntruderStore: Sendable {
    static let mostSteps = 200

    let database: Database

    // MARK: Writing

    /// Steps of all replicas add up; what is said of an intruder is what the newest step says.
    func add(_ steps: [IntruderStep], in transaction: Transaction) async throws {
        let events = steps.map { IntruderStepObserved($0).wireBytes() }
        try await transaction.bulkInsert(
            into: "steps",
            columns: [
                BulkColumn("step_id", steps.map(\.id)), BulkColumn("intruder_id", steps.map(\.intruder.id)),
                BulkColumn("observed_at", steps.map(\.observedAt)), BulkColumn("event", events),
            ], suffix: "ON CONFLICT (step_id) DO NOTHING")
        try await upsert(Self.summaries(of: steps), in: transaction)
    }

    private struct Summary {
        var intruder: Intruder
        var firstSeen: Timestamp
        var steps: Int64
    }

    /// One row per intruder, in the order of their names: two replicas that write the same rows lock them alike.
    private static func summaries(of steps: [IntruderStep]) -> [Summary] {
        var byIntruder: [UUIDv7: Summary] = [:]
        for step in steps {
            let before = byIntruder[step.intruder.id]
            byIntruder[step.intruder.id] = Summary(
                intruder: step.intruder, firstSeen: min(before?.firstSeen ?? step.observedAt, step.intruder.firstSeen),
                steps: (before?.steps ?? 0) + 1)
        }
        return byIntruder.values.sorted { $0.intruder.id < $1.intruder.id }
    }

    private func upsert(_ rows: [Summary], in transaction: Transaction) async throws {
        try await transaction.bulkInsert(
            into: "intruders",
            columns: [
                BulkColumn("intruder_id", rows.map(\.intruder.id)),
                BulkColumn("address", rows.map { $0.intruder.address?.description }),
                BulkColumn("decision_id", rows.map(\.intruder.decision)),
                BulkColumn("first_seen_at", rows.map(\.firstSeen)),
                BulkColumn("last_seen_at", rows.map(\.intruder.lastSeen)), BulkColumn("step_count", rows.map(\.steps)),
                BulkColumn("depth", rows.map { Int64($0.intruder.depth) }),
                BulkColumn("trap", rows.map { Int16($0.intruder.trap.rawValue) }),
                BulkColumn("intent", rows.map { Int16($0.intruder.intent.rawValue) }),
                BulkColumn("tool", rows.map(\.intruder.tool)),
            ],
            suffix: """
                ON CONFLICT (intruder_id) DO UPDATE SET
                    address = coalesce(excluded.address, intruders.address),
                    decision_id = coalesce(excluded.decision_id, intruders.decision_id),
                    first_seen_at = least(intruders.first_seen_at, excluded.first_seen_at),
                    last_seen_at = greatest(intruders.last_seen_at, excluded.last_seen_at),
                    step_count = intruders.step_count + excluded.step_count,
                    depth = greatest(intruders.depth, excluded.depth),
                    trap = excluded.trap,
                    intent = greatest(intruders.intent, excluded.intent),
                    tool = excluded.tool
                """)
    }

    /// At most `limit` at a time, so that no statement takes long.
    func forgetSteps(before moment: Timestamp, limit: Int = 10_000) async throws -> Int {
        try await database.execute(
            """
            DELETE FROM steps WHERE step_id IN (
                SELECT step_id FROM steps WHERE observed_at < $1 ORDER BY observed_at LIMIT $2)
            """, [.timestamp(moment), .int(limit)])
    }

    // MARK: Reading

    /// Before every intruder.
    private static let newest = PageCursor(Timestamp(seconds: 4_000_000_000), UUIDv7(high: .max, low: .max))

    /// Those seen last first, after `cursor`.
    func list(limit: Int, after cursor: PageCursor?, deadline: Deadline) async throws -> [Contracts.Intruder] {
        let cursor = cursor ?? Self.newest
        let rows = try await database.query(
            Self.selection + """
                WHERE (last_seen_at, intruder_id) < ($1, $2) ORDER BY last_seen_at DESC, intruder_id DESC LIMIT $3
                """, [.timestamp(cursor.moment), .uuid(cursor.id), .int(limit)], deadline: deadline)
        return try rows.map { try Contracts.Intruder($0) }
    }

    func find(_ intruder: UUIDv7, deadline: Deadline) async throws -> Contracts.Intruder? {
        try await database.queryRow(Self.selection + "WHERE intruder_id = $1", [.uuid(intruder)], deadline: deadline)
            .map { try Contracts.Intruder($0) }
    }

    func steps(of intruder: UUIDv7, deadline: Deadline) async throws -> [IntruderStepObserved] {
        let rows = try await database.query(
            "SELECT event FROM steps WHERE intruder_id = $1 ORDER BY observed_at DESC LIMIT $2",
            [.uuid(intruder), .int(Self.mostSteps)], deadline: deadline)
        return try rows.map { try IntruderStepObserved(wireBytes: $0.get(0)) }
    }

    private static let selection: SQL = """
        SELECT intruder_id, address, decision_id, first_seen_at, last_seen_at, step_count, depth, trap, intent, tool
        FROM intruders\u{20}
        """
}

extension Contracts.Intruder {
    init(_ row: Row) throws(DatabaseFailure) {
        let address = try row.get("address", as: String?.self).flatMap { IPAddress($0) }
        self.init(
            intruderID: try row.get("intruder_id"), subject: address.map { .clientAddress($0) },
            decisionID: try row.get("decision_id", as: UUIDv7?.self) ?? .unset,
            firstSeenAt: try row.get("first_seen_at"),
            lastSeenAt: try row.get("last_seen_at"),
            stepCount: UInt64(clamping: try row.get("step_count", as: Int64.self)),
            depth: UInt32(clamping: try row.get("depth", as: Int64.self)),
            trap: Trap(rawValue: UInt8(clamping: try row.get("trap", as: Int16.self))).map { TrapKind($0) }
                ?? .unspecified,
            tool: try row.get("tool"),
            intent: Intent(rawValue: UInt8(clamping: try row.get("intent", as: Int16.self))).map { IntruderIntent($0) }
                ?? .unspecified)
    }
}
