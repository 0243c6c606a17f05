internal import Core
internal import Database

/// All SQL about `decisions`.
struct DecisionTable: Sendable {
    static let columns: SQL = """
        d.decision_id, d.subject_kind, d.subject, d.action, d.status, d.duration_milliseconds, d.decided_at, \
        d.expires_at, d.reason, d.severity, d.confidence, d.decided_by, d.autonomy, d.threat_id, d.incident_id, \
        d.throttle_per_minute, d.traceparent
        """

    func insert(_ decisions: [Decision], in transaction: Transaction) async throws(DatabaseFailure) {
        guard !decisions.isEmpty else { return }
        try await transaction.bulkInsert(
            into: "decisions",
            columns: [
                BulkColumn("decision_id", decisions.map(\.id)),
                BulkColumn("subject_kind", decisions.map(\.subject.kind.rawValue)),
                BulkColumn("subject", decisions.map(\.subject.value)),
                BulkColumn("action", decisions.map(\.action.rawValue)),
                BulkColumn("status", decisions.map(\.status.rawValue)),
                BulkColumn("duration_milliseconds", decisions.map(\.duration.wholeMilliseconds)),
                BulkColumn("decided_at", decisions.map(\.decidedAt)),
                BulkColumn("expires_at", decisions.map(\.expiresAt)),
                BulkColumn("reason", decisions.map(\.reason)),
                BulkColumn("severity", decisions.map(\.severity.rawValue)),
                BulkColumn("confidence", decisions.map(\.confidence)),
                BulkColumn("decided_by", decisions.map(\.decidedBy)),
                BulkColumn("autonomy", decisions.map(\.autonomy.rawValue)),
                BulkColumn("threat_id", decisions.map(\.threatID)),
                BulkColumn("incident_id", decisions.map(\.incidentID)),
                BulkColumn("throttle_per_minute", decisions.map { $0.throttlePerMinute.map { Int32(clamping: $0) } }),
                BulkColumn("traceparent", decisions.map { $0.trace?.description ?? "" }),
            ])
    }

    /// What stands and what ran its time, for many subjects in one question.
    func histories(
        of subjects: [Subject], memory: Duration, now: Timestamp, in transaction: Transaction
    ) async throws(DatabaseFailure) -> [Subject: SubjectHistory] {
        let rows = try await transaction.query(
            """
            SELECT d.subject_kind, d.subject, d.action, d.status, d.expires_at
            FROM unnest($1, $2) AS s(kind, value)
            JOIN decisions d ON d.subject_kind = s.kind AND d.subject = s.value
            WHERE d.decided_at > $3 AND d.status IN (1, 2, 3)
            """,
            [
                .array(subjects.map(\.kind.rawValue)), .array(subjects.map(\.value)),
                .timestamp(now + memory * -1),
            ])
        var histories: [Subject: SubjectHistory] = [:]
        for row in rows {
            guard let kind = Subject.Kind(rawValue: try row.get(0)), let subject = Subject(kind, try row.get(1)) else {
                continue
            }
            let (action, status, expiresAt): (Int16, Int16, Timestamp) = (
                try row.get(2), try row.get(3), try row.get(4)
            )
            histories[subject, default: SubjectHistory()].add(
                Action(rawValue: action), Decision.Status(rawValue: status), expiresAt: expiresAt, now: now)
        }
        return histories
    }

    func countActive(in transaction: Transaction) async throws(DatabaseFailure) -> Int {
        let row = try await transaction.queryRow("SELECT count(*) FROM decisions WHERE status IN (1, 2)")
        return try row?.get(0) ?? 0
    }

    /// Locked until the transaction ends, so that two people cannot decide its fate at once.
    /// Locked until the transaction ends.
    func find(_ id: UUIDv7, in transaction: Transaction) async throws(DatabaseFailure) -> Decision? {
        let row = try await transaction.queryRow(
            "SELECT " + Self.columns + " FROM decisions d WHERE d.decision_id = $1 FOR UPDATE", [.uuid(id)])
        return try row.map { (row) throws(DatabaseFailure) in try Decision(row: row) }
    }

    func find(_ id: UUIDv7, in database: Database) async throws(DatabaseFailure) -> Decision? {
        let row = try await database.queryRow(
            "SELECT " + Self.columns + " FROM decisions d WHERE d.decision_id = $1", [.uuid(id)])
        return try row.map { (row) throws(DatabaseFailure) in try Decision(row: row) }
    }

    func update(_ decision: Decision, in transaction: Transaction) async throws(DatabaseFailure) {
        try await transaction.execute(
            "UPDATE decisions SET status = $2, decided_at = $3, expires_at = $4 WHERE decision_id = $1",
            [
                .uuid(decision.id), .int16(decision.status.rawValue), .timestamp(decision.decidedAt),
                .timestamp(decision.expiresAt),
            ])
    }

    /// Newest first, after `cursor` when there is one.
    func list(
        _ database: Database, after cursor: PageCursor?, activeOnly: Bool, limit: Int, deadline: Deadline
    ) async throws(DatabaseFailure) -> [Decision] {
        let rows = try await database.query(
            "SELECT " + Self.columns
                + """
                 FROM decisions d
                WHERE (NOT $1 OR (d.status = 2 AND d.expires_at > now()))
                AND ($2::timestamptz IS NULL OR (d.decided_at, d.decision_id) < ($2, $3::uuid))
                ORDER BY d.decided_at DESC, d.decision_id DESC LIMIT $4
                """,
            [
                .bool(activeOnly), .nullable(cursor?.moment, SQLValue.timestamp, .timestamp),
                .nullable(cursor?.id, SQLValue.uuid, .uuid), .int(limit),
            ], deadline: deadline)
        return try rows.map { (row) throws(DatabaseFailure) in try Decision(row: row) }
    }

    /// Marks what ran its time; some at a time, so that no statement holds many rows for long.
    func expire(_ database: Database, now: Timestamp) async throws(DatabaseFailure) -> Int {
        try await database.execute(
            """
            UPDATE decisions SET status = 3 WHERE decision_id IN (
                SELECT decision_id FROM decisions WHERE status = 2 AND expires_at <= $1
                ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
            """, [.timestamp(now)])
    }
}

extension SubjectHistory {
    mutating func add(_ action: Action?, _ status: Decision.Status?, expiresAt: Timestamp, now: Timestamp) {
        switch status {
        case .awaitingApproval: standing.append(Standing(action: action ?? .ban, expiresAt: expiresAt, isWaiting: true))
        case .active where expiresAt > now:
            standing.append(Standing(action: action ?? .ban, expiresAt: expiresAt, isWaiting: false))
        case .active, .expired: earlier += 1
        case .reverted, .rejected, nil: break
        }
    }
}
