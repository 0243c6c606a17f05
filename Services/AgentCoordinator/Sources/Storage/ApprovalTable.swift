internal import Core
internal import Database

/// All SQL about `approvals`; each comes with its decision.
struct ApprovalTable: Sendable {
    typealias Question = (approval: Approval, decision: Decision)

    private static let columns: SQL =
        """
        a.approval_id, a.agent, a.status AS approval_status, a.requested_at, a.answer_until, a.on_timeout, \
        a.resolved_by, a.resolved_at, a.comment,
        """ + " " + DecisionTable.columns + " FROM approvals a JOIN decisions d USING (decision_id) "

    func insert(_ approvals: [Approval], in transaction: Transaction) async throws(DatabaseFailure) {
        guard !approvals.isEmpty else { return }
        try await transaction.bulkInsert(
            into: "approvals",
            columns: [
                BulkColumn("approval_id", approvals.map(\.id)), BulkColumn("decision_id", approvals.map(\.decisionID)),
                BulkColumn("agent", approvals.map(\.agent)), BulkColumn("status", approvals.map(\.status.rawValue)),
                BulkColumn("requested_at", approvals.map(\.requestedAt)),
                BulkColumn("answer_until", approvals.map(\.answerUntil)),
                BulkColumn("on_timeout", approvals.map(\.onTimeout.rawValue)),
            ])
    }

    func find(_ id: UUIDv7, in transaction: Transaction) async throws(DatabaseFailure) -> Question? {
        let rows = try await transaction.query(
            "SELECT " + Self.columns + "WHERE a.approval_id = $1 FOR UPDATE", [.uuid(id)])
        return try questions(rows).first
    }

    /// Unanswered in time; locked, and not those another replica has in hand.
    func overdue(now: Timestamp, in transaction: Transaction) async throws(DatabaseFailure) -> [Question] {
        try questions(
            try await transaction.query(
                "SELECT " + Self.columns
                    + """
                    WHERE a.status = 1 AND a.answer_until <= $1
                    ORDER BY a.answer_until LIMIT 200 FOR UPDATE SKIP LOCKED
                    """, [.timestamp(now)]))
    }

    func resolve(_ approval: Approval, in transaction: Transaction) async throws(DatabaseFailure) {
        try await transaction.execute(
            "UPDATE approvals SET status = $2, resolved_by = $3, resolved_at = $4, comment = $5 WHERE approval_id = $1",
            [
                .uuid(approval.id), .int16(approval.status.rawValue), .text(approval.resolvedBy),
                .nullable(approval.resolvedAt, SQLValue.timestamp, .timestamp), .text(approval.comment),
            ])
    }

    func list(
        _ database: Database, after cursor: PageCursor?, waitingOnly: Bool, limit: Int, deadline: Deadline
    ) async throws(DatabaseFailure) -> [Question] {
        try questions(
            try await database.query(
                "SELECT " + Self.columns
                    + """
                    WHERE (NOT $1 OR a.status = 1)
                    AND ($2::timestamptz IS NULL OR (a.requested_at, a.approval_id) < ($2, $3::uuid))
                    ORDER BY a.requested_at DESC, a.approval_id DESC LIMIT $4
                    """,
                [
                    .bool(waitingOnly), .nullable(cursor?.moment, SQLValue.timestamp, .timestamp),
                    .nullable(cursor?.id, SQLValue.uuid, .uuid), .int(limit),
                ], deadline: deadline))
    }

    private func questions(_ rows: Rows) throws(DatabaseFailure) -> [Question] {
        try rows.map { (row) throws(DatabaseFailure) in (try Approval(row: row), try Decision(row: row)) }
    }
}
