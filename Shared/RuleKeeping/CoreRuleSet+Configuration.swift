package import Inspection
package import ServiceKit

extension CoreRuleSet {
    package enum Mode: String, Sendable, CaseIterable {
        case observe
        case enforce
    }

    /// The section `core_rule_set`; nil when it names no folder.
    package static func read(_ inspection: ConfigurationReader) -> CoreRuleSet? {
        let section = inspection.section("core_rule_set")
        let folder = section.optionalString(
            "folder", about: "an OWASP Core Rule Set to judge by as well, as \(debianFolder); none without")
        let setup = section.optionalString(
            "setup_file", about: "its crs-setup.conf; found beside the rules when not set")
        let level = section.integer(
            "paranoia_level", default: 0, in: 0...paranoiaLevels.upperBound,
            about: "1 to 4, more finds more and is wrong more often; 0: what the set-up file says")
        let mode = section.choice(
            "mode", default: Mode.observe, about: "observe tells what the rules find; enforce also stops by it")
        let before = section.list("rules_before", about: "rule files of your own, read before it: exclusions")
        let after = section.list("rules_after", about: "rule files of your own, read after it: further rules")
        guard let folder else { return nil }
        return CoreRuleSet(
            folder: folder, setupFile: setup, paranoiaLevel: level == 0 ? nil : level, isEnforced: mode == .enforce,
            rulesBefore: before, rulesAfter: after)
    }
}
