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
    private(set) var crowds: [Crowds.Kind: Crowds]
    private var space: HalfSpaceTrees
    private var loneliness = RobustBaseline()
    private let hash: SeededHash

    init(_ settings: Settings = Settings(), seed: UInt64 = .random(in: .min ... .max)) {
        self.settings = settings
        clients = ClientTable(capacity: settings.clientCapacity)
        incidents = IncidentTable(settings.incidents)
        crowds = [.account: Crowds(gate: 4), .network: Crowds(gate: 4), .pages: Crowds(gate: 200)]
        hash = SeededHash(seed: seed)
        space = HalfSpaceTrees(dimensions: 7, seed: SeededHash.spread(seed))
    }

    /// `partition`: which one of the request stream it came through.
    mutating func observe(_ request: ObservedRequest, of partition: Int = 0) -> [DetectionEvent] {
        let (evidence, behaviour, hash) = (request.inspection ?? .nothing, settings.behaviour, hash)
        // Whom they tried is in the body, which is not told; the query and the session's user are what there is.
        let tried = behaviour.isFailedLogin(request) ? hash.hash(request.user?.bytes ?? request.query) : nil
        let crowd = crowdSignals(request, tried: tried)
        let (signals, position) = clients.update(request.client, of: partition, at: request.at) { profile in
            profile.add(request, score: evidence.score, hash: hash, behaviour)
            if let tried { profile.addFailedLogin(tried, at: request.at, behaviour) }
            let isDueForComparison = Int(profile.counts[.requests]) & 15 == 15
            return (
                Self.due(crowd, &profile, at: request.at, behaviour), isDueForComparison ? profile.position : nil
            )
        }
        var all = signals
        if let position, let outlier = outlier(position, request) { all.append(outlier) }
        // What the labyrinth answers is being watched there; it is no news that an intruder behaves like one.
        guard request.course != .diverted else { return [] }
        var events: [DetectionEvent] = []
        if evidence.score > settings.threatAbove { report(Threat(request, evidence), &events) }
        for signal in all { report(Threat(request, signal), &events) }
        return events
    }

    mutating func observe(_ login: FailedLogin) -> [DetectionEvent] {
        let (account, behaviour) = (hash.hash(login.claimedName), settings.behaviour)
        let crowd = loginCrowds(login.client, account: account, at: login.at)
        let signals = clients.update(login.client, at: login.at) { profile in
            profile.addFailedLogin(account, at: login.at, behaviour)
            return Self.due(crowd, &profile, at: login.at, behaviour)
        }
        var events: [DetectionEvent] = []
        for signal in signals { report(Threat(login, signal), &events) }
        return events
    }

    /// Somebody proved who he is: what a crowd does around him is not laid at his door.
    mutating func observeLogin(of client: IPAddress, at now: Timestamp) {
        clients.update(client, at: now) { $0.hasLoggedIn = true }
    }

    // MARK: What many do together

    private mutating func crowdSignals(_ request: ObservedRequest, tried: UInt64?) -> [BehaviourSignal] {
        var signals = tried.map { loginCrowds(request.client, account: $0, at: request.at) } ?? []
        guard request.status == 404 || (request.status < 300 && request.referer.isEmpty && !request.isAsset) else {
            return signals
        }
        let (member, network) = (hash.hash(request.client.high, request.client.low), networkKey(request.client))
        let path = hash.hash(request.path)
        if request.status == 404 {
            let crowd = crowds[.network]?.add(network, member: member, thing: path, [.notFound], at: request.at)
            signals += [crowd?.enumerationFromNetwork(settings.behaviour)].compactMap { $0 }
        } else {
            let crowd = crowds[.pages]?.add(network, member: member, thing: path, [.requests], at: request.at)
            signals += [crowd?.scrapingFromNetwork(settings.behaviour)].compactMap { $0 }
        }
        return signals
    }

    private mutating func loginCrowds(_ client: IPAddress, account: UInt64, at now: Timestamp) -> [BehaviourSignal] {
        let (member, network) = (hash.hash(client.high, client.low), networkKey(client))
        let attacked = crowds[.account]?.add(account, member: member, thing: network, [.failedLogins], at: now)
        // Beside the pages that the same network misses: another crowd, so another key.
        let attacking = crowds[.network]?.add(~network, member: member, thing: account, [.failedLogins], at: now)
        return [
            attacked?.attackOnAccount(settings.behaviour), attacking?.attackFromNetwork(settings.behaviour),
        ].compactMap { $0 }
    }

    private func networkKey(_ client: IPAddress) -> UInt64 {
        let network = client.network.address
        return hash.hash(network.high, network.low)
    }

    mutating func restore(_ kind: Crowds.Kind, _ key: UInt64, _ entry: Crowds.Entry) {
        crowds[kind]?.restore(key, entry)
    }

    // MARK: Outliers

    /// A client unlike all others, with which something was wrong as well: being different alone is no threat.
    private mutating func outlier(_ position: [Float], _ request: ObservedRequest) -> BehaviourSignal? {
        let isTrained = space.isTrained
        let crowdedness = space.add(position)
        guard isTrained, let deviations = loneliness.add(crowdedness, floor: 0.5), deviations < -4,
            position[1] + position[2] > 0.3
        else { return nil }
        let isDue = clients.update(request.client, at: request.at) {
            $0.counts[.requests] >= 30
                && $0.reports.isDue(.outlier, at: request.at, every: settings.behaviour.repeatAfter)
        }
        guard isDue else { return nil }
        return BehaviourSignal(
            kind: .outlier, category: .anomaly, score: 0.55,
            explanation: "unlike other clients by \(BehaviourSignal.whole(-deviations)) standard deviations")
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

    private static func due(
        _ crowd: [BehaviourSignal], _ profile: inout ClientProfile, at now: Timestamp, _ settings: BehaviourSettings
    ) -> [BehaviourSignal] {
        let own = Behaviour(profile: profile, settings: settings).signals
        if own.isEmpty, crowd.isEmpty { return [] }
        return (own + (profile.hasLoggedIn ? [] : crowd)).filter {
            profile.reports.isDue($0.kind, at: now, every: settings.repeatAfter)
        }
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
            detector: "behaviour.\(signal.kind)", findings: [], explanation: signal.explanation)
    }

    /// The same, when what gave it away was a login and not a request that was observed.
    init(_ login: FailedLogin, _ signal: BehaviourSignal) {
        self.init(
            id: UUIDv7(), at: login.at, client: login.client, request: login.request, incident: nil,
            category: signal.category, severity: signal.category.severity, stage: .delivery, score: signal.score,
            detector: "behaviour.\(signal.kind)", findings: [], explanation: signal.explanation, host: [], path: [],
            route: "",
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
