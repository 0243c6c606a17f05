import Core

/// The open incidents, one per campaign, and the rules by which addresses become part of one.
///
/// An address belongs to at most one. It joins another's when both have a key in common that joined within
/// `joinedWithin`; when both have one already, the younger incident becomes a part of the older, one merger a threat, so
/// that every step is small and says why. What others are told is less than what happens: a change of stage or severity,
/// the first few members, and then every doubling.
struct CampaignTable: Sendable {
    struct Settings: Sendable, Equatable {
        var capacity = 50_000
        /// Addresses in all incidents together; beyond it they count without being remembered.
        var members = 200_000
        /// Nothing more for this long: the incident has subsided.
        var quietAfter: Duration = .seconds(1_800)
        /// A key that was not seen for so long joins nobody any more.
        var joinedWithin: Duration = .seconds(1_800)
        /// Threats of each address that are told one by one.
        var toldOfEach = 4
    }

    struct Outcome: Equatable {
        var incident: Incident
        var events: [DetectionEvent]
        /// Whether this threat itself is news.
        var isNews: Bool
    }

    private struct Membership: Sendable {
        var incident: UUIDv7
        var threats = 0
    }

    private struct Anchor: Sendable {
        var incident: UUIDv7
        var seenAt: Timestamp
    }

    private var settings: Settings
    private var open: [UUIDv7: Incident] = [:]
    private var memberships: [IPAddress: Membership] = [:]
    private var anchors: [CampaignKey: Anchor] = [:]
    private(set) var refused = 0

    init(_ settings: Settings = Settings()) { self.settings = settings }

    mutating func use(_ settings: Settings) {
        let (capacity, members) = (self.settings.capacity, self.settings.members)
        self.settings = settings
        (self.settings.capacity, self.settings.members) = (capacity, members)
    }

    var count: Int { open.count }
    func incident(of client: IPAddress) -> Incident? { memberships[client].flatMap { open[$0.incident] } }
    func incident(_ id: UUIDv7) -> Incident? { open[id] }

    // MARK: Threats

    /// Nil when there is no room for another incident; the threat is told all the same.
    mutating func add(_ threat: Threat) -> Outcome? {
        let (own, other) = (incident(of: threat.client), related(to: threat))
        var events: [DetectionEvent] = []
        guard var incident = own ?? other?.incident else { return openIncident(for: threat) }
        let before = incident
        if let own, let other, other.incident.id != own.id {
            incident = merge(own, other.incident, because: other.key, threat, &events)
        }
        let hasJoined = own == nil && join(threat, &incident, other?.key)
        incident.absorb(threat)
        remember(threat, &incident)
        if let change = Self.change(from: before, to: incident, hasJoined: hasJoined) {
            incident.revision += 1
            events.append(.updated(incident, change, previousStage: before.stage))
        }
        open[incident.id] = incident
        let told = memberships[threat.client]?.threats ?? 0
        return Outcome(incident: incident, events: events, isNews: told <= settings.toldOfEach || !events.isEmpty)
    }

    private mutating func openIncident(for threat: Threat) -> Outcome? {
        guard open.count < settings.capacity else {
            refused += 1
            return nil
        }
        var incident = Incident(opening: threat)
        memberships[threat.client] = Membership(incident: incident.id)
        remember(threat, &incident)
        open[incident.id] = incident
        return Outcome(incident: incident, events: [.opened(incident)], isNews: true)
    }

    /// The oldest incident that this threat has a key in common with.
    private func related(to threat: Threat) -> (incident: Incident, key: CampaignKey)? {
        threat.keys.compactMap { key in
            guard let anchor = anchors[key], threat.at - anchor.seenAt <= settings.joinedWithin,
                let incident = open[anchor.incident]
            else { return nil }
            return (incident, key)
        }.min { $0.incident.id < $1.incident.id }
    }

    private mutating func join(_ threat: Threat, _ incident: inout Incident, _ key: CampaignKey?) -> Bool {
        guard memberships.count < settings.members else { return false }
        memberships[threat.client] = Membership(incident: incident.id)
        incident.add(
            CampaignLink(
                member: threat.client, kind: key?.kind, at: threat.at, reason: key?.reason(threat) ?? "it attacked"))
        return true
    }

