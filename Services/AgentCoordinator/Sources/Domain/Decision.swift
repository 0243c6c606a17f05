internal import Core

/// What was decided about a subject, for how long and why. It never holds for ever.
struct Decision: Equatable, Sendable {
    /// The numbers are what the database stores.
    enum Status: Int16, CaseIterable, Sendable {
        case awaitingApproval = 1
        case active = 2
        case expired = 3
        case reverted = 4
        case rejected = 5
    }

    let id: UUIDv7
    let subject: Subject
    let action: Action
    /// How long it holds from the moment it becomes active.
    let duration: Duration
    var decidedAt: Timestamp
    var expiresAt: Timestamp
    /// One sentence for people, without text an attacker chose.
    let reason: String
    let severity: Severity
    let confidence: Double
    /// "rules/<name>" or "user/<name>".
    let decidedBy: String
    let autonomy: Autonomy
    var status: Status
    let threatID: UUIDv7?
    let incidentID: UUIDv7?
    let throttlePerMinute: Int?
    let trace: TraceContext?

    /// It holds from now on.
    mutating func activate(at now: Timestamp) {
        status = .active
        decidedAt = now
        expiresAt = now + duration
    }
}

/// A question to people about a decision, and what happens when nobody answers.
struct Approval: Equatable, Sendable {
    /// The numbers are what the database stores.
    enum Status: Int16, CaseIterable, Sendable {
        case waiting = 1
        case approved = 2
        case rejected = 3
    }

    let id: UUIDv7
    let decisionID: UUIDv7
    let agent: String
    var status: Status
    let requestedAt: Timestamp
    let answerUntil: Timestamp
    let onTimeout: Status
    var resolvedBy: String
    var resolvedAt: Timestamp?
    var comment: String
}
