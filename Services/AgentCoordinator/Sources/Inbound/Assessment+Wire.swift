internal import Contracts
internal import Core

/// What the detector's events say, in the words of the domain. Nil when an event says nothing that can be decided about.
extension Assessment {
    init?(_ threat: ThreatDetected) {
        guard let subject = threat.subject.flatMap({ Subject($0) }) else { return nil }
        self.init(
            subject: subject, severity: Severity(threat.severity), score: threat.score,
            category: AttackCategory(threat.category), detectedAt: threat.detectedAt, threatID: threat.threatID.ifSet,
            incidentID: threat.incidentID.ifSet,
            trace: TraceContext(high: threat.traceHigh, low: threat.traceLow, span: threat.span))
    }

    init?(_ incident: Incident) {
        guard incident.status == .open, let subject = incident.subject.flatMap({ Subject($0) }) else { return nil }
        self.init(
            subject: subject, severity: Severity(incident.severity), score: incident.score,
            category: AttackCategory(incident.category), detectedAt: incident.updatedAt,
            incidentID: incident.incidentID.ifSet)
    }
}

extension Subject {
    init?(_ wire: Contracts.Subject) {
        let kind: Kind
        switch wire.kind {
        case .clientAddress: kind = .clientAddress
        case .network: kind = .network
        case .user: kind = .user
        case .session: kind = .session
        case .apiKey: kind = .apiKey
        case .intruder: kind = .intruder
        case .fingerprint: kind = .fingerprint
        case .unspecified, .unrecognized: return nil
        }
        self.init(kind, wire.value)
    }

    var wire: Contracts.Subject {
        let wireKind: SubjectKind =
            switch kind {
            case .clientAddress: .clientAddress
            case .network: .network
            case .user: .user
            case .session: .session
            case .apiKey: .apiKey
            case .intruder: .intruder
            case .fingerprint: .fingerprint
            }
        return Contracts.Subject(kind: wireKind, value: value)
    }
}

extension Severity {
    /// What this version does not know counts as the least.
    init(_ wire: Contracts.Severity) {
        switch wire {
        case .low: self = .low
        case .medium: self = .medium
        case .high: self = .high
        case .critical: self = .critical
        case .info, .unspecified, .unrecognized: self = .info
        }
    }

    var wire: Contracts.Severity {
        switch self {
        case .info: .info
        case .low: .low
        case .medium: .medium
        case .high: .high
        case .critical: .critical
        }
    }
}

extension AttackCategory {
    init(_ wire: Contracts.AttackCategory) {
        self = Self.known[wire.rawValue] ?? .unknown
    }

    /// By the contract's numbers, which never change.
    private static let known: [Int32: AttackCategory] = [
        1: .sqlInjection, 2: .crossSiteScripting, 3: .commandInjection, 4: .codeInjection, 5: .pathTraversal,
        6: .fileInclusion, 7: .requestForgery, 8: .xmlExternalEntity, 9: .templateInjection, 10: .nosqlInjection,
        11: .ldapInjection, 12: .protocolAbuse, 13: .scanner, 14: .enumeration, 15: .scraping, 16: .bruteForce,
        17: .credentialStuffing, 18: .denialOfService, 19: .dataLeak, 20: .canaryUsed, 21: .anomaly,
    ]
}

extension TraceContext {
    init?(high: UInt64, low: UInt64, span: UInt64) {
        guard high | low != 0, span != 0 else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, isSampled: true)
    }
}

extension UUIDv7 {
    var ifSet: UUIDv7? { isSet ? self : nil }
}
