import Core

/// The detector's judgement over a stream of requests of the same clients: requests in, events out. No I/O, no clock of
/// its own; its memory is bounded by its settings.
struct Detection: Sendable {
    struct Settings: Sendable, Equatable {
        var behaviour = BehaviourSettings()
        var incidents = CampaignTable.Settings()
        var clientCapacity = 100_000
        var threatAbove = 0.5
        /// Findings of these rules do not count.
        var silencedRules: Set<String> = []
        /// How many threats of one incident are told one by one; later ones only when they change something.
        var toldThreats = 64
    }

    private(set) var settings: Settings
    var clients: ClientTable
    private(set) var incidents: CampaignTable
    private(set) var crowds: [Crowds.Kind: Crowds]
    private var agents = Fingerprints()
    private var manners = Fingerprints()
    var indicators = IndicatorTable()
    private var space: HalfSpaceTrees
    private var loneliness = RobustBaseline()
    private let hash: SeededHash

    init(_ settings: Settings = Settings(), seed: UInt64 = .random(in: .min ... .max)) {
        self.settings = settings
        clients = ClientTable(capacity: settings.clientCapacity)
        incidents = CampaignTable(settings.incidents)
        crowds = [.account: Crowds(gate: 4), .network: Crowds(gate: 4), .pages: Crowds(gate: 200)]
        hash = SeededHash(seed: seed)
        space = HalfSpaceTrees(dimensions: 7, seed: SeededHash.spread(seed))
    }

    /// From now on; what is remembered stays. Capacities are the process's and do not change.
    mutating func use(_ settings: Settings) {
        let capacity = self.settings.clientCapacity
        self.settings = settings
        self.settings.clientCapacity = capacity
        incidents.use(settings.incidents)
    }

    /// `partition`: which one of the request stream it came through.
    mutating func observe(_ request: ObservedRequest, of partition: Int = 0) -> [DetectionEvent] {
        let evidence = (request.inspection ?? .nothing).without(settings.silencedRules)
        let (behaviour, hash) = (settings.behaviour, hash)
        // Whom they tried is in the body, which is not told; the query and the session's user are what there is.
        let tried = behaviour.isFailedLogin(request) ? hash.hash(request.user?.bytes ?? request.query) : nil
        var around = crowdSignals(request, tried: tried)
        if indicators.count > 0, let hit = indicators.hit(request.client, at: request.at) { around.append(hit.signal) }
        let crowd = around
        let seen = clients.update(request.client, of: partition, at: request.at) { profile in
            let agent = profile.agent
            profile.add(request, score: evidence.score, hash: hash, behaviour)
            if let tried { profile.addFailedLogin(tried, at: request.at, behaviour) }
            let isDueForComparison = Int(profile.counts[.requests]) & 15 == 15
            return (
                signals: Self.due(crowd, &profile, at: request.at, behaviour),
                position: isDueForComparison ? profile.position : nil, agent: profile.agent,
                isNewAgent: profile.agent != agent, manner: profile.manners.current,
                isNewManner: request.manner != 0 && profile.manners.isNew,
                isScanner: profile.telltales.contains(.scannerAgent)
            )
        }
        if seen.isNewAgent { agents.show(seen.agent, at: request.at) }
        var signals = seen.signals
        if seen.isNewManner { signals += recognise(seen.manner, isScanner: seen.isScanner, request) }
        if let position = seen.position, let outlier = outlier(position, request) { signals.append(outlier) }
        // What the labyrinth answers is being watched there; it is no news that an intruder behaves like one.
        guard request.course != .diverted else { return [] }
        var events: [DetectionEvent] = []
        let shown = Shown(agent: seen.agent, manner: seen.manner, isBrowser: request.isBrowser, account: tried)
        if evidence.score > settings.threatAbove { report(Threat(request, evidence), shown, &events) }
        for signal in signals { report(Threat(request, signal), shown, &events) }
        return events
    }

    mutating func observe(_ login: FailedLogin) -> [DetectionEvent] {
        let (account, behaviour) = (hash.hash(login.claimedName), settings.behaviour)
        let crowd = loginCrowds(login.client, account: account, at: login.at)
        let (signals, agent, manner) = clients.update(login.client, at: login.at) { profile in
            profile.addFailedLogin(account, at: login.at, behaviour)
            return (Self.due(crowd, &profile, at: login.at, behaviour), profile.agent, profile.manners.current)
        }
        var events: [DetectionEvent] = []
        let shown = Shown(agent: agent, manner: manner, isBrowser: true, account: account)
        for signal in signals { report(Threat(login, signal), shown, &events) }
        return events
    }

