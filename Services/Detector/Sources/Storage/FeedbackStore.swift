import Contracts
import Core
import Database

/// The table `feedback`: what people said about threats, with the threat as it was told. It outlives the threats'
/// retention: it is what models and rules are trained and tested on.
final class FeedbackStore: Sendable {
    private let database: Database

    init(_ database: Database) { self.database = database }

    /// One word a threat: a later one replaces an earlier one.
    func save(_ feedback: [Feedback]) async throws {
        let rows = feedback.compactMap { entry in entry.threat.map { (entry, $0) } }.sorted {
            $0.1.threatID < $1.1.threatID
        }
        guard !rows.isEmpty else { return }
        try await database.bulkInsert(
            into: "feedback",
            columns: [
                BulkColumn("feedback_id", rows.map(\.0.feedbackID)), BulkColumn("threat_id", rows.map(\.1.threatID)),
                BulkColumn("verdict", rows.map { Int16($0.0.verdict.rawValue) }),
                BulkColumn("marked_at", rows.map(\.0.markedAt)), BulkColumn("body", rows.map { $0.0.wireBytes() }),
            ],
            suffix: """
                ON CONFLICT (threat_id) DO UPDATE SET feedback_id = excluded.feedback_id,
                verdict = excluded.verdict, marked_at = excluded.marked_at, body = excluded.body
                """)
    }

    /// Newest first. Identifiers are ordered by time, so they are the cursor.
    func page(before: UUIDv7?, verdict: FeedbackVerdict, limit: Int, deadline: Deadline) async throws -> [Feedback] {
        try await database.query(
            """
            SELECT body FROM feedback WHERE feedback_id < $1 AND ($2::bigint = 0 OR verdict = $2)
            ORDER BY feedback_id DESC LIMIT $3
            """,
            [.uuid(before ?? UUIDv7(high: .max, low: .max)), .int(Int(verdict.rawValue)), .int(limit)],
            deadline: deadline
        ).compactMap { try? Feedback(wireBytes: $0.get("body", as: [UInt8].self)) }
    }
}
