import Core
import Inspection

/// The shared engine, turned to what the detector needs: evidence for an observed request that the gateway did not
/// inspect, a verdict on demand, and an explanation for people.
final class Inspector: Sendable {
    let engine: InspectionEngine
    /// Asked as well about what is known of a recorded request.
    private let rules: RuleSetInForce?

    init() throws(InspectionFailure) {
        engine = try InspectionEngine.builtIn()
        rules = nil
    }

    /// The same engine with another model, and with rules.
    init(_ other: Inspector, model: InspectionModel?, rules: RuleSetInForce?) {
        engine = other.engine.twin()
        engine.use(model)
        self.rules = rules
    }

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

    /// The same by the rules too, which judge by what a request lacks as well: it is given what every client sends and no
    /// log keeps.
    func evidence(
        forRecorded request: ObservedRequest, _ scratch: inout InspectionScratch, _ seat: RuleSetSeat
    ) -> RuleEvidence {
        guard let rules else { return evidence(for: request, &scratch) }
        var target = request.path
        if !request.query.isEmpty { target += [UInt8(ascii: "?")] + request.query }
        var headers: [InspectedRequest.Header] = [
            .init("host", request.host), .init("user-agent", request.userAgent), .init("accept", Array("*/*".utf8)),
        ]
        if !request.referer.isEmpty { headers.append(.init("referer", request.referer)) }
        if request.method == Array("POST".utf8) { headers.append(.init("content-length", Array("0".utf8))) }
        let inspected = InspectedRequest(
            method: String(decoding: request.method.prefix(32), as: UTF8.self), target: target, headers: headers)
        let policy = InspectionPolicy(route: request.route)
        let verdict = engine.inspect(inspected, policy, &scratch)
        return RuleEvidence(seat.judge(inspected, SecLangConnection(), policy, by: rules, joining: verdict))
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
