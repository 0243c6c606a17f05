import Contracts
import Core

extension Contracts.Incident {
    init(_ incident: Incident) {
        self.init(
            incidentID: incident.id, subject: .clientAddress(incident.client),
            status: IncidentStatus(rawValue: Int32(incident.status.rawValue)),
            severity: Severity(rawValue: Int32(incident.severity.rawValue)),
            stage: KillChainStage(rawValue: Int32(incident.stage.rawValue)),
            category: AttackCategory(rawValue: Int32(incident.category.rawValue)), techniques: incident.techniques,
            openedAt: incident.openedAt, updatedAt: incident.updatedAt, resolvedAt: incident.resolvedAt ?? .unset,
            threatCount: UInt64(incident.threatCount), score: incident.score, title: incident.title,
            evidence: incident.evidence.map {
                EvidenceReference(kind: .threat, id: $0.threat, observedAt: $0.at, summary: $0.summary)
            },
            resolution: IncidentResolution(rawValue: Int32(incident.resolution?.rawValue ?? 0)),
            revision: UInt64(incident.revision), members: incident.links.map { .clientAddress($0.member) },
            links: incident.links.map { IncidentLink($0) }, memberCount: UInt32(clamping: incident.memberCount),
            mergedInto: incident.mergedInto ?? .unset)
    }
}

extension IncidentLink {
    fileprivate init(_ link: CampaignLink) {
        self.init(
            kind: IncidentLinkKind(rawValue: Int32(link.kind?.rawValue ?? 0)), member: .clientAddress(link.member),
            joinedAt: link.at, reason: link.reason)
    }
}

extension CampaignLink {
    fileprivate init?(_ link: IncidentLink) {
        guard let member = link.member?.clientAddress else { return nil }
        self.init(
            member: member, kind: CampaignKey.Kind(rawValue: Int(link.kind.rawValue)), at: link.joinedAt,
            reason: link.reason)
    }
}

extension Incident {
    /// Nil for an incident of a kind that this version does not know: it stays as another version left it.
    init?(_ incident: Contracts.Incident) {
        guard let client = incident.subject?.clientAddress,
            let status = Status(rawValue: Int(incident.status.rawValue)),
            let severity = ThreatSeverity(rawValue: Int(incident.severity.rawValue)),
            let stage = AttackStage(rawValue: Int(incident.stage.rawValue)),
            let category = ThreatCategory(rawValue: Int(incident.category.rawValue))
        else { return nil }
        // An older version told of one address only.
        let links = incident.links.compactMap(CampaignLink.init)
        let first = CampaignLink(
            member: client, kind: nil, at: incident.openedAt, reason: "its threat opened the incident")
        self.init(
            id: incident.incidentID, client: client, status: status, severity: severity, stage: stage,
            category: category, techniques: incident.techniques, openedAt: incident.openedAt,
            updatedAt: incident.updatedAt, resolvedAt: incident.resolvedAt.isSet ? incident.resolvedAt : nil,
            threatCount: Int(clamping: incident.threatCount), score: incident.score,
            evidence: incident.evidence.map { Evidence(threat: $0.id, at: $0.observedAt, summary: $0.summary) },
            resolution: Resolution(rawValue: Int(incident.resolution.rawValue)),
            revision: Int(clamping: incident.revision), links: links.isEmpty ? [first] : links,
            memberCount: max(1, Int(incident.memberCount)),
            mergedInto: incident.mergedInto.isSet ? incident.mergedInto : nil)
    }
}
