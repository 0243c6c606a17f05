import Core

/// A judgement: this request, or this client's behaviour, is an attack.
struct Threat: Sendable, Equatable {
    var id: UUIDv7
    var at: Timestamp
    var client: IPAddress
    /// The request that decided it.
    var request: UUIDv7
    /// Set when it is put into an incident.
    var incident: UUIDv7?
    var category: ThreatCategory
    var severity: ThreatSeverity
    var stage: AttackStage
    var score: Double
    /// "rules", or "behaviour.enumeration" and the like.
    var detector: String
    var findings: [RuleMatch]
    /// For people; made of our own words and numbers only.
    var explanation: String
    var host: [UInt8]
    var path: [UInt8]
    var route: String
    var trace: TraceContext?
}

/// Threats of one client that belong together.
struct Incident: Sendable, Equatable {
    enum Status: Int, Sendable {
        case open = 1
        case contained = 2
        case resolved = 3
    }

    enum Resolution: Int, Sendable {
        case truePositive = 1
        case falsePositive = 2
        case benign = 3
        case subsided = 4
    }

    struct Evidence: Sendable, Equatable {
        var threat: UUIDv7
        var at: Timestamp
        var summary: String
    }

    static let maximumEvidence = 32
    static let maximumTechniques = 16

    var id: UUIDv7
    var client: IPAddress
    var status: Status
    var severity: ThreatSeverity
    var stage: AttackStage
    var category: ThreatCategory
    var techniques: [String]
    var openedAt: Timestamp
    var updatedAt: Timestamp
    var resolvedAt: Timestamp?
    var threatCount: Int
    var score: Double
    /// The first and the newest.
    var evidence: [Evidence]
    var resolution: Resolution?
    /// Grows with each change that is told to others.
    var revision: Int

    var title: String {
        threatCount == 1 ? "\(category.title) from \(client)" : "\(category.title) and more from \(client)"
    }
}

/// What a request led to, in the order it has to be told.
enum DetectionEvent: Sendable, Equatable {
    enum Change: Int, Sendable {
        case evidenceAdded = 1
        case stageAdvanced = 2
        case severityRaised = 3
        case resolved = 4
        case reopened = 5
    }

    case threat(Threat)
    case opened(Incident)
    case updated(Incident, Change, previousStage: AttackStage)
    /// Kept, but no news for others: they caused it.
    case contained(Incident)
}
