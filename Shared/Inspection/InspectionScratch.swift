internal import Core
internal import PatternMatching

/// What one inspection writes while it works. One per thread, reused, so that after a warm-up nothing is allocated for
/// a request that is clean.
package struct InspectionScratch: ~Copyable {
    /// A value after one node's transformations.
    struct Form {
        var bytes: Range<Int> = 0..<0
        var classes = ByteClasses.Found.zero
        /// The node whose form this is, when the transformations in between changed nothing.
        var original = 0
    }

    private struct Parent {
        var value: Int
        var place: DullValues.Place
        var derived: Range<Int>
    }

    var table = ValueTable()
    /// One for each node of the rules' transformations; `computed` has a bit for each that is about the present value.
    var forms: [Form] = []
    var computed: UInt64 = 0
    /// What bytes the present value has.
    var classes = ByteClasses.Found.zero
    /// The literals that stand in each form, for those that were `scanned`.
    var literalHits: [RuleBits] = []
    var scanned: UInt64 = 0
    var output: [UInt8] = []
    var spare: [UInt8] = []
    var findings: [Finding] = []
    /// The rules that have been found in this request already, and their gates.
    var found = RuleBits.zero
    var fired = RuleBits.zero
    var possible = PossibleGates()
    private var dull = DullValues()
    /// Values that are dull if what was derived from them is, and what of that was not.
    private var parents: [Parent] = []
    private var telling: [Int] = []
    /// Whether all rules were asked about the present value and none matched, not even one that an exclusion silences.
    var isDull = true
    /// For each finding the index of the value it was found in; what is found in no single value has none.
    var places: [Int] = []
    let match: MatchScratch
    private var models: PublishedReader<InspectionModel?>?
    private var modelSource: ObjectIdentifier?

    package init() throws(InspectionFailure) {
        do {
            match = try MatchScratch()
        } catch {
            throw .outOfMemory
        }
    }

    mutating func reset(_ limits: InspectionLimits, _ program: RuleProgram) {
        table.reset(limits)
        findings.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        if !parents.isEmpty { parents.removeAll(keepingCapacity: true) }
        if !telling.isEmpty { telling.removeAll(keepingCapacity: true) }
        found = .zero
        fired = .zero
        if forms.count != program.nodes.count {
            forms = [Form](repeating: Form(), count: program.nodes.count)
            literalHits = [RuleBits](repeating: .zero, count: program.nodes.count)
        }
        possible.begin(program)
        dull.begin(program)
    }

    // MARK: Values that nothing was found in

    func dullPlace(of value: ValueTable.Value) -> DullValues.Place? {
        dull.place(of: value, table)
    }

    mutating func isDull(_ value: ValueTable.Value, at place: DullValues.Place) -> Bool {
        dull.holds(place, value, table)
    }

    /// The value has been judged, and `isDull` says how; what was derived from it is judged later.
    mutating func note(_ index: Int, _ place: DullValues.Place?, derived: Range<Int>) {
        guard isDull else { return telling.append(index) }
        // What did not fit in was not looked at.
        guard let place, !table.isCut else { return }
        if derived.isEmpty {
            dull.remember(place, table.values[index], table)
        } else {
            parents.append(Parent(value: index, place: place, derived: derived))
        }
    }

    /// All values have been judged.
    mutating func rememberParents() {
        guard !table.isCut else { return }
        // Both stand in the order of the values.
        var next = 0
        for parent in parents {
            while next < telling.count, telling[next] < parent.derived.lowerBound { next += 1 }
            let isDull = next == telling.count || telling[next] >= parent.derived.upperBound
            if isDull { dull.remember(parent.place, table.values[parent.value], table) }
        }
    }

    /// The model in force, read without a lock. A scratch may serve several engines, one after the other.
    mutating func model(of source: Published<InspectionModel?>) -> InspectionModel? {
        if modelSource != ObjectIdentifier(source) {
            models = PublishedReader(source)
            // The reader keeps the source alive, so that its identifier cannot become another's.
            modelSource = ObjectIdentifier(source)
        }
        return models?.read() ?? nil
    }
}

/// Remembers which gates values of the same kind and bytes may pass: values look alike, requests too.
struct PossibleGates {
    private struct Entry {
        var classes = ByteClasses.Found.zero
        var variable: Variable?
        var gates = RuleBits.zero
    }

    private static let bits = 9
    private var entries = [Entry](repeating: Entry(), count: 1 << bits)
    private var serial = 0

    /// What was remembered is of use only for the rules it was computed from.
    mutating func begin(_ program: RuleProgram) {
        guard program.serial != serial else { return }
        serial = program.serial
        for index in entries.indices { entries[index].variable = nil }
    }

    mutating func gates(_ gates: RuleGates, _ variable: Variable, _ found: ByteClasses.Found) -> RuleBits {
        let classes = found & gates.relevant
        var mixed = (classes.x &+ UInt64(variable.rawValue)) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 32) ^ classes.y) &* 0xd6e8_feb8_6659_fd93
        let index = Int(mixed >> UInt64(64 - Self.bits))
        if entries[index].classes == classes, entries[index].variable == variable { return entries[index].gates }
        let possible = gates.possible(variable, classes)
        entries[index] = Entry(classes: classes, variable: variable, gates: possible)
        return possible
    }
}
