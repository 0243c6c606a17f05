import Core
import Database

/// What is read of `minute_tallies` and `ongoing`.
struct TallyQueries: Sendable {
    struct Entry: Sendable {
        let minute: Int64
        let measure: Measure
        let key: String
        let amount: Int64
    }

    let database: Database

    /// Counts of whole minutes since `start`, attackers left out.
    func entries(since start: Timestamp, deadline: Deadline) async throws(DatabaseFailure) -> [Entry] {
        let rows = try await database.query(
            """
            SELECT minute, measure, key, amount FROM minute_tallies
            WHERE minute >= $1 AND measure <> 'attacker' ORDER BY minute
            """, [.timestamp(start)], deadline: deadline)
        var entries: [Entry] = []
        for row in rows {
            guard let measure = Measure(rawValue: try row.get(1)) else { continue }
            entries.append(
                Entry(
                    minute: try row.get(0, as: Timestamp.self).seconds / 60, measure: measure, key: try row.get(2),
                    amount: try row.get(3)))
        }
        return entries
    }

    func topAttackers(
        since start: Timestamp, limit: Int, deadline: Deadline
    ) async throws(DatabaseFailure) -> [(subject: String, count: Int64)] {
        let rows = try await database.query(
            """
            SELECT key, sum(amount)::int8 AS total FROM minute_tallies WHERE minute >= $1 AND measure = 'attacker'
            GROUP BY key ORDER BY total DESC, key LIMIT $2
            """, [.timestamp(start), .int(limit)], deadline: deadline)
        var top: [(subject: String, count: Int64)] = []
        for row in rows { top.append((try row.get(0), try row.get(1))) }
        return top
    }

    func ongoingCounts(now: Timestamp, deadline: Deadline) async throws(DatabaseFailure) -> [Ongoing.Kind: Int64] {
        let rows = try await database.query(
            "SELECT kind, count(*)::int8 FROM ongoing WHERE ends_at > $1 GROUP BY kind", [.timestamp(now)],
            deadline: deadline)
        var counts: [Ongoing.Kind: Int64] = [:]
        for row in rows {
            if let kind = Ongoing.Kind(rawValue: try row.get(0)) { counts[kind] = try row.get(1) }
        }
        return counts
    }

    /// One measure in steps of whole minutes.
    func series(
        _ measure: Measure, from start: Timestamp, until end: Timestamp, stepSeconds: Int, deadline: Deadline
    ) async throws(DatabaseFailure) -> [(at: Timestamp, amount: Int64)] {
        let rows = try await database.query(
            """
            SELECT to_timestamp(floor(extract(epoch FROM minute) / $4) * $4) AS step, sum(amount)::int8
            FROM minute_tallies WHERE measure = $1 AND minute >= $2 AND minute < $3
            GROUP BY step ORDER BY step
            """, [.text(measure.rawValue), .timestamp(start), .timestamp(end), .double(Double(stepSeconds))],
            deadline: deadline)
        var points: [(at: Timestamp, amount: Int64)] = []
        for row in rows { points.append((try row.get(0), try row.get(1))) }
        return points
    }
}
