/// How a route wants to be protected: thresholds, mode, and what is known to be harmless there.
package struct InspectionPolicy: Sendable {
    package enum Mode: String, Sendable, CaseIterable {
        case off
        /// Judge and report, let everything pass.
        case observe
        case enforce
    }

    package var route: String
    package var mode: Mode
    package var blockAbove: Double
    package var alertAbove: Double
    package var exclusions: [Exclusion]
    /// Whether the loaded rule set judges as well, where there is one.
    package var asksRuleSet: Bool

    package init(
        route: String = "", mode: Mode = .enforce, blockAbove: Double = 0.8, alertAbove: Double = 0.5,
        exclusions: [Exclusion] = [], asksRuleSet: Bool = true
    ) {
        self.route = route
        self.mode = mode
        self.blockAbove = blockAbove
        self.alertAbove = alertAbove
        self.exclusions = exclusions
        self.asksRuleSet = asksRuleSet
    }

    package static let standard = InspectionPolicy()

    func action(for score: Double) -> InspectionVerdict.Action {
        if mode == .off { return .allow }
        if score > blockAbove && mode == .enforce { return .block }
        return score > alertAbove ? .alert : .allow
    }
}

/// A finding that is to be ignored. Whatever is nil applies to all; an exclusion of nothing in particular is refused by
/// whoever reads the configuration, not here.
package struct Exclusion: Sendable, Hashable {
    package var route: String?
    package var rule: String?
    /// The argument's, cookie's, header's or JSON member's name.
    package var parameter: String?

    package init(route: String? = nil, rule: String? = nil, parameter: String? = nil) {
        self.route = route
        self.rule = rule
        self.parameter = parameter
    }

    func covers(route: String, rule: String, parameter: String) -> Bool {
        (self.route == nil || self.route == route) && (self.rule == nil || self.rule == rule)
            && (self.parameter == nil || self.parameter == parameter)
    }
}
