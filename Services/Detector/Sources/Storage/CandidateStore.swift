import Contracts
import Core
import Database

/// Other settings than the configured, and what became of them.
struct CandidateRecord: Sendable {
    enum Status: Int, Sendable {
        case shadow = 1
        case active = 2
        case retired = 3
    }

    var id: UUIDv7
    var name: String
    var status: Status
    var settings: CandidateSettings
    /// What the gateways are to judge by, if it says anything of that.
    var inspection: CandidateInspection?
    /// Why a gateway cannot.
    var refusal = ""
    var proposedAt: Timestamp
    var proposedBy: String
    var promotedAt: Timestamp?
    var figures: Shadow.Figures
    var trial = TrialTally.Figures()
}

/// The table `candidates`. At most one is in the shadow and at most one in force; all replicas look here.
final class CandidateStore: Sendable {
    private static let shown = 100
    private static let columns: SQL =
        """
        candidate_id, name, status, settings, proposed_at, proposed_by, promoted_at,
        requests, threats, threats_in_force, clients_only_candidate, clients_only_in_force, clients_both, refusal,
        tried, found_only_candidate, found_only_in_force, found_both,
        blocked_only_candidate, blocked_only_in_force, blocked_both
        """

    private let database: Database

    init(_ database: Database) { self.database = database }

    /// Takes the place of who was in the shadow.
    func propose(_ candidate: CandidateRecord) async throws {
        try await database.transaction { transaction in
            try await transaction.execute("UPDATE candidates SET status = 3 WHERE status = 1")
            try await transaction.execute(
                """
                INSERT INTO candidates (candidate_id, name, status, settings, proposed_at, proposed_by)
                VALUES ($1, $2, 1, $3, $4, $5)
                """,
                [
                    .uuid(candidate.id), .text(candidate.name),
                    .bytes(Candidate(candidate.settings, candidate.inspection).wireBytes()),
                    .timestamp(candidate.proposedAt), .text(candidate.proposedBy),
                ])
        }
    }

    /// Puts one in force; who was in force before is remembered, for a way back. False when there is no such candidate
    /// or it is in force already.
    func promote(_ id: UUIDv7, at now: Timestamp) async throws -> Bool {
        try await database.transaction { transaction in
            let row = try await transaction.queryRow(
                "SELECT status, refusal FROM candidates WHERE candidate_id = $1 FOR UPDATE", [.uuid(id)])
            guard let row, try row.get(0, as: Int16.self) != 2 else { return false }
            let refusal = try row.get(1, as: String.self)
            guard refusal.isEmpty else { throw DetectorFailure.refusedCandidate(refusal) }
            try await transaction.execute(
                """
                UPDATE candidates SET previous_id = (SELECT candidate_id FROM candidates WHERE status = 2)
                WHERE candidate_id = $1
                """, [.uuid(id)])
            try await transaction.execute("UPDATE candidates SET status = 3 WHERE status = 2")
            try await transaction.execute(
                "UPDATE candidates SET status = 2, promoted_at = $2 WHERE candidate_id = $1",
                [.uuid(id), .timestamp(now)])
            return true
        }
    }

    /// Ends one; what was in force before one in force is in force again. False when it is none of both.
    func retire(_ id: UUIDv7) async throws -> Bool {
        try await database.transaction { transaction in
            let row = try await transaction.queryRow(
                "SELECT status, previous_id FROM candidates WHERE candidate_id = $1 FOR UPDATE", [.uuid(id)])
            guard let row else { return false }
            let status = try row.get(0, as: Int16.self)
            guard status != 3 else { return false }
            try await transaction.execute(
                "UPDATE candidates SET status = 3 WHERE candidate_id = $1", [.uuid(id)])
            if status == 2, let previous = try row.get(1, as: UUIDv7?.self) {
                try await transaction.execute(
                    "UPDATE candidates SET status = 2 WHERE candidate_id = $1", [.uuid(previous)])
            }
            return true
        }
    }

