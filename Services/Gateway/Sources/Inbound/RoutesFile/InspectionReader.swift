import Inspection
import ServiceKit

/// `inspection: observe`, or a mapping:
///
///     inspection:
///       mode: enforce
///       block_above: 0.9
///       alert_above: 0.5
///       core_rule_set: false     # where the gateway has one loaded; true by itself
///       exclude:
///         - { rule: sqli-union, parameter: comment }
enum InspectionReader {
    static func read(_ section: FileSection, _ route: inout Route) {
        guard let node = section["inspection"] else { return }
        guard node.entries != nil else {
            if let mode = section.choice("inspection", InspectionMode.self) { route.inspection = mode }
            return
        }
        let inspection = FileSection(node, "inspection", section.problems)
        if let mode = inspection.choice("mode", InspectionMode.self) { route.inspection = mode }
        if let score = inspection.number("block_above", in: 0...1) { route.blockAbove = score }
        if let score = inspection.number("alert_above", in: 0...1) { route.alertAbove = score }
        if let asks = inspection.flag("core_rule_set") { route.asksRuleSet = asks }
        if route.alertAbove > route.blockAbove {
            inspection.report("alert_above lies above block_above; swap them")
        }
        route.exclusions = inspection.sections("exclude", of: "an exclusion", 0...1_000).compactMap(exclusion)
        inspection.end()
    }

    /// It holds for this route only; of nothing in particular it would switch inspection off unseen.
    private static func exclusion(_ section: FileSection) -> Exclusion? {
        let exclusion = Exclusion(rule: section.text("rule"), parameter: section.text("parameter"))
        section.end()
        guard exclusion.rule != nil || exclusion.parameter != nil else {
            section.report("an exclusion names a rule, a parameter or both; to exclude all, set inspection: off")
            return nil
        }
        return exclusion
    }
}
