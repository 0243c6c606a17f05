/// One SecRule or SecAction: alone, or as part of a chain.
struct RuleLink: Sendable {
    var line: Int
    /// Empty for a SecAction, which matches always.
    var targets: [RuleTarget] = []
    var condition = RuleOperator.always
    var isNegated = false
    var transformations: [SecLangTransformation] = []
    var isCapturing = false
    var isMultiMatch = false
    /// What happens each time a value matches: assignments, controls, collections.
    var effects: [RuleAction] = []
}

/// A rule as a person wrote it, chain and all.
struct RuleDefinition: Sendable {
    var id: Int
    var phase: Int
    var file: String
    var line: Int
    var links: [RuleLink] = []
    var message = MacroText(parts: [])
    var logData = MacroText(parts: [])
    var tags: [[UInt8]] = []
    var severity: Int?
    var labels: [(String, [UInt8])] = []
    var isLogged = true
    var isAudited = true
    var disruption = RuleAction.Disruption.pass
    var status: Int?
    var skip = 0
    var skipAfter: [UInt8]?
}

enum RuleItem: Sendable {
    case rule(RuleDefinition)
    case marker([UInt8])
}

/// Everything that was loaded, in order.
struct RuleSet: Sendable {
    var items: [RuleItem] = []
    var mode = SecLangMode.on
    var isRequestBodyRead = true
    var isResponseBodyRead = true
    var signatures: [String] = []

    static let maximumRules = 20_000
}
