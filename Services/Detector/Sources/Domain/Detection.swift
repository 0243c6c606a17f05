import Core

/// The detector's judgement over a stream of requests of the same clients: requests in, events out. No I/O, no clock of
/// its own; its memory is bounded by its settings.
struct Detection: Sendable {
    struct Settings: Sendable {
        var behaviour = BehaviourSettings()
        var incidents = IncidentTable.Settings()
        var clientCapacity = 100_000
        var threatAbove = 0.5
        /// How many threats of one incident are told one by one; later ones only when they change something.
        var toldThreats = 64
    }

    let settings: Settings
    var clients: ClientTable
    private(set) var incidents: IncidentTable
    private let hash: SeededHash

    init(_ settings: Settings = Settings(), seed: UInt64 = .random(in: .min ... .max)) {
        self.settings = settings
        clients = ClientTable(capacity: settings.clientCapacity)
        incidents = IncidentTable(settings.incidents)
        hash = SeededHash(seed: seed)
    }

    /// `partition`: which one of the request stream it came through.
    mutating func observe(_ request: ObservedRequest, of partition: Int = 0) -> [DetectionEvent] {
        let evidence = request.inspection ?? .nothing
        let signals = clients.update(request.client, of: partition, at: request.at) { profile in
            profile.add(request, score: evidence.score, hash: hash, settings.behaviour)
            return Self.dueSignals(&profile, at: request.at, settings.behaviour)
        }
        var events: [DetectionEvent] = []
        // What the labyrinth answers is being watched there; it is no news that an intruder behaves like one.
        guard request.course != .diverted else { return events }
        if evidence.score > settings.threatAbove { report(Threat(request, evidence), &events) }
        for signal in signals { report(Threat(request, signal), &events) }
        return events
    }

    mutating func observe(_ login: FailedLogin) -> [DetectionEvent] {
        let signals = clients.update(login.client, at: login.at) { profile in
            profile.addFailedLogin(hash.hash(login.claimedName), at: login.at, settings.behaviour)
            return Self.dueSignals(&profile, at: login.at, settings.behaviour)
        }
        var events: [DetectionEvent] = []
        for signal in signals { report(Threat(login, signal), &events) }
        return events
    }

    mutating func contain(_ client: IPAddress) -> DetectionEvent? { incidents.contain(client) }

    mutating func expire(at now: Timestamp) -> [DetectionEvent] { incidents.expire(at: now) }

    mutating func resolve(_ client: IPAddress, as resolution: Incident.Resolution, at now: Timestamp) -> DetectionEvent?
    {
        incidents.close(client, as: resolution, at: now)
    }

    mutating func restore(_ incident: Incident) { incidents.restore(incident) }

    private mutating func report(_ threat: Threat, _ events: inout [DetectionEvent]) {
        var threat = threat
        guard let outcome = incidents.add(threat) else {
            events.append(.threat(threat))
            return
        }
        threat.incident = outcome.incident.id
        if let event = outcome.event { events.append(event) }
        if outcome.event != nil || outcome.incident.threatCount <= settings.toldThreats {
            events.append(.threat(threat))
        }
    }

    private static func dueSignals(
        _ profile: inout ClientProfile, at now: Timestamp, _ settings: BehaviourSettings
    ) -> [BehaviourSignal] {
        let due = Behaviour.signals(of: profile, at: now, settings).filter { signal in
            profile.reported[signal.category].map { now - $0 > settings.repeatAfter } ?? true
        }
        for signal in due { profile.reported[signal.category] = now }
        return due
    }
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
            detector: "behaviour", findings: [], explanation: signal.explanation)
    }

    /// The same, when what gave it away was a login and not a request that was observed.
    init(_ login: FailedLogin, _ signal: BehaviourSignal) {
        self.init(
            id: UUIDv7(), at: login.at, client: login.client, request: login.request, incident: nil,
            category: signal.category, severity: signal.category.severity, stage: .delivery, score: signal.score,
            detector: "behaviour", findings: [], explanation: signal.explanation, host: [], path: [], route: "",
            trace: nil)
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
