import Core
import Database
import Messaging
import Outbox

/// `minute_tallies` and `ongoing`: what was counted is added in the transaction that remembers which messages were
/// counted, so a message that comes twice counts once.
struct TallyLedger: Sendable {
    let database: Database
    let inbox: Inbox
    let figures: MetricsMetrics

    func apply(
        ids: [UUIDv7], source: String, count: @escaping @Sendable ([Int]) throws -> (Tally, [Ongoing])
    ) async throws {
        let deadline = Deadline.after(.seconds(20))
        let tally = try await inbox.apply(source: source, ids: ids, deadline: deadline) { transaction, fresh in
            let (tally, ongoing) = try count(fresh)
            try await Self.add(tally, in: transaction)
            try await Self.add(ongoing, in: transaction)
            return tally
        }
        figures.add(tally)
    }

    private static func add(_ tally: Tally, in transaction: Transaction) async throws(DatabaseFailure) {
        let entries = tally.entries
        guard !entries.isEmpty else { return }
        _ = try await transaction.bulkInsert(
            into: "minute_tallies",
            columns: [
                BulkColumn("minute", entries.map { Timestamp(seconds: $0.key.minute * 60) }),
                BulkColumn("measure", entries.map(\.key.measure.rawValue)),
                BulkColumn("key", entries.map(\.key.key)),
                BulkColumn("amount", entries.map(\.amount)),
            ],
            suffix: """
                ON CONFLICT (minute, measure, key)
                DO UPDATE SET amount = minute_tallies.amount + EXCLUDED.amount
                """)
    }

    /// Of one thing only the last word counts.
    private static func add(_ ongoing: [Ongoing], in transaction: Transaction) async throws(DatabaseFailure) {
        var last: [UUIDv7: Ongoing] = [:]
        for thing in ongoing { last[thing.id] = thing }
        let things = last.values.sorted { $0.id < $1.id }
        guard !things.isEmpty else { return }
        _ = try await transaction.bulkInsert(
            into: "ongoing",
            columns: [
                BulkColumn("kind", things.map(\.kind.rawValue)), BulkColumn("id", things.map(\.id)),
                BulkColumn("ends_at", things.map(\.endsAt)),
            ],
            suffix: "ON CONFLICT (kind, id) DO UPDATE SET ends_at = EXCLUDED.ends_at")
    }

    /// Forgets what is older than `retention` and what has ended.
    func prune(retention: Duration, now: Timestamp) async throws {
        try await database.execute("DELETE FROM minute_tallies WHERE minute < $1", [.timestamp(now - retention)])
        try await database.execute("DELETE FROM ongoing WHERE ends_at < $1", [.timestamp(now)])
    }
}

extension Timestamp {
    fileprivate static func - (moment: Timestamp, duration: Duration) -> Timestamp { moment + (.zero - duration) }
}
