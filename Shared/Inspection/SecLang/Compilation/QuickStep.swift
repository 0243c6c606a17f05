/// `TX:name @lt 2`, `&TX:name|TX:name @eq 0` and the like decide where evaluation goes on; they are most of what runs, so
/// they stand in a table of their own.
struct QuickStep: BitwiseCopyable {
    enum Kind: UInt8 {
        /// The rule is none of this kind.
        case none
        case number
        case count
    }

    var kind = Kind.none
    /// The second target's, if there is one.
    var otherKind = Kind.none
    var comparison = RuleOperator.Comparison.equal
    var isNegated = false
    /// Nothing follows from a match but where evaluation goes on.
    var isAll = false
    var cell: Int32 = 0
    var otherCell: Int32 = 0
    var next: Int32 = 0
    /// The cell to compare with, or -1 for `operand`.
    var operandCell: Int32 = -1
    var operand = 0

    init(_ rule: CompiledRule) {
        let link = rule.links[0]
        guard (1...2).contains(link.targets.count), let cell = link.targets[0].cell,
            let otherCell = link.targets[link.targets.count - 1].cell, link.exclusions.isEmpty,
            link.transformations.isEmpty, case .number(let comparison, let macro) = link.test,
            macro.literal != nil || macro.cell != nil
        else { return }
        kind = link.targets[0].isCount ? .count : .number
        if link.targets.count == 2 { otherKind = link.targets[1].isCount ? .count : .number }
        self.comparison = comparison
        isNegated = link.isNegated
        self.cell = Int32(cell)
        self.otherCell = Int32(otherCell)
        next = Int32(rule.next)
        operand = macro.number
        operandCell = macro.literal == nil ? Int32(macro.cell ?? 0) : -1
        let definition = rule.definition
        isAll =
            rule.links.count == 1 && link.effects.isEmpty && !link.isCapturing && !rule.isReported
            && definition.severity == nil && definition.disruption == .pass
    }
}
