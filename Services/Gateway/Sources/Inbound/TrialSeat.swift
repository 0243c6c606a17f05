import Contracts
import Core
import Inspection

/// Where a reactor tries the candidate in the shadow: a working space of its own, so that what judges for real notices
/// nothing of it. Made when there is a candidate.
///
/// Confined to its reactor.
final class TrialSeat {
    private var scratch: InspectionScratch
    private let rules = RuleSetSeat()
    private var budget: TrialBudget
    private var random = QuickRandom()

    init() throws(InspectionFailure) {
        scratch = try InspectionScratch()
        budget = TrialBudget(at: .now)
    }

    /// Whether this request is one of the sample, and there is time for it.
    func takes(_ candidates: InspectionCandidates) -> Bool {
        Int(random.next() % 1_000) < candidates.sampledPermille && budget.allows(at: .now)
    }

    /// What the candidate says; with `rules` and `engine` in force where it has none of its own.
    func judge(
        _ request: InspectedRequest, _ policy: InspectionPolicy, by candidate: InspectionCandidates.Judgement,
        _ engine: InspectionEngine, _ configured: RuleSetInForce?, _ connection: SecLangConnection?
    ) -> InspectionVerdict {
        let began = Deadline.now
        defer { budget.spend(.now - began) }
        let verdict = (candidate.engine ?? engine).inspect(request, policy, &scratch)
        guard let connection, let rules = candidate.rules ?? configured else { return verdict }
        return self.rules.judge(request, connection, policy, by: rules, joining: verdict)
    }
}

extension Trial {
    init(_ candidate: UUIDv7, _ verdict: InspectionVerdict, inForce: InspectionVerdict) {
        self.init(
            candidateID: candidate, action: TrialAction(verdict.action), actionInForce: TrialAction(inForce.action),
            score: verdict.score, findings: verdict.findings.map(RuleFinding.init))
    }
}

extension TrialAction {
    fileprivate init(_ action: InspectionVerdict.Action) {
        switch action {
        case .allow: self = .allow
        case .alert: self = .alert
        case .block: self = .block
        }
    }
}
