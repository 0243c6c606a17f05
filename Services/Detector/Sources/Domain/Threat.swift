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
    /// What it has in common with other clients' threats.
    var keys: [CampaignKey] = []
}

/// What a request led to, in the order it has to be told.
enum DetectionEvent: Sendable, Equatable {
    enum Change: Int, Sendable {
        case evidenceAdded = 1
        case stageAdvanced = 2
        case severityRaised = 3
        case resolved = 4
        case reopened = 5
        case memberJoined = 6
        case merged = 7
    }

    case threat(Threat)
    case opened(Incident)
    case updated(Incident, Change, previousStage: AttackStage)
    /// Kept, but no news for others: they caused it.
    case contained(Incident)
}

extension Threat {
    /// A request that its own content gives away.
    init(_ request: ObservedRequest, _ evidence: RuleEvidence) {
        let strongest = evidence.findings.max { $0.weight < $1.weight }
        let category = strongest?.category ?? .anomaly
        // Passed through and answered without an error: it may have worked.
        let mayHaveWorked = request.course == .served && (200..<400).contains(request.status)
        self.init(
            request, category: category,
            severity: evidence.score > 0.8 ? category.severity : category.severity.lowered,
            stage: category.isReconnaissance ? .reconnaissance : mayHaveWorked ? .exploitation : .delivery,
            score: evidence.score, detector: "rules", findings: evidence.findings,
            explanation: strongest.map { "rule \($0.rule) and \(evidence.findings.count - 1) more" } ?? "rules")
    }

    /// A client that its behaviour gives away.
    init(_ request: ObservedRequest, _ signal: BehaviourSignal) {
        self.init(
            request, category: signal.category, severity: signal.category.severity,
            stage: signal.category.isReconnaissance ? .reconnaissance : .delivery, score: signal.score,
            detector: "behaviour.\(signal.kind)", findings: [], explanation: signal.explanation)
    }

    /// The same, when what gave it away was a login and not a request that was observed.
    init(_ login: FailedLogin, _ signal: BehaviourSignal) {
        self.init(
            id: UUIDv7(), at: login.at, client: login.client, request: login.request, incident: nil,
            category: signal.category, severity: signal.category.severity, stage: .delivery, score: signal.score,
            detector: "behaviour.\(signal.kind)", findings: [], explanation: signal.explanation, host: [], path: [],
            route: "", trace: nil)
    }

    /// An intruder who takes the labyrinth for the real thing.
    init(_ step: IntruderStep, _ category: ThreatCategory, severity: ThreatSeverity, stage: AttackStage) {
        self.init(
            id: UUIDv7(), at: step.at, client: step.client, request: step.request, incident: nil, category: category,
            severity: severity, stage: stage, score: category == .canaryUsed ? 0.99 : 0.9, detector: "labyrinth",
            findings: [], explanation: "\(step.intent.sentence), at step \(step.count) in the labyrinth", host: [],
            path: step.path, route: "", trace: step.trace)
    }

    private init(
        _ request: ObservedRequest, category: ThreatCategory, severity: ThreatSeverity, stage: AttackStage,
        score: Double, detector: String, findings: [RuleMatch], explanation: String
    ) {
        self.init(
            id: UUIDv7(), at: request.at, client: request.client, request: request.id, incident: nil,
            category: category, severity: severity, stage: stage, score: score, detector: detector,
            findings: findings, explanation: explanation, host: request.host, path: request.path,
            route: request.route, trace: request.trace)
    }
}
