internal import PatternMatching

/// A question is one rule's first test asked of one form of a value. Before it is asked, the tables here tell which
/// questions cannot be answered with yes: by the value's length, its bytes, the literals in it.
final class Prefilter: Sendable {
    final class Question: Sendable {
        let rule: Int
        let node: Int
        /// A rule with `multiMatch` asks again after each transformation, but only if that changed something.
        let isRepeated: Bool
        let test: CompiledTest
        let isNegated: Bool
        let isCapturing: Bool
        /// Each must have a byte in the value.
        let bytes: [ByteSet]

        init(_ rule: CompiledRule, node: Int, bytes: [ByteSet]) {
            let link = rule.links[0]
            self.rule = rule.index
            self.node = node
            self.bytes = bytes
            isRepeated = link.isMultiMatch && node != 0
            test = link.test
            isNegated = link.isNegated
            isCapturing = link.isCapturing
        }
    }

    let questions: [Question]
    /// Sets of questions, `width` words each. For each length: what a form of so many bytes (the last: or more) is long
    /// enough for.
    let longEnough: [UInt64]
    /// For each kind of value: the questions of rules that take in all its members.
    let general: [UInt64]
    /// Two gates: a question is asked only if both are open. Here are those that are always.
    let open: [UInt64]
    /// For each phase: its rules' questions.
    let ofPhase: [BitTable]
    let literals: [LiteralIndex]
    /// Numbers of the second gate stand behind those of the first.
    let width: Int

    /// Members of one kind that some rules name.
    final class Selection: Sendable {
        let kind: Int
        let selector: CompiledSelector
        let included: [UInt64]
        let excluded: [UInt64]

        init(_ draft: SelectionDraft) {
            kind = draft.kind
            selector = draft.selector
            included = draft.included.words
            excluded = draft.excluded.words
        }
    }

    struct SelectionDraft {
        var kind: Int
        var selector: CompiledSelector
        var included: BitTable
        var excluded: BitTable
    }

    /// For each kind, the selections that put something in, and those that take something out.
    let includingOf: [[Selection]]
    let excludingOf: [[Selection]]

    static let lengths = 32

    init(_ rules: [CompiledRule], _ phases: [Range<Int>], _ trie: inout TransformationTrie) {
        var asked: [(question: Question, requirements: PatternRequirements)] = []
        for rule in rules where rule.links[0].isPure {
            let link = rule.links[0]
            let requirements = link.isNegated ? PatternRequirements() : Self.requirements(of: rule)
            let path = trie.path(link.transformations)
            for node in link.isMultiMatch ? path : [path[path.count - 1]] {
                let question = Question(rule, node: node, bytes: Array(requirements.bytes.prefix(3)))
                asked.append((question, requirements))
            }
        }
        asked.sort { ($0.question.node, $0.question.rule) < ($1.question.node, $1.question.rule) }
        trie.setQuestions(nodeOf: asked.map(\.question.node))
        let questions = asked.map(\.question)
        self.questions = questions
        let count = questions.count
        let width = (count + 63) / 64
        self.width = width
        longEnough = (0..<Self.lengths).flatMap { length in
            asked.indices.reduce(into: BitTable(count: count)) { table, index in
                // The last stands for every length from there on.
                let needed = min(asked[index].requirements.minimumLength, Self.lengths - 1)
                if needed <= length { table.insert(index) }
            }.words
        }
        ofPhase = phases.map { rules in
            questions.indices.reduce(into: BitTable(count: count)) { table, index in
                if rules.contains(questions[index].rule) { table.insert(index) }
            }
        }
        let gates = Self.gates(asked.map(\.requirements.literals), width: width)
        open = gates.0.flatMap(\.words)
        literals = gates.1
        let reach = Self.reach(rules, questions)
        general = reach.general.flatMap(\.words)
        let selections = reach.selected
        let kinds = 0..<SecLangVariable.storedCount
        includingOf = kinds.map { kind in
            selections.filter { $0.kind == kind && !$0.included.isEmpty }.map { Selection($0) }
        }
        excludingOf = kinds.map { kind in
            selections.filter { $0.kind == kind && !$0.excluded.isEmpty }.map { Selection($0) }
        }
    }

