import Core
import Database

/// The tables `client_profiles` and `sketch_seed`: what a restart must not forget of the clients.
final class ClientProfileStore: Sendable {
    private static let rowsPerStatement = 1_000

    private let database: Database

    init(_ database: Database) { self.database = database }

    /// The seed of all profiles ever saved here; made by whoever comes first.
    func seed() async throws -> UInt64 {
        try await database.execute(
            "INSERT INTO sketch_seed (seed) VALUES ($1) ON CONFLICT DO NOTHING",
            [.int64(.random(in: .min ... .max))])
        let row = try await database.queryRow("SELECT seed FROM sketch_seed")
        guard let row else { throw DatabaseFailure.unexpectedResult("no seed although one was just made") }
        return UInt64(bitPattern: try row.get(0, as: Int64.self))
    }

    func save(_ entries: [ClientTable.Entry]) async throws {
        for start in stride(from: 0, to: entries.count, by: Self.rowsPerStatement) {
            // In one order in every replica, so that two never wait for each other's rows.
            let rows = entries[start..<min(start + Self.rowsPerStatement, entries.count)]
                .sorted { ($0.client.high, $0.client.low) < ($1.client.high, $1.client.low) }
            try await database.bulkInsert(
                into: "client_profiles",
                columns: [
                    BulkColumn("client", rows.map { "\($0.client)" }),
                    BulkColumn("last_seen", rows.map(\.profile.lastSeen)),
                    BulkColumn("body", rows.map(\.profile.storedBytes)),
                    BulkColumn("partition", rows.map { Int16($0.partition) }),
                ],
                suffix: """
                    ON CONFLICT (client) DO UPDATE SET last_seen = excluded.last_seen, body = excluded.body,
                    partition = excluded.partition
                    WHERE client_profiles.last_seen <= excluded.last_seen
                    """)
        }
    }

    /// The most recent first. A row that this version cannot read is left out: behaviour is learnt again.
    func load(partition: Int, limit: Int) async throws -> [(client: IPAddress, profile: ClientProfile)] {
        let rows = try await database.query(
            "SELECT client, body FROM client_profiles WHERE partition = $1 ORDER BY last_seen DESC LIMIT $2",
            [.int16(Int16(partition)), .int(limit)])
        return try rows.compactMap { row in
            guard let client = IPAddress(try row.get("client", as: String.self)),
                let profile = ClientProfile(stored: try row.get("body", as: [UInt8].self))
            else { return nil }
            return (client, profile)
        }
    }

    func forget(before moment: Timestamp) async throws {
        try await database.execute("DELETE FROM client_profiles WHERE last_seen < $1", [.timestamp(moment)])
    }
}
