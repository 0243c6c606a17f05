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
            ],
            suffix: """
                ON CONFLICT (incident_id) DO UPDATE SET status = excluded.status, severity = excluded.severity,
                updated_at = excluded.updated_at, revision = excluded.revision, body = excluded.body
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
        let rows = try await database.query(
            """
            SELECT incident_id, body FROM incidents WHERE status <> 3 AND updated_at >= $1
            ORDER BY updated_at DESC LIMIT $2
            """, [.timestamp(since), .int(limit)])
        return try rows.compactMap { Incident(try Self.incident($0)) }
    }

    private static func incident(_ row: Row) throws -> Contracts.Incident {
        do {
            return try Contracts.Incident(wireBytes: try row.get("body", as: [UInt8].self))
        } catch let failure as WireFailure {
            throw DetectorFailure.unreadableIncident(try row.get("incident_id"), "\(failure)")
        }
    }
}
