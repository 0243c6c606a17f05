import Core

/// Threats that belong together: one campaign, by one address or by many.
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
        case merged = 5
    }

    struct Evidence: Sendable, Equatable {
        var threat: UUIDv7
        var at: Timestamp
        var summary: String
    }

    static let maximumEvidence = 32
    static let maximumTechniques = 16
    static let maximumLinks = 64
    static let maximumKeys = 128

    var id: UUIDv7
    /// Whose threat opened it.
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
    /// The addresses that belong to it and why, the first of them.
    var links: [CampaignLink]
    /// All of them.
    var memberCount: Int
    var mergedInto: UUIDv7?
    /// What joins others to it.
    var keys: [CampaignKey] = []
    /// The members something was decided about.
    var containedMembers: [IPAddress] = []

    var title: String {
        let what = threatCount == 1 ? category.title : "\(category.title) and more"
        return memberCount > 1 ? "\(what) from \(memberCount) addresses" : "\(what) from \(client)"
    }
}

extension Incident {
    init(opening threat: Threat) {
        self.init(
            id: UUIDv7(), client: threat.client, status: .open, severity: threat.severity, stage: threat.stage,
            category: threat.category, techniques: [threat.category.technique], openedAt: threat.at,
            updatedAt: threat.at, resolvedAt: nil, threatCount: 1, score: threat.score,
            evidence: [Evidence(threat)], resolution: nil, revision: 1,
            links: [
                CampaignLink(member: threat.client, kind: nil, at: threat.at, reason: "its threat opened the incident")
            ],
            memberCount: 1, mergedInto: nil)
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
        if isNewTechnique, techniques.count == 3 { severity = severity.raised }
        if evidence.count == Self.maximumEvidence { evidence.remove(at: Self.maximumEvidence / 2) }
        evidence.append(Evidence(threat))
    }

    mutating func add(_ link: CampaignLink) {
        memberCount += 1
        // Ten addresses acting as one are an effort.
        if memberCount == 10 { severity = severity.raised }
        if links.count < Self.maximumLinks { links.append(link) }
    }

    /// False when it has as many keys as an incident may have.
    mutating func add(_ key: CampaignKey) -> Bool {
        if keys.contains(key) { return true }
        guard keys.count < Self.maximumKeys else { return false }
        keys.append(key)
        return true
    }

    /// Everything of another incident that turned out to be the same campaign.
    mutating func take(in other: Incident, because reason: String, _ kind: CampaignKey.Kind, at now: Timestamp) {
        let members = other.links.map {
            CampaignLink(member: $0.member, kind: $0.kind ?? kind, at: now, reason: $0.kind == nil ? reason : $0.reason)
        }
        let isSmall = memberCount < 10
        links += members.prefix(Self.maximumLinks - links.count)
        memberCount += other.memberCount
        threatCount += other.threatCount
        if isSmall, memberCount >= 10 { severity = severity.raised }
        putTogether(with: other)
        if status == .contained { status = .open }
    }

    /// The same incident as another replica has it.
    mutating func unite(with other: Incident) {
        let known = Set(links.map(\.member))
        links += other.links.filter { !known.contains($0.member) }.prefix(Self.maximumLinks - links.count)
        memberCount = max(memberCount, other.memberCount, links.count)
        threatCount = max(threatCount, other.threatCount)
        revision = max(revision, other.revision)
        if other.status == .contained { status = .contained }
        putTogether(with: other)
    }

    private mutating func putTogether(with other: Incident) {
        if other.severity > severity { (severity, category) = (other.severity, other.category) }
        stage = max(stage, other.stage)
        score = max(score, other.score)
        (openedAt, updatedAt) = (min(openedAt, other.openedAt), max(updatedAt, other.updatedAt))
        techniques += other.techniques.filter { !techniques.contains($0) }
            .prefix(Self.maximumTechniques - techniques.count)
        let known = Set(evidence.map(\.threat))
        let all = (evidence + other.evidence.filter { !known.contains($0.threat) }).sorted { $0.threat < $1.threat }
        let half = Self.maximumEvidence / 2
        evidence = all.count > Self.maximumEvidence ? Array(all.prefix(half) + all.suffix(half)) : all
        for key in other.keys { _ = add(key) }
    }

    /// Whether something was decided about every member that is known, this one included.
    mutating func contain(_ client: IPAddress) -> Bool {
        if !containedMembers.contains(client), containedMembers.count < Self.maximumLinks {
            containedMembers.append(client)
        }
        return links.allSatisfy { containedMembers.contains($0.member) }
    }
}

extension Incident.Evidence {
    init(_ threat: Threat) {
        self.init(threat: threat.id, at: threat.at, summary: "\(threat.category.title): \(threat.explanation)")
    }
}
