import Contracts
import Core
import Inspection

extension ThreatDetected {
    init(_ threat: Threat) {
        self.init(
            threatID: threat.id, detectedAt: threat.at, subject: .clientAddress(threat.client),
            requestID: threat.request, incidentID: threat.incident ?? .unset,
            category: AttackCategory(rawValue: Int32(threat.category.rawValue)),
            severity: Severity(rawValue: Int32(threat.severity.rawValue)),
            stage: KillChainStage(rawValue: Int32(threat.stage.rawValue)), technique: threat.category.technique,
            score: threat.score, detector: threat.detector, detectorVersion: BuiltInRules.version,
            findings: threat.findings.map(RuleFinding.init), explanation: threat.explanation, host: threat.host,
            path: threat.path, route: threat.route, traceHigh: threat.trace?.traceHigh ?? 0,
            traceLow: threat.trace?.traceLow ?? 0, span: threat.trace?.span ?? 0)
    }
}

extension RuleFinding {
    init(_ match: RuleMatch) {
        self.init(
            ruleID: match.rule, category: AttackCategory(rawValue: Int32(match.category.rawValue)),
            variable: match.variable, matched: match.matched, offset: UInt32(clamping: match.offset),
            weight: match.weight)
    }
}
