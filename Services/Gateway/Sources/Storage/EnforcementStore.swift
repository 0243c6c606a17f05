import Core
import Database

/// The table `enforcements`: what was in force, so that it is in force again right after a restart.
struct EnforcementStore: Sendable {
    private static let maximumLoaded = 100_000

    let database: Database

    func load(now: Timestamp, deadline: Deadline? = nil) async throws -> [Enforcement] {
        let rows = try await database.query(
            """
            SELECT decision_id, subject_kind, subject, action, expires_at, reason, allowed_per_second, incident_id
            FROM enforcements WHERE expires_at > $1 ORDER BY expires_at DESC LIMIT $2
            """, [.timestamp(now), .int(Self.maximumLoaded)], deadline: deadline)
        return try rows.compactMap { try Enforcement($0) }
    }

    /// Twice is the same as once: every replica stores what it hears.
    func start(_ enforcement: Enforcement) async throws {
        let (kind, subject) = enforcement.subject.stored
        try await database.execute(
            """
            INSERT INTO enforcements
            (decision_id, subject_kind, subject, action, expires_at, reason, allowed_per_second, incident_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (decision_id) DO NOTHING
            """,
            [
                .uuid(enforcement.decision), .text(kind), .text(subject), .int16(Int16(enforcement.action.rawValue)),
                .timestamp(enforcement.expires), .text(enforcement.reason),
                .nullable(enforcement.allowedPerSecond, SQLValue.double, .double),
                .nullable(enforcement.incident, SQLValue.uuid, .uuid),
            ])
    }

    /// By the database's clock, which all replicas share: one whose own clock is wrong must not end what others enforce.
    func removeExpired() async throws {
        try await database.execute("DELETE FROM enforcements WHERE expires_at <= now()")
    }

    func end(_ decision: UUIDv7) async throws {
        try await database.execute("DELETE FROM enforcements WHERE decision_id = $1", [.uuid(decision)])
    }
}

extension EnforcementSubject {
    var stored: (kind: String, subject: String) {
        switch self {
        case .network(let network): ("network", network.description)
        case .account(let name): ("account", name)
        case .session(let session): ("session", session.description)
        case .apiKey(let digest): ("api-key", digest)
        }
    }

    init?(storedKind kind: String, _ subject: String) {
        switch kind {
        case "network":
            guard let network = IPNetwork(subject) else { return nil }
            self = .network(network)
        case "account": self = .account(subject)
        case "session":
            guard let session = UUIDv7(subject) else { return nil }
            self = .session(session)
        case "api-key": self = .apiKey(subject)
        default: return nil
        }
    }
}

extension Enforcement {
    /// Nil for what a later version stored and this one cannot enforce.
    init?(_ row: Row) throws {
        let kind: String = try row.get(1)
        let subject: String = try row.get(2)
        let action: Int16 = try row.get(3)
        guard let subject = EnforcementSubject(storedKind: kind, subject),
            let action = EnforcementAction(rawValue: Int(action))
        else { return nil }
        self.init(
            decision: try row.get(0), subject: subject, action: action, expires: try row.get(4), reason: try row.get(5),
            allowedPerSecond: try row.get(6, as: Double?.self), incident: try row.get(7, as: UUIDv7?.self))
    }
}
