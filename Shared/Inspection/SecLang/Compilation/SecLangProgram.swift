internal import PatternMatching

/// A rule set made ready: numbered by phase and order, names resolved, patterns compiled, prefilters built. Immutable.
package final class SecLangProgram: Sendable {
    let rules: [CompiledRule]
    /// The rules of phase 1 to 5 (0 is empty).
    let phases: [Range<Int>]
    let names: CellNames
    let cellIndex: CellIndex
    let prefilter: Prefilter
    /// For each rule.
    let steps: FixedTable<QuickStep>
    /// Rules whose turn must come whatever the values are.
    let unconditional: BitTable
    let mode: SecLangMode
    let isRequestBodyRead: Bool
    let isResponseBodyRead: Bool
    package let signatures: [String]
    let wellKnown: WellKnownCells
    let cellsOfTarget: [ObjectIdentifier: [Int]]

    static let patternOptions: Pattern.Options = [.dotMatchesNewlines]

    package var ruleCount: Int { rules.count }
    package var ruleIDs: [Int] { rules.map(\.definition.id) }

    /// Loads rule files, in this order, and what they include.
    package convenience init(files: [String], from source: SecLangSource = .files) throws(InspectionFailure) {
        try self.init(try RuleSetReader.read(files, from: source))
    }

    init(_ set: RuleSet) throws(InspectionFailure) {
        var compiler = RuleCompiler(set)
        rules = try compiler.compile()
        phases = compiler.phases
        prefilter = Prefilter(rules, phases, TransformationTrie(rules.map(\.links[0].transformations)))
        steps = FixedTable(rules.map(QuickStep.init))
        unconditional = rules.reduce(into: BitTable(count: rules.count)) { table, rule in
            if !rule.links[0].isPure { table.insert(rule.index) }
        }
        mode = set.mode
        isRequestBodyRead = set.isRequestBodyRead
        isResponseBodyRead = set.isResponseBodyRead
        signatures = set.signatures
        wellKnown = WellKnownCells(&compiler.names)
        names = compiler.names
        cellIndex = CellIndex(compiler.names)
        cellsOfTarget = Self.cells(of: rules, names)
    }

    /// Which named cells a selector such as `TX:/^a/` means: found once, here. What rules name later is looked at besides.
    private static func cells(of rules: [CompiledRule], _ names: CellNames) -> [ObjectIdentifier: [Int]] {
        var found: [ObjectIdentifier: [Int]] = [:]
        guard let scratch = try? MatchScratch() else { return found }
        for target in rules.flatMap(\.links).flatMap({ $0.targets + $0.exclusions }) where target.variable.isWritable {
            guard target.cell == nil else { continue }
            found[ObjectIdentifier(target)] = names.keys.indices.filter { cell in
                names.keys[cell].variable == target.variable
                    && target.selector.selects(key: names.keys[cell].name, scratch)
            }
        }
        return found
    }
}

/// The variables in which the Core Rule Set, 3.x and 4.x, keeps its sums.
struct WellKnownCells: Sendable {
    let inbound: [Int]
    let outbound: [Int]

    init(_ names: inout CellNames) {
        func cells(_ words: [String]) -> [Int] {
            words.map { names.cell(.transaction, Array($0.utf8)) }
        }
        inbound = cells(["blocking_inbound_anomaly_score", "anomaly_score"])
        outbound = cells(["blocking_outbound_anomaly_score", "outbound_anomaly_score"])
    }
}
