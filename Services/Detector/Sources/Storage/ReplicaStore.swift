import Core
import Database

/// The table `replicas`: who is there, by the database's clock, so that nobody's own matters.
final class ReplicaStore: Sendable {
    private let database: Database

    init(_ database: Database) { self.database = database }

    /// Says that `replica` is there, and returns everybody who said so within `patience`.
    func meet(_ replica: String, patience: Duration) async throws -> [String] {
        try await database.execute(
            """
            INSERT INTO replicas (replica, seen_at) VALUES ($1, now())
            ON CONFLICT (replica) DO UPDATE SET seen_at = excluded.seen_at
            """, [.text(replica)])
        let milliseconds = SQLValue.int64(patience.wholeMilliseconds)
        let rows = try await database.query(
            "SELECT replica FROM replicas WHERE seen_at > now() - $1::int8 * interval '1 millisecond'", [milliseconds])
        try await database.execute(
            "DELETE FROM replicas WHERE seen_at < now() - 10 * $1::int8 * interval '1 millisecond'", [milliseconds])
        return try rows.map { try $0.get(0, as: String.self) }
    }

    /// The others need not wait until it is missed.
    func leave(_ replica: String) async throws {
        try await database.execute("DELETE FROM replicas WHERE replica = $1", [.text(replica)])
    }
}