    // MARK: What a match must contain

    private static func requirements(of rule: CompiledRule) -> PatternRequirements {
        switch rule.definition.links[0].condition {
        case .regex(let text): return PatternRequirements(of: text, SecLangProgram.patternOptions)
        case .phrases(let phrases):
            return PatternRequirements(
                minimumLength: phrases.map(\.count).min() ?? 0, literals: [phrases.map { $0.map(\.lowercased) }])
        case .bytesOutside(let bytes): return PatternRequirements(minimumLength: 1, bytes: [bytes])
        case .malformedURLEncoding: return PatternRequirements(minimumLength: 1, bytes: [ByteSet("%")])
        case .malformedUTF8:
            return PatternRequirements(minimumLength: 1, bytes: [ByteSet(0x80...0xff as ClosedRange<UInt8>)])
        case .text(let test, let text):
            guard test != .within, let literal = text.literal, literal.count > 1 else { return PatternRequirements() }
            return PatternRequirements(minimumLength: literal.count, literals: [[literal.map(\.lowercased)]])
        default: return PatternRequirements()
        }
    }

    private static let windowLength = 7

    private static func gates(_ literals: [[[[UInt8]]]], width: Int) -> ([BitTable], [LiteralIndex]) {
        var open = [BitTable(count: width * 64), BitTable(count: width * 64)]
        var entries: [(bytes: [UInt8], number: Int)] = []
        for (question, choices) in literals.enumerated() {
            for gate in 0..<2 {
                guard gate < choices.count else {
                    open[gate].insert(question)
                    continue
                }
                for literal in choices[gate] {
                    entries.append((Rarity.window(literal, windowLength), gate * width * 64 + question))
                }
            }
        }
        if let index = LiteralIndex(entries, numbers: width * 128) { return (open, [index]) }
        // Too many for one table: several, each of which sets its own bits.
        let half = entries.count / 2
        let parts = [Array(entries[..<half]), Array(entries[half...])].compactMap {
            LiteralIndex($0, numbers: width * 128)
        }
        guard parts.count == 2 else {
            for question in literals.indices {
                open[0].insert(question)
                open[1].insert(question)
            }
            return (open, [])
        }
        return (open, parts)
    }

    // MARK: Which values a question is asked of

    private static func reach(
        _ rules: [CompiledRule], _ questions: [Question]
    ) -> (general: [BitTable], selected: [SelectionDraft]) {
        var general = [BitTable](repeating: BitTable(count: questions.count), count: SecLangVariable.storedCount)
        var selected: [SelectionDraft] = []
        var known: [String: Int] = [:]
        func selection(_ kind: Int, _ target: RuleTarget, _ selector: CompiledSelector) -> Int {
            let key = "\(kind) \(target.selector)"
            if let index = known[key] { return index }
            let empty = BitTable(count: questions.count)
            selected.append(SelectionDraft(kind: kind, selector: selector, included: empty, excluded: empty))
            known[key] = selected.count - 1
            return selected.count - 1
        }
        for (number, question) in questions.enumerated() {
            let link = rules[question.rule].links[0]
            let targets = rules[question.rule].definition.links[0].targets
            for (target, compiled) in zip(targets.filter { !$0.isExclusion }, link.targets) {
                for kind in compiled.kinds {
                    if case .all = compiled.selector {
                        general[kind].insert(number)
                    } else {
                        selected[selection(kind, target, compiled.selector)].included.insert(number)
                    }
                }
            }
            for (target, compiled) in zip(targets.filter(\.isExclusion), link.exclusions) {
                for kind in compiled.kinds {
                    selected[selection(kind, target, compiled.selector)].excluded.insert(number)
                }
            }
        }
        return (general, selected)
    }
}
