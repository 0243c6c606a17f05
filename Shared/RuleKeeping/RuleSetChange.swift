package import Inspection

/// What a candidate does to a rule set: another paranoia level, another mode, rules of its own before and after those that
/// are configured. Without a configured rule set its own rules are all there is.
package struct RuleSetChange: Sendable, Equatable {
    private static let before = "rules_before"
    private static let after = "rules_after"

    package var paranoiaLevel: Int?
    package var isEnforced: Bool?
    package var rulesBefore: String
    package var rulesAfter: String

    package init(
        paranoiaLevel: Int? = nil, isEnforced: Bool? = nil, rulesBefore: String = "", rulesAfter: String = ""
    ) {
        self.paranoiaLevel = paranoiaLevel
        self.isEnforced = isEnforced
        self.rulesBefore = rulesBefore
        self.rulesAfter = rulesAfter
    }

    package var isEmpty: Bool { self == RuleSetChange() }

    /// The rules come from whoever may propose a candidate, and must not be a way to read this machine's files: of these
    /// they reach only what the configured rule set reads as well.
    package func load(
        on configured: CoreRuleSet?, from source: SecLangSource = .files
    ) throws(InspectionFailure) -> RuleSetInForce {
        var rules = configured ?? CoreRuleSet(folder: "", isEnforced: false)
        var allowed = RuleFiles()
        if configured != nil {
            let recorder = RuleFiles.Recorder(source)
            _ = try rules.load(from: recorder.recordingSource)
            allowed = recorder.recorded
        }
        if let paranoiaLevel { rules.paranoiaLevel = paranoiaLevel }
        if let isEnforced { rules.isEnforced = isEnforced }
        if !rulesBefore.isEmpty { rules.rulesBefore.insert(Self.before, at: 0) }
        if !rulesAfter.isEmpty { rules.rulesAfter.append(Self.after) }
        return try RuleSetInForce(try rules.load(from: confined(source, to: allowed)))
    }

    private func confined(_ source: SecLangSource, to allowed: RuleFiles) -> SecLangSource {
        let own = [Self.before: Array(rulesBefore.utf8), Self.after: Array(rulesAfter.utf8)]
        return SecLangSource(
            read: { path in own[path] ?? (allowed.digests[path] == nil ? nil : source.read(path)) },
            expand: { pattern in own[pattern] == nil ? allowed.patterns[pattern] ?? [] : [pattern] })
    }
}
