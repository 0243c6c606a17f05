import Contracts
import Core
import Database

/// The table `threats`: what incidents are made of, kept for a while.
final class ThreatStore: Sendable {
    private static let shownThreats = 100

    private let database: Database

    init(_ database: Database) { self.database = database }

    static func save(_ threats: [Threat], in transaction: Transaction) async throws(DatabaseFailure) {
        guard !threats.isEmpty else { return }
        try await transaction.bulkInsert(
            into: "threats",
            columns: [
                BulkColumn("threat_id", threats.map(\.id)),
                BulkColumn("incident_id", threats.map { $0.incident ?? .unset }),
                BulkColumn("detected_at", threats.map(\.at)),
                BulkColumn("body", threats.map { ThreatDetected($0).wireBytes() }),
            ], suffix: "ON CONFLICT DO NOTHING")
    }

    func find(_ id: UUIDv7, deadline: Deadline) async throws -> ThreatDetected? {
        let row = try await database.queryRow(
            "SELECT body FROM threats WHERE threat_id = $1", [.uuid(id)], deadline: deadline)
        return row.flatMap { try? ThreatDetected(wireBytes: $0.get("body", as: [UInt8].self)) }
    }

    func newest(of incident: UUIDv7, deadline: Deadline) async throws -> [ThreatDetected] {
        let rows = try await database.query(
            "SELECT body FROM threats WHERE incident_id = $1 ORDER BY threat_id DESC LIMIT $2",
            [.uuid(incident), .int(Self.shownThreats)], deadline: deadline)
        return rows.compactMap { try? ThreatDetected(wireBytes: $0.get("body", as: [UInt8].self)) }
    }

    /// A bounded step, so that no statement runs long; the next one takes what is left.
    func forget(before moment: Timestamp) async throws {
        try await database.execute(
            """
            DELETE FROM threats WHERE threat_id IN
            (SELECT threat_id FROM threats WHERE detected_at < $1 ORDER BY detected_at LIMIT 5000)
            """, [.timestamp(moment)])
    }
}
