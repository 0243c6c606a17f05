import Core

/// The open incidents, one per client, and the rules by which threats become part of them.
///
/// What others are told is less than what happens: a scanner makes thousands of threats, and an incident's every tenth
/// thousandth is no news. An update is told when the stage or the severity rises, and when the number of threats doubles.
struct IncidentTable: Sendable {
    struct Settings: Sendable {
        var capacity = 50_000
        /// Nothing more for this long: the incident has subsided.
        var quietAfter: Duration = .seconds(1_800)
    }

    struct Outcome: Equatable {
        var incident: Incident
        var event: DetectionEvent?
    }

    private let settings: Settings
    private var open: [IPAddress: Incident] = [:]
    private(set) var refused = 0

    init(_ settings: Settings = Settings()) { self.settings = settings }

    var count: Int { open.count }
    func incident(of client: IPAddress) -> Incident? { open[client] }
    mutating func restore(_ incident: Incident) { open[incident.client] = incident }

    /// Nil when there is no room for another incident; the threat is told all the same.
    mutating func add(_ threat: Threat) -> Outcome? {
        guard var incident = open[threat.client] else { return openIncident(for: threat) }
        let before = incident
        incident.absorb(threat)
        let change = Self.change(from: before, to: incident)
        if change != nil { incident.revision += 1 }
        open[threat.client] = incident
        return Outcome(
            incident: incident, event: change.map { .updated(incident, $0, previousStage: before.stage) })
    }

    private mutating func openIncident(for threat: Threat) -> Outcome? {
        guard open.count < settings.capacity else {
            refused += 1
            return nil
        }
        let incident = Incident(opening: threat)
        open[threat.client] = incident
        return Outcome(incident: incident, event: .opened(incident))
    }

    private static func change(from before: Incident, to after: Incident) -> DetectionEvent.Change? {
        if after.stage > before.stage { return .stageAdvanced }
        if after.severity > before.severity { return .severityRaised }
        return after.threatCount.nonzeroBitCount == 1 ? .evidenceAdded : nil
    }

    /// A decision about this client is in force. More threats do not open the incident again: they are what it holds off.
    mutating func contain(_ client: IPAddress) -> DetectionEvent? {
        guard var incident = open[client], incident.status == .open else { return nil }
        incident.status = .contained
        incident.revision += 1
        open[client] = incident
        return .contained(incident)
    }

    /// Closes what has been quiet for long enough.
    mutating func expire(at now: Timestamp) -> [DetectionEvent] {
        let quiet = open.values.filter { now - $0.updatedAt > settings.quietAfter }
        return quiet.sorted { $0.id < $1.id }.compactMap { close($0.client, as: .subsided, at: now) }
    }

    /// Closes one, if it is open here.
    mutating func close(_ client: IPAddress, as resolution: Incident.Resolution, at now: Timestamp) -> DetectionEvent? {
        guard let incident = open.removeValue(forKey: client) else { return nil }
        return .updated(incident.closed(as: resolution, at: now), .resolved, previousStage: incident.stage)
    }
}

extension Incident {
    init(opening threat: Threat) {
        self.init(
            id: UUIDv7(), client: threat.client, status: .open, severity: threat.severity, stage: threat.stage,
            category: threat.category, techniques: [threat.category.technique], openedAt: threat.at,
            updatedAt: threat.at, resolvedAt: nil, threatCount: 1, score: threat.score,
            evidence: [Evidence(threat)], resolution: nil, revision: 1)
    }

    func closed(as resolution: Resolution, at now: Timestamp) -> Incident {
        var closed = self
        closed.status = .resolved
        closed.resolution = resolution
        closed.resolvedAt = now
        closed.updatedAt = max(updatedAt, now)
        closed.revision += 1
        return closed
    }

    mutating func absorb(_ threat: Threat) {
        threatCount += 1
        updatedAt = max(updatedAt, threat.at)
        score = max(score, threat.score)
        stage = max(stage, threat.stage)
        if threat.severity > severity {
            severity = threat.severity
            category = threat.category
        }
        let isNewTechnique = !techniques.contains(threat.category.technique)
        if isNewTechnique, techniques.count < Self.maximumTechniques { techniques.append(threat.category.technique) }
        // Somebody who tries three different things is not a false alarm.
        if isNewTechnique, techniques.count == 3, severity < .critical { severity = severity.raised }
        if evidence.count == Self.maximumEvidence { evidence.remove(at: Self.maximumEvidence / 2) }
        evidence.append(Evidence(threat))
    }
}

extension Incident.Evidence {
    init(_ threat: Threat) {
        self.init(threat: threat.id, at: threat.at, summary: "\(threat.category.title): \(threat.explanation)")
    }
}