    /// The younger one becomes a part of the older.
    private mutating func merge(
        _ one: Incident, _ two: Incident, because key: CampaignKey, _ threat: Threat, _ events: inout [DetectionEvent]
    ) -> Incident {
        var (older, younger) = one.id < two.id ? (one, two) : (two, one)
        older.take(in: younger, because: key.reason(threat), key.kind, at: threat.at)
        for address in members(of: younger) { memberships[address]?.incident = older.id }
        for key in younger.keys { anchors[key]?.incident = older.id }
        open[younger.id] = nil
        younger.mergedInto = older.id
        events.append(
            .updated(younger.closed(as: .merged, at: threat.at), .merged, previousStage: younger.stage))
        open[older.id] = older
        return older
    }

    /// The threat's keys lead to this incident from now on, unless they lead to another that is fresh.
    private mutating func remember(_ threat: Threat, _ incident: inout Incident) {
        memberships[threat.client]?.threats += 1
        for key in threat.keys {
            if let anchor = anchors[key], anchor.incident != incident.id, open[anchor.incident] != nil,
                threat.at - anchor.seenAt <= settings.joinedWithin
            {
                continue
            }
            guard anchors[key] != nil || anchors.count < 2 * settings.members, incident.add(key) else { continue }
            anchors[key] = Anchor(incident: incident.id, seenAt: threat.at)
        }
    }

    private static func change(
        from before: Incident, to after: Incident, hasJoined: Bool
    ) -> DetectionEvent.Change? {
        if after.stage > before.stage { return .stageAdvanced }
        if after.severity > before.severity { return .severityRaised }
        if hasJoined || after.memberCount > before.memberCount {
            return after.memberCount <= 8 || after.memberCount.nonzeroBitCount == 1 ? .memberJoined : nil
        }
        return after.threatCount.nonzeroBitCount == 1 ? .evidenceAdded : nil
    }

    // MARK: Endings

    /// A decision about this client is in force. More threats do not open the incident again: they are what it holds
    /// off. An incident of many is contained when something was decided about every member that is known.
    mutating func contain(_ client: IPAddress) -> DetectionEvent? {
        guard var incident = incident(of: client), incident.status == .open else { return nil }
        guard incident.contain(client) else {
            open[incident.id] = incident
            return nil
        }
        incident.status = .contained
        incident.revision += 1
        open[incident.id] = incident
        return .contained(incident)
    }

    /// Closes what has been quiet for long enough.
    mutating func expire(at now: Timestamp) -> [DetectionEvent] {
        let quiet = open.values.filter { now - $0.updatedAt > settings.quietAfter }
        return quiet.sorted { $0.id < $1.id }.compactMap { close($0.id, as: .subsided, at: now) }
    }

    /// Closes one, if it is open here.
    mutating func close(_ id: UUIDv7, as resolution: Incident.Resolution, at now: Timestamp) -> DetectionEvent? {
        guard let incident = open[id] else { return nil }
        forget(incident)
        return .updated(incident.closed(as: resolution, at: now), .resolved, previousStage: incident.stage)
    }

    private mutating func forget(_ incident: Incident) {
        open[incident.id] = nil
        for address in members(of: incident) { memberships[address] = nil }
        for key in incident.keys where anchors[key]?.incident == incident.id { anchors[key] = nil }
    }

    /// All of them: those that are not named have to be looked for.
    private func members(of incident: Incident) -> [IPAddress] {
        let candidates =
            incident.memberCount <= incident.links.count ? incident.links.map(\.member) : Array(memberships.keys)
        return candidates.filter { memberships[$0]?.incident == incident.id }
    }

    // MARK: What others hold

    /// An incident as the database has it: from before a restart, or from another replica. What both know is put
    /// together; who shares a key with it belongs to it from now on.
    mutating func adopt(_ stored: Incident) {
        guard stored.status != .resolved else {
            if let mine = open[stored.id] { forget(mine) }
            return
        }
        guard open[stored.id] != nil || open.count < settings.capacity else { return }
        var incident = open[stored.id] ?? stored
        incident.unite(with: stored)
        open[stored.id] = incident
        for link in incident.links where memberships[link.member] == nil && memberships.count < settings.members {
            memberships[link.member] = Membership(incident: stored.id)
        }
        for key in incident.keys {
            if let anchor = anchors[key], open[anchor.incident] != nil, anchor.incident < stored.id { continue }
            anchors[key] = Anchor(incident: stored.id, seenAt: stored.updatedAt)
        }
    }
}
