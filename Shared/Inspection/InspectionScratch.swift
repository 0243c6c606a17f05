internal import PatternMatching

/// What one inspection writes while it works. One per thread, reused, so that after a warm-up nothing is allocated for
/// a request that is clean.
package struct InspectionScratch: ~Copyable {
    /// A value after one node's transformations.
    struct Form {
        var bytes: Range<Int> = 0..<0
        var mask = ByteSet()
        /// The node whose form this is, when the transformations in between changed nothing.
        var original = 0
        var possible = RuleBits.zero
        var literalHits: RuleBits?
    }

    var table = ValueTable()
    var forms: [Form] = []
    var output: [UInt8] = []
    var spare: [UInt8] = []
    var findings: [Finding] = []
    let match: MatchScratch

    package init() throws(InspectionFailure) {
        do {
            match = try MatchScratch()
        } catch {
            throw .outOfMemory
        }
    }

    mutating func reset(_ limits: InspectionLimits, nodes: Int) {
        table.reset(limits)
        findings.removeAll(keepingCapacity: true)
        if forms.count != nodes { forms = [Form](repeating: Form(), count: nodes) }
    }
}
