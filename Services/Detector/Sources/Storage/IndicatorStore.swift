import Core
import Database

/// The tables `indicators` and `indicator_sources`: what others know to be bad, and whose lists were taken in when.
final class IndicatorStore: Sendable {
    private static let rowsPerStatement = 5_000

    private let database: Database

    init(_ database: Database) { self.database = database }

    /// Puts a source's list in place of its earlier one. False when this very list is there already and had no other
    /// lifetime: `digest` tells.
    func replace(_ source: String, _ indicators: [Indicator], digest: UInt64) async throws {
        // A list may name a network twice; the last word counts.
        var rows: [String: Indicator] = [:]
        for indicator in indicators { rows["\(indicator.network)"] = indicator }
        let sorted = rows.sorted { $0.key < $1.key }
        try await database.transaction { transaction in
            try await transaction.execute(
                """
                INSERT INTO indicator_sources (source, imported_at, digest) VALUES ($1, now(), $2)
                ON CONFLICT (source) DO UPDATE SET imported_at = excluded.imported_at, digest = excluded.digest
                """, [.text(source), .int64(Int64(bitPattern: digest))])
            try await transaction.execute("DELETE FROM indicators WHERE source = $1", [.text(source)])
            for start in stride(from: 0, to: sorted.count, by: Self.rowsPerStatement) {
                let step = sorted[start..<min(start + Self.rowsPerStatement, sorted.count)]
                try await transaction.bulkInsert(
                    into: "indicators",
                    columns: [
                        BulkColumn("source", step.map { _ in source }), BulkColumn("network", step.map(\.key)),
                        BulkColumn("expires_at", step.map(\.value.expiresAt)),
                        BulkColumn("confidence", step.map { Int16($0.value.confidence) }),
                        BulkColumn("description", step.map(\.value.description)),
                    ])
            }
        }
    }

    func remove(_ source: String) async throws {
        try await database.transaction { transaction in
            try await transaction.execute("DELETE FROM indicators WHERE source = $1", [.text(source)])
            try await transaction.execute("DELETE FROM indicator_sources WHERE source = $1", [.text(source)])
        }
    }

    /// The digests of the lists in place, by source.
    func digests() async throws -> [String: UInt64] {
        let rows = try await database.query("SELECT source, digest FROM indicator_sources")
        return Dictionary(
            try rows.map {
                (try $0.get("source", as: String.self), UInt64(bitPattern: try $0.get("digest", as: Int64.self)))
            }, uniquingKeysWith: { $1 })
    }

    /// Changes with every import and removal: whoever holds the table in memory reads it again then.
    func version() async throws -> String {
        let row = try await database.queryRow(
            """
            SELECT coalesce(string_agg(source || ' ' || extract(epoch FROM imported_at), ',' ORDER BY source), '')
            FROM indicator_sources
            """)
        return try row?.get(0, as: String.self) ?? ""
    }

    func all(at now: Timestamp) async throws -> [Indicator] {
        try await database.query(
            """
            SELECT source, network, expires_at, confidence, description FROM indicators WHERE expires_at > $1
            ORDER BY confidence DESC LIMIT $2
            """, [.timestamp(now), .int(IndicatorTable.capacity)]
        ).compactMap(Self.indicator)
    }

    /// In the order of their texts, which is the cursor.
    func page(after network: String, source: String, limit: Int, deadline: Deadline) async throws -> [Indicator] {
        try await database.query(
            """
            SELECT source, network, expires_at, confidence, description FROM indicators
            WHERE network || ' ' || source > $1 AND ($2 = '' OR source = $2)
            ORDER BY network || ' ' || source LIMIT $3
            """, [.text(network), .text(source), .int(limit)], deadline: deadline
        ).compactMap(Self.indicator)
    }

    func forget(before moment: Timestamp) async throws {
        try await database.execute("DELETE FROM indicators WHERE expires_at < $1", [.timestamp(moment)])
    }

    private static func indicator(_ row: Row) throws -> Indicator? {
        guard let network = IPNetwork(try row.get("network", as: String.self)) else { return nil }
        return Indicator(
            network: network, source: try row.get("source"), expiresAt: try row.get("expires_at"),
            confidence: Int(try row.get("confidence", as: Int16.self)), description: try row.get("description"))
    }
}
