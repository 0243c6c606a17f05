import Core
import Database

/// The table `crowds`: what many addresses do together, so that a restart does not forgive it. What two replicas know of
/// one crowd is not added up: the newer row stays.
final class CrowdStore: Sendable {
    private let database: Database

    init(_ database: Database) { self.database = database }

    func save(_ crowds: [CrowdRecord]) async throws {
        guard !crowds.isEmpty else { return }
        let rows = crowds.sorted { ($0.kind.rawValue, $0.key) < ($1.kind.rawValue, $1.key) }
        try await database.bulkInsert(
            into: "crowds",
            columns: [
                BulkColumn("kind", rows.map { Int16($0.kind.rawValue) }),
                BulkColumn("key", rows.map { Int64(bitPattern: $0.key) }),
                BulkColumn("updated_at", rows.map(\.entry.counts.updatedAt)),
                BulkColumn("since", rows.map(\.entry.since)),
                BulkColumn("counts", rows.map { Self.bytes(of: $0.entry.counts.values) }),
                BulkColumn("members", rows.map(\.entry.members.registers)),
                BulkColumn("things", rows.map(\.entry.things.registers)),
            ],
            suffix: """
                ON CONFLICT (kind, key) DO UPDATE SET updated_at = excluded.updated_at, since = excluded.since,
                counts = excluded.counts, members = excluded.members, things = excluded.things
                WHERE crowds.updated_at <= excluded.updated_at
                """)
    }

    func load(since moment: Timestamp) async throws -> [CrowdRecord] {
        let rows = try await database.query(
            """
            SELECT kind, key, updated_at, since, counts, members, things FROM crowds WHERE updated_at >= $1
            ORDER BY updated_at DESC LIMIT $2
            """, [.timestamp(moment), .int(Crowds.capacity * Crowds.Kind.allCases.count)])
        return try rows.compactMap { row in
            guard let kind = Crowds.Kind(rawValue: Int(try row.get("kind", as: Int16.self))),
                let counts = Self.counts(try row.get("counts", as: [UInt8].self)),
                let members = HyperLogLog(registers: try row.get("members", as: [UInt8].self)),
                let things = HyperLogLog(registers: try row.get("things", as: [UInt8].self))
            else { return nil }
            var entry = Crowds.Entry(since: try row.get("since"))
            entry.counts = DecayingCounts(values: counts, updatedAt: try row.get("updated_at"))
            (entry.members, entry.things) = (members, things)
            return CrowdRecord(kind: kind, key: UInt64(bitPattern: try row.get("key", as: Int64.self)), entry: entry)
        }
    }

    func forget(before moment: Timestamp) async throws {
        try await database.execute("DELETE FROM crowds WHERE updated_at < $1", [.timestamp(moment)])
    }

    private static func bytes(of counts: SIMD8<Float>) -> [UInt8] {
        (0..<8).flatMap { index in
            (0..<4).map { UInt8(truncatingIfNeeded: counts[index].bitPattern >> UInt32(24 - 8 * $0)) }
        }
    }

    private static func counts(_ bytes: [UInt8]) -> SIMD8<Float>? {
        guard bytes.count == 32 else { return nil }
        var counts = SIMD8<Float>.zero
        for index in 0..<8 {
            counts[index] = Float(bitPattern: bytes[(4 * index)..<(4 * index + 4)].reduce(0) { $0 << 8 | UInt32($1) })
        }
        return counts
    }
}
