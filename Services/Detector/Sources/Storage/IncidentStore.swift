import Contracts
import Core
import Database

/// The table `incidents`. A row only ever gives way to a higher revision of itself, and a resolved one to none.
final class IncidentStore: Sendable {
    private let database: Database

    init(_ database: Database) { self.database = database }

    static func save(_ incidents: [Incident], in transaction: Transaction) async throws(DatabaseFailure) {
        // One statement may not touch a row twice: the newest revision of each is the one to keep.
        var newest: [UUIDv7: Incident] = [:]
        for incident in incidents where (newest[incident.id]?.revision ?? 0) < incident.revision {
            newest[incident.id] = incident
        }
        let rows = newest.values.sorted { $0.id < $1.id }
        guard !rows.isEmpty else { return }
        try await transaction.bulkInsert(
            into: "incidents",
            columns: [
                BulkColumn("incident_id", rows.map(\.id)), BulkColumn("subject", rows.map { "\($0.client)" }),
                BulkColumn("status", rows.map { Int16($0.status.rawValue) }),
                BulkColumn("severity", rows.map { Int16($0.severity.rawValue) }),
                BulkColumn("updated_at", rows.map(\.updatedAt)), BulkColumn("revision", rows.map(\.revision)),
                BulkColumn("body", rows.map { Contracts.Incident($0).wireBytes() }),
                BulkColumn("link_keys", rows.map { Self.bytes(of: $0.keys) }),
            ],
            suffix: """
                ON CONFLICT (incident_id) DO UPDATE SET status = excluded.status, severity = excluded.severity,
                updated_at = excluded.updated_at, revision = excluded.revision, body = excluded.body,
                link_keys = excluded.link_keys
                WHERE incidents.revision < excluded.revision AND incidents.status <> 3
                """)
    }

    func find(_ id: UUIDv7, deadline: Deadline) async throws -> Contracts.Incident? {
        let row = try await database.queryRow(
            "SELECT incident_id, body FROM incidents WHERE incident_id = $1", [.uuid(id)], deadline: deadline)
        return try row.map(Self.incident)
    }

    /// Newest first. Identifiers are ordered by time, so they are the cursor.
    func page(
        before: UUIDv7?, status: IncidentStatus, minimumSeverity: Severity, limit: Int, deadline: Deadline
    ) async throws -> [Contracts.Incident] {
        let rows = try await database.query(
            """
            SELECT incident_id, body FROM incidents
            WHERE incident_id < $1 AND ($2::bigint = 0 OR status = $2) AND severity >= $3::bigint
            ORDER BY incident_id DESC LIMIT $4
            """,
            [
                .uuid(before ?? UUIDv7(high: .max, low: .max)), .int(Int(status.rawValue)),
                .int(Int(minimumSeverity.rawValue)), .int(limit),
            ], deadline: deadline)
        return try rows.map(Self.incident)
    }

    /// What was open when the process before this one ended.
    func open(since: Timestamp, limit: Int) async throws -> [Incident] {
        try await database.query(
            """
            SELECT incident_id, body, link_keys FROM incidents WHERE status <> 3 AND updated_at >= $1
            ORDER BY updated_at DESC LIMIT $2
            """, [.timestamp(since), .int(limit)]
        ).compactMap(Self.keyedIncident)
    }

    /// What this or another replica changed, resolved ones too.
    func changed(since: Timestamp, limit: Int) async throws -> [Incident] {
        try await database.query(
            """
            SELECT incident_id, body, link_keys FROM incidents WHERE updated_at >= $1
            ORDER BY updated_at DESC LIMIT $2
            """, [.timestamp(since), .int(limit)]
        ).compactMap(Self.keyedIncident)
    }

    private static func keyedIncident(_ row: Row) throws -> Incident? {
        var incident = Incident(try incident(row))
        incident?.keys = keys(try row.get("link_keys", as: [UInt8].self))
        return incident
    }

    /// Nine bytes a key: its kind and its hash.
    private static func bytes(of keys: [CampaignKey]) -> [UInt8] {
        keys.flatMap { key in
            [UInt8(key.kind.rawValue)] + (0..<8).map { UInt8(truncatingIfNeeded: key.hash >> UInt64(56 - 8 * $0)) }
        }
    }

    private static func keys(_ bytes: [UInt8]) -> [CampaignKey] {
        stride(from: 0, to: bytes.count - 8, by: 9).compactMap { start in
            CampaignKey.Kind(rawValue: Int(bytes[start])).map { kind in
                CampaignKey(kind: kind, hash: bytes[(start + 1)..<(start + 9)].reduce(0) { $0 << 8 | UInt64($1) })
            }
        }
    }

    private static func incident(_ row: Row) throws -> Contracts.Incident {
        do {
            return try Contracts.Incident(wireBytes: try row.get("body", as: [UInt8].self))
        } catch let failure as WireFailure {
            throw DetectorFailure.unreadableIncident(try row.get("incident_id"), "\(failure)")
        }
    }
}
