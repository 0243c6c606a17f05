/// The rule set that requests are judged by beside the built-in engine; replaced as a whole.
package final class RuleSetInForce: Sendable {
    package let engine: SecLangEngine
    package let ruleCount: Int
    /// As the rule set names itself.
    package let signatures: [String]

    package init(_ program: SecLangProgram) throws(InspectionFailure) {
        engine = try SecLangEngine(program)
        ruleCount = program.ruleCount
        signatures = program.signatures
    }
}

/// One thread's seat before the rule set in force: its working space, made anew when another rule set comes.
package final class RuleSetSeat {
    private var engine: SecLangEngine?
    private var scratch: SecLangScratch?

    package init() {}

    /// `verdict` with what the rule set says added. Without room for a working space the verdict says that it is not
    /// complete.
    package func judge(
        _ request: InspectedRequest, _ connection: SecLangConnection, _ policy: InspectionPolicy,
        by rules: RuleSetInForce, joining verdict: InspectionVerdict
    ) -> InspectionVerdict {
        guard policy.mode != .off, policy.asksRuleSet else { return verdict }
        if engine !== rules.engine {
            scratch = try? rules.engine.makeScratch()
            engine = rules.engine
        }
        guard var space = scratch.take() else {
            engine = nil
            var verdict = verdict
            verdict.isComplete = false
            return verdict
        }
        let found = rules.engine.inspect(request, connection, &space)
        scratch = consume space
        return found.joined(to: verdict, policy)
    }
}