    /// Adds what one replica counted since it last said so.
    func count(_ id: UUIDv7, _ figures: Shadow.Figures) async throws {
        try await database.execute(
            """
            UPDATE candidates SET requests = requests + $2, threats = threats + $3,
            threats_in_force = threats_in_force + $4, clients_only_candidate = clients_only_candidate + $5,
            clients_only_in_force = clients_only_in_force + $6, clients_both = clients_both + $7
            WHERE candidate_id = $1
            """,
            [
                .uuid(id), .int(figures.requests), .int(figures.threats), .int(figures.threatsInForce),
                .int(figures.clientsOnlyCandidate), .int(figures.clientsOnlyInForce), .int(figures.clientsBoth),
            ])
    }

    /// A gateway cannot use it.
    func refuse(_ id: UUIDv7, because refusal: String) async throws {
        try await database.execute(
            "UPDATE candidates SET refusal = $2 WHERE candidate_id = $1", [.uuid(id), .text(refusal)])
    }

    /// Which ones gateways may have to know of.
    func currentNumbers() async throws -> (shadow: UUIDv7?, active: UUIDv7?) {
        let rows = try await database.query("SELECT candidate_id, status FROM candidates WHERE status <> 3")
        var (shadow, active): (UUIDv7?, UUIDv7?)
        for row in rows {
            let id = try row.get(0, as: UUIDv7.self)
            if try row.get(1, as: Int16.self) == 1 { shadow = id } else { active = id }
        }
        return (shadow, active)
    }

    func find(_ id: UUIDv7) async throws -> CandidateRecord? {
        try await database.queryRow(
            "SELECT " + Self.columns + " FROM candidates WHERE candidate_id = $1", [.uuid(id)]
        ).flatMap(Self.record)
    }

    /// Newest first.
    func all() async throws -> [CandidateRecord] {
        try await database.query(
            "SELECT " + Self.columns + " FROM candidates ORDER BY candidate_id DESC LIMIT $1", [.int(Self.shown)]
        ).compactMap(Self.record)
    }

    /// The one in the shadow and the one in force.
    func current() async throws -> (shadow: CandidateRecord?, active: CandidateRecord?) {
        let records = try await database.query(
            "SELECT " + Self.columns + " FROM candidates WHERE status <> 3"
        ).compactMap(Self.record)
        return (records.first { $0.status == .shadow }, records.first { $0.status == .active })
    }

    private static func record(_ row: Row) throws -> CandidateRecord? {
        guard let status = CandidateRecord.Status(rawValue: Int(try row.get("status", as: Int16.self))) else {
            return nil
        }
        let stored = (try? Candidate(wireBytes: row.get("settings", as: [UInt8].self))) ?? Candidate()
        var record = CandidateRecord(
            id: try row.get("candidate_id"), name: try row.get("name"), status: status,
            settings: CandidateSettings(stored.settings), inspection: stored.inspection,
            proposedAt: try row.get("proposed_at"), proposedBy: try row.get("proposed_by"),
            promotedAt: try row.get("promoted_at", as: Timestamp?.self), figures: Shadow.Figures())
        record.refusal = try row.get("refusal", as: String.self)
        func number(_ column: String) throws -> Int { try row.get(column, as: Int.self) }
        record.figures.requests = try number("requests")
        record.figures.threats = try number("threats")
        record.figures.threatsInForce = try number("threats_in_force")
        record.figures.clientsOnlyCandidate = try number("clients_only_candidate")
        record.figures.clientsOnlyInForce = try number("clients_only_in_force")
        record.figures.clientsBoth = try number("clients_both")
        record.trial.requests = try number("tried")
        record.trial.found.onlyCandidate = try number("found_only_candidate")
        record.trial.found.onlyInForce = try number("found_only_in_force")
        record.trial.found.both = try number("found_both")
        record.trial.blocked.onlyCandidate = try number("blocked_only_candidate")
        record.trial.blocked.onlyInForce = try number("blocked_only_in_force")
        record.trial.blocked.both = try number("blocked_both")
        return record
    }
}

extension Candidate {
    fileprivate init(_ settings: CandidateSettings, _ inspection: CandidateInspection?) {
        self.init(
            settings: settings.values.map { CandidateSetting(key: $0.key, value: $0.value) }, inspection: inspection)
    }
}

extension CandidateSettings {
    init(_ settings: [CandidateSetting]) { values = settings.map { (key: $0.key, value: $0.value) } }
}