    /// What happens in the labyrinth: who takes its decoys for real has shown what he is after. The others only give
    /// their lineage to the incident that led them there.
    mutating func observe(_ step: IntruderStep) -> [DetectionEvent] {
        let (isDue, manner) = clients.update(step.client, at: step.at) {
            $0.lastSeen = max($0.lastSeen, step.at)
            let isDue =
                step.intent >= .stealingData
                && $0.reports.isDue(.labyrinth, at: step.at, every: settings.behaviour.repeatAfter)
            return (isDue, $0.manners.current)
        }
        guard isDue else { return [] }
        let threat =
            step.intent == .takingOver
            ? Threat(step, .canaryUsed, severity: .critical, stage: .objectives)
            : Threat(step, .dataLeak, severity: .medium, stage: .exploitation)
        var events: [DetectionEvent] = []
        let lineage = hash.hash(step.intruder.high, step.intruder.low)
        report(threat, Shown(agent: 0, manner: manner, isBrowser: true, account: nil, lineage: lineage), &events)
        return events
    }

    /// Somebody proved who he is: what a crowd does around him is not laid at his door.
    mutating func observeLogin(of client: IPAddress, at now: Timestamp) {
        clients.update(client, at: now) { $0.hasLoggedIn = true }
    }

    /// A client shows a manner for the first time: what it says about him. Judged anew only where it says something.
    private mutating func recognise(
        _ manner: UInt64, isScanner: Bool, _ request: ObservedRequest
    ) -> [BehaviourSignal] {
        manners.show(manner, at: request.at)
        guard isScanner || manners.isScanner(manner, at: request.at) else { return [] }
        manners.noteScanner(manner, at: request.at)
        guard !isScanner else { return [] }
        let behaviour = settings.behaviour
        return clients.update(request.client, at: request.at) { profile in
            profile.telltales.insert(.scannerManner)
            return Self.due([], &profile, at: request.at, behaviour)
        }
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

    // MARK: Incidents

    mutating func contain(_ client: IPAddress) -> DetectionEvent? { incidents.contain(client) }

    mutating func expire(at now: Timestamp) -> [DetectionEvent] { incidents.expire(at: now) }

    mutating func resolve(_ id: UUIDv7, as resolution: Incident.Resolution, at now: Timestamp) -> DetectionEvent? {
        incidents.close(id, as: resolution, at: now)
    }

    mutating func adopt(_ incident: Incident) { incidents.adopt(incident) }

    /// What is known of a client at the moment it is accused.
    private struct Shown {
        /// 0: none.
        var agent: UInt64
        var manner: UInt64
        var isBrowser: Bool
        var account: UInt64?
        var lineage: UInt64?
    }

    private mutating func report(_ threat: Threat, _ shown: Shown, _ events: inout [DetectionEvent]) {
        var threat = threat
        if incidents.incident(of: threat.client) == nil {
            if shown.agent != 0 { agents.accuse(shown.agent, at: threat.at) }
            if shown.manner != 0 { manners.accuse(shown.manner, at: threat.at) }
        }
        threat.keys = keys(of: threat, shown)
        guard let outcome = incidents.add(threat) else {
            events.append(.threat(threat))
            return
        }
        threat.incident = outcome.incident.id
        events += outcome.events
        if outcome.isNews || outcome.incident.threatCount <= settings.toldThreats { events.append(.threat(threat)) }
    }

    private func keys(of threat: Threat, _ shown: Shown) -> [CampaignKey] {
        let group = SeededHash.spread(networkKey(threat.client) ^ threat.category.group)
        var keys = [CampaignKey(kind: .network, hash: group)]
        if let lineage = shown.lineage { keys.append(CampaignKey(kind: .lineage, hash: lineage)) }
        // Whoever tries many accounts has no one of them in particular in mind.
        if let account = shown.account, threat.category == .bruteForce {
            keys.append(CampaignKey(kind: .account, hash: account))
        }
        if shown.agent != 0, agents.isTelling(shown.agent, isBrowser: shown.isBrowser, at: threat.at) {
            keys.append(CampaignKey(kind: .fingerprint, hash: shown.agent))
        }
        if shown.manner != 0, manners.isTelling(shown.manner, isBrowser: shown.isBrowser, at: threat.at) {
            keys.append(CampaignKey(kind: .fingerprint, hash: shown.manner))
        }
        return keys
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
