import Core
import Inspection

/// Judges a request on demand by all there is: the built-in engine and the rule set in force, if there is one.
final class Examiner: Sendable {
    private let engine: InspectionEngine
    private let rules: Published<RuleSetInForce>?

    init(_ engine: InspectionEngine, rules: Published<RuleSetInForce>? = nil) {
        (self.engine, self.rules) = (engine, rules)
    }

    /// A rule set judges also by what a request lacks: it is not to be asked about one that is known in part.
    func examine(_ request: InspectedRequest, asksRuleSet: Bool) throws(InspectionFailure) -> Examination {
        try Examination(request, engine, asksRuleSet ? rules?.current : nil)
    }
}

/// What was found in one request, by whom, and what each finding adds.
struct Examination {
    let verdict: InspectionVerdict
    /// Of each finding: how much lower the score would be without it.
    let contributions: [Double]
    /// Of the engine and the rule set, so that a verdict that was kept can be told from today's.
    let version: String

    fileprivate init(
        _ request: InspectedRequest, _ engine: InspectionEngine, _ rules: RuleSetInForce?
    ) throws(InspectionFailure) {
        var scratch = try InspectionScratch()
        let seat = RuleSetSeat()
        func judge(_ policy: InspectionPolicy) -> InspectionVerdict {
            let verdict = engine.inspect(request, policy, &scratch)
            guard let rules else { return verdict }
            return seat.judge(request, SecLangConnection(), policy, by: rules, joining: verdict)
        }
        let verdict = judge(.standard)
        self.verdict = verdict
        // Exactly what it adds: the score without it, as if its exclusion were in force.
        contributions = verdict.findings.map { finding in
            max(0, verdict.score - judge(InspectionPolicy(exclusions: [finding.silencedBy])).score)
        }
        version =
            rules.map {
                "\(engine.version) with \($0.signatures.joined(separator: ", ")), \($0.ruleCount) rules"
            } ?? engine.version
    }
}
