internal import PatternMatching
internal import Synchronization

/// A rule set made ready: patterns compiled, transformation chains merged into a trie, prefilters into tables.
///
/// A class, so that asking it copies nothing.
final class RuleProgram: Sendable {
    /// A distinct beginning of some rules' transformation chains. Node 0 is the value as it came.
    struct Node: Sendable {
        var parent: Int
        var transformation: Transformation?
        var triggers = ByteClasses.Found.zero
        /// Those of the nodes on the way to it as well: a value with none of them is this node's form itself.
        var allTriggers = ByteClasses.Found.zero
        /// The rules whose chain ends here.
        var rules = RuleBits.zero
    }

    enum Condition: Sendable {
        case pattern(Pattern)
        case literal
        case oneOf(Set<[UInt8]>)
        case longerThan(Int)
        case grammar(Grammar)
    }

    private static let made = Atomic(0)
    /// Tells one set of rules from another.
    let serial = RuleProgram.made.add(1, ordering: .relaxed).newValue
    let rules: [Rule]
    let conditions: [Condition]
    /// Parents stand before their children.
    let nodes: [Node]
    /// Where the chain of `Transformation.base` ends.
    let base: Int
    /// For each rule the sets of bytes that its form must have members of.
    let required: [ByteClasses.Found]
    /// Rules that can match only where one of their literals stands.
    let hasLiterals: RuleBits
    let literals: LiteralAutomaton
    let gates: RuleGates
    /// Rules that ask a grammar about a value whose escapes, quotes and letter case alone were undone.
    let direct: RuleBits
    /// Which grammar a rule asks, and which rules ask about a value without quotes.
    let grammars: [Grammar?]
    let unquoting: RuleBits
    /// For each rule the bit of the node its chain ends at.
    private let nodeBits: [UInt64]
    /// What a value needs to be UTF-7, and what it cannot have to be base64.
    let utf7: ByteClasses.Found
    let notBase64: ByteClasses.Found

    init(_ rules: [Rule]) throws(InspectionFailure) {
        guard rules.count <= RuleBits.capacity else {
            throw .tooManyRules(count: rules.count, maximum: RuleBits.capacity)
        }
        var known: Set<String> = []
        for rule in rules where !known.insert(rule.id).inserted { throw .duplicateRule(id: rule.id) }
        self.rules = rules
        conditions = try Self.compile(rules)
        hasLiterals = rules.indices.reduce(into: RuleBits.zero) { set, index in
            if !rules[index].literals.isEmpty { set.insert(index) }
        }
        direct = rules.indices.reduce(into: RuleBits.zero) { set, index in
            guard case .grammar(let grammar) = rules[index].condition, grammar.ignoresCase else { return }
            let chain = rules[index].transformations.filter { $0 != .unquoteShell }
            if chain == Transformation.base + [.lowercase] { set.insert(index) }
        }
        grammars = rules.map { rule in
            guard case .grammar(let grammar) = rule.condition else { return nil }
            return grammar
        }
        unquoting = rules.indices.reduce(into: RuleBits.zero) { set, index in
            if rules[index].transformations.contains(.unquoteShell) { set.insert(index) }
        }
        literals = LiteralAutomaton(
            rules.indices.flatMap { index in
                rules[index].literals.map { (bytes: Array($0.utf8), tags: RuleBits(index)) }
            })
        var classes = ByteClasses()
        required = try rules.map { rule throws(InspectionFailure) in
            try Self.classes(rule.bytes.map(\.ignoringCase), rule.id, &classes)
        }
        let triggers = try Transformation.allCases.map { step throws(InspectionFailure) in
            try Self.classes([step.triggers], "of any name", &classes)
        }
        utf7 = try Self.classes([ByteSet("A"), ByteSet("+ ")], "UTF-7", &classes)
        notBase64 = try Self.classes([PlausibleBase64.others], "base64", &classes)
        gates = RuleGates(rules, &classes)
        var tree = NodeTree(triggers)
        base = tree.end(of: Transformation.base)
        var nodeBits: [UInt64] = []
        for index in rules.indices { nodeBits.append(1 << UInt64(tree.add(index, rules[index].transformations))) }
        self.nodeBits = nodeBits
        nodes = tree.nodes
    }

    /// The nodes at which some of the rules' chains end, a bit each.
    func nodes(of rules: RuleBits) -> UInt64 {
        var rest = rules
        var nodes: UInt64 = 0
        while let rule = rest.popFirst() { nodes |= nodeBits[rule] }
        return nodes
    }

    private static func classes(
        _ sets: [ByteSet], _ rule: String, _ classes: inout ByteClasses
    ) throws(InspectionFailure) -> ByteClasses.Found {
        var found = ByteClasses.Found.zero
        for set in sets {
            guard let number = classes.add(set) else {
                throw .malformedRule(id: rule, reason: "the rules ask for too many different sets of bytes")
            }
            found |= ByteClasses.bit(number)
        }
        return found
    }

    private static func compile(_ rules: [Rule]) throws(InspectionFailure) -> [Condition] {
        var conditions: [Condition] = []
        for rule in rules {
            if rule.literals.contains("") { throw .malformedRule(id: rule.id, reason: "one of its literals is empty") }
            conditions.append(try compile(rule))
        }
        return conditions
    }

    private static func compile(_ rule: Rule) throws(InspectionFailure) -> Condition {
        switch rule.condition {
        case .matches(let text):
            do {
                return .pattern(try Pattern(text, [.dotMatchesNewlines]))
            } catch {
                throw .malformedRule(id: rule.id, reason: error.description)
            }
        case .containsLiteral:
            guard !rule.literals.isEmpty else { throw .malformedRule(id: rule.id, reason: "it has no literals") }
            return .literal
        case .isOneOf(let values): return .oneOf(Set(values.map { Array($0.utf8) }))
        case .isLongerThan(let length): return .longerThan(length)
        case .grammar(let grammar): return .grammar(grammar)
        }
    }
}

/// The nodes while they are found: chains with a common beginning share it.
private struct NodeTree {
    private(set) var nodes = [RuleProgram.Node(parent: 0, transformation: nil)]
    /// Of each transformation.
    private let triggers: [ByteClasses.Found]

    init(_ triggers: [ByteClasses.Found]) { self.triggers = triggers }

    /// Returns the node at which the rule's chain ends.
    mutating func add(_ rule: Int, _ chain: [Transformation]) -> Int {
        let end = end(of: chain)
        nodes[end].rules.insert(rule)
        return end
    }

    mutating func end(of chain: [Transformation]) -> Int {
        chain.reduce(0) { child(of: $0, $1) }
    }

    private mutating func child(of parent: Int, _ transformation: Transformation) -> Int {
        let known = nodes.indices.first { nodes[$0].parent == parent && nodes[$0].transformation == transformation }
        if let known { return known }
        let own = triggers[Int(transformation.rawValue)]
        nodes.append(
            RuleProgram.Node(
                parent: parent, transformation: transformation, triggers: own,
                allTriggers: nodes[parent].allTriggers | own))
        return nodes.count - 1
    }
}

extension ByteSet {
    /// With the other case of its letters.
    var ignoringCase: ByteSet {
        var both = self
        for letter in 0x41...0x5a as ClosedRange<UInt8> where contains(letter) || contains(letter | 0x20) {
            both.insert(letter)
            both.insert(letter | 0x20)
        }
        return both
    }
}
