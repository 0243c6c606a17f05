import Core
import Inspection

/// The shared engine, turned to what the detector needs: evidence for an observed request that the gateway did not
/// inspect, a verdict on demand, and an explanation for people.
final class Inspector: Sendable {
    let engine: InspectionEngine

    init() throws(InspectionFailure) { engine = try InspectionEngine.builtIn() }

    /// What the event carries of a request: no body, three headers.
    func evidence(for request: ObservedRequest, _ scratch: inout InspectionScratch) -> RuleEvidence {
        var target = request.path
        if !request.query.isEmpty { target += [UInt8(ascii: "?")] + request.query }
        let inspected = InspectedRequest(
            method: String(decoding: request.method.prefix(32), as: UTF8.self), target: target,
            headers: [.init("user-agent", request.userAgent), .init("referer", request.referer)])
        let verdict = engine.inspect(inspected, InspectionPolicy(route: request.route), &scratch)
        return RuleEvidence(verdict)
    }
}

extension RuleEvidence {
    init(_ verdict: InspectionVerdict) {
        self.init(score: verdict.score, findings: verdict.findings.map(RuleMatch.init))
    }
}

extension RuleMatch {
    init(_ finding: Finding) {
        self.init(
            rule: finding.ruleID, category: ThreatCategory(rawValue: finding.category.contractNumber) ?? .anomaly,
            variable: Array(finding.place.utf8), matched: finding.matched, offset: finding.offset,
            weight: finding.weight)
    }
}
