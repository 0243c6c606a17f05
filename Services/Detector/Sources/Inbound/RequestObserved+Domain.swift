import Contracts
import Core

extension ObservedRequest {
    init(_ event: RequestObserved) {
        // A gateway that inspects takes at least some nanoseconds for it.
        let isInspected = event.inspectionNanoseconds > 0 || event.inspectionScore > 0
        self.init(
            id: event.requestID, at: event.observedAt, client: event.clientAddress, method: event.method,
            host: event.host, path: event.path, query: event.query, userAgent: event.userAgent, referer: event.referer,
            status: Int(event.status), course: Course(event.outcome), route: event.route,
            inspection: isInspected ? RuleEvidence(event.inspectionScore, event.findings) : nil,
            user: event.userID.isSet ? event.userID : nil,
            trace: TraceContext(traceHigh: event.traceHigh, event.traceLow, event.span),
            protocolVersion: UInt8(clamping: event.protocolVersion.rawValue), manner: Self.manner(event),
            trial: event.trial.flatMap(Trial.init))
    }

    /// All that was told in one number.
    private static func manner(_ event: RequestObserved) -> UInt64 {
        guard event.fieldsFingerprint | event.http2Fingerprint | event.tlsFingerprint != 0 else { return 0 }
        var hash = KeyHash()
        for word in [event.fieldsFingerprint, event.http2Fingerprint, event.tlsFingerprint] { hash.add(word: word) }
        return hash.mixed
    }
}

extension ObservedRequest.Trial {
    /// Nil for what a later release may say.
    fileprivate init?(_ trial: Contracts.Trial) {
        guard let action = Action(rawValue: trial.action.rawValue),
            let inForce = Action(rawValue: trial.actionInForce.rawValue)
        else { return nil }
        self.init(
            candidate: trial.candidateID, action: action, actionInForce: inForce,
            evidence: RuleEvidence(trial.score, trial.findings))
    }
}

extension RuleEvidence {
    fileprivate init(_ score: Double, _ findings: [RuleFinding]) {
        let score = score.isFinite ? min(max(score, 0), 1) : 0
        self.init(score: score, findings: findings.prefix(32).map(RuleMatch.init))
    }
}

extension TraceContext {
    init?(traceHigh: UInt64, _ traceLow: UInt64, _ span: UInt64) {
        guard traceHigh | traceLow != 0 else { return nil }
        self.init(traceHigh: traceHigh, traceLow: traceLow, span: span, isSampled: true)
    }
}

extension ObservedRequest.Course {
    init(_ outcome: RequestOutcome) {
        switch outcome {
        case .proxied, .answered: self = .served
        case .blocked, .banned, .throttled, .challenged: self = .stopped
        case .diverted: self = .diverted
        case .unrouted, .upstreamFailed, .abandoned, .refused, .unspecified, .unrecognized: self = .failed
        }
    }
}

extension RuleMatch {
    init(_ finding: RuleFinding) {
        self.init(
            rule: String(finding.ruleID.prefix(128)),
            category: ThreatCategory(rawValue: Int(finding.category.rawValue)) ?? .anomaly,
            variable: Array(finding.variable.prefix(256)), matched: Array(finding.matched.prefix(128)),
            offset: Int(finding.offset), weight: finding.weight.isFinite ? finding.weight : 0)
    }
}
