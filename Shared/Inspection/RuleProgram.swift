internal import PatternMatching

/// A rule set made ready: patterns compiled, transformation chains merged into a trie, prefilters into tables.
struct RuleProgram: Sendable {
    /// A distinct beginning of some rules' transformation chains. Node 0 is the value as it came.
    struct Node: Sendable {
        var parent: Int
        var transformation: Transformation?
        var triggers: ByteSet
        /// The rules whose chain ends here, and those whose chain passes through.
        var rules: RuleBits
        var subtree: RuleBits
    }

    enum Condition: Sendable {
        case pattern(Pattern)
        case literal
        case oneOf(Set<[UInt8]>)
        case longerThan(Int)
        case grammar(Grammar)
    }

    let rules: [Rule]
    let conditions: [Condition]
    /// Parents stand before their children.
    private(set) var nodes: [Node]
    let rulesOf: [RuleBits]
    /// Rules that can match only where one of their literals stands.
    let gated: RuleBits
    let literals: LiteralAutomaton
    /// Each distinct set of required bytes, with the rules that require one of them.
    let required: [(bytes: ByteSet, rules: RuleBits)]

    init(_ rules: [Rule]) throws(InspectionFailure) {
        guard rules.count <= RuleBits.capacity else {
            throw .tooManyRules(count: rules.count, maximum: RuleBits.capacity)
        }
        var known: Set<String> = []
        for rule in rules where !known.insert(rule.id).inserted { throw .duplicateRule(id: rule.id) }
        self.rules = rules
        conditions = try Self.compile(rules)
        nodes = [Node(parent: 0, transformation: nil, triggers: ByteSet(), rules: .zero, subtree: .zero)]
        rulesOf = Variable.allCases.map { variable in
            rules.indices.reduce(into: RuleBits.zero) { set, index in
                if rules[index].variables.contains(variable) { set.insert(index) }
            }
        }
        gated = rules.indices.reduce(into: RuleBits.zero) { set, index in
            if !rules[index].literals.isEmpty { set.insert(index) }
        }
        literals = LiteralAutomaton(
            rules.indices.flatMap { index in
                rules[index].literals.map { (bytes: Array($0.utf8), tags: RuleBits(index)) }
            })
        required = Self.requirements(of: rules)
        for index in rules.indices { insert(rules[index].transformations, rule: index) }
    }

    /// The rules that a value with these bytes may still match.
    func possible(_ bytes: ByteSet) -> RuleBits {
        var possible = ~RuleBits.zero
        for requirement in required where !requirement.bytes.intersects(bytes) {
            possible &= ~requirement.rules
        }
        return possible
    }

    private mutating func insert(_ chain: [Transformation], rule: Int) {
        var node = 0
        nodes[node].subtree.insert(rule)
        for transformation in chain {
            let child = nodes.indices.first { nodes[$0].parent == node && nodes[$0].transformation == transformation }
            if let child {
                node = child
            } else {
                nodes.append(
                    Node(
                        parent: node, transformation: transformation, triggers: transformation.triggers,
                        rules: .zero, subtree: .zero))
                node = nodes.count - 1
            }
            nodes[node].subtree.insert(rule)
        }
        nodes[node].rules.insert(rule)
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

    private static func requirements(of rules: [Rule]) -> [(bytes: ByteSet, rules: RuleBits)] {
        var requirements: [(bytes: ByteSet, rules: RuleBits)] = []
        for (index, rule) in rules.enumerated() {
            for bytes in rule.bytes {
                if let known = requirements.firstIndex(where: { $0.bytes == bytes }) {
                    requirements[known].rules.insert(index)
                } else {
                    requirements.append((bytes, RuleBits(index)))
                }
            }
        }
        return requirements
    }
}
