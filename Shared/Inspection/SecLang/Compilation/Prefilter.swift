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

        init(_ rule: CompiledRule, node: Int) {
            let link = rule.links[0]
            self.rule = rule.index
            self.node = node
            isRepeated = link.isMultiMatch && node != 0
            test = link.test
            isNegated = link.isNegated
            isCapturing = link.isCapturing
        }
    }

    let questions: [Question]
    /// Sets of questions, `width` words each. For each length: what a form of so many bytes (the last: or more) is long
    /// enough for.
    let longEnough: FixedTable<UInt64>
    /// For each kind of value: the questions of rules that take in all its members.
    let general: FixedTable<UInt64>
    /// Two gates: a question is asked of a form only if both are open. A third tells of the value whether any form of it
    /// may be worth asking (`ChainSeams`). Here are those that are always open.
    let open: FixedTable<UInt64>
    static let gates = 3
    /// Where in `hits` and `open` a gate's words begin.
    @inline(__always) func gate(_ number: Int) -> Int { number &* width }
    /// Where each question's form is, and what it takes.
    let places: FixedTable<Place>
    /// Questions of forms that may be longer than the value.
    let growing: FixedTable<UInt64>
    let nodes: FixedTable<TransformationTrie.Node>
    /// Questions of forms below a restless node.
    let unsettled: FixedTable<UInt64>
    /// Transformations that leave values without a trigger alone.
    let makers: FixedTable<Maker>
    /// The bytes of which a question needs one, those of which one is enough for its form to be another than the value, and
    /// those of which one is enough for the third gate to tell nothing.
    let needs: QuestionsByBytes
    let triggers: QuestionsByBytes
    let tears: QuestionsByBytes

    struct Maker: BitwiseCopyable, Sendable {
        var triggers: ByteMask
        var creates: ByteMask
    }

    struct Place: BitwiseCopyable, Sendable {
        var node: Int32
        /// At most `lengths` - 1.
        var minimumLength: Int32
        var isRepeated: Bool
    }

    /// For each question three sets of bytes, and how many of them count.
    let required: FixedTable<ByteMask>
    let requiredCount: FixedTable<UInt8>
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

    /// Whether the name of such a value decides what is asked.
    let asksForNames: [Bool]

    static let lengths = 32

    init(_ rules: [CompiledRule], _ phases: [Range<Int>], _ trie: TransformationTrie) {
        let asked = Self.asked(rules, trie)
        let questions = asked.map(\.question)
        let requirements = asked.map(\.requirements)
        func those(where isOne: (Int) -> Bool) -> BitTable {
            questions.indices.reduce(into: BitTable(count: questions.count)) { table, index in
                if isOne(index) { table.insert(index) }
            }
        }
        self.questions = questions
        width = (questions.count + 63) / 64
        // The last stands for every length from there on.
        longEnough = FixedTable(
            (0..<Self.lengths).flatMap { length in
                those { min(requirements[$0].minimumLength, Self.lengths - 1) <= length }.words
            })
        places = FixedTable(
            zip(questions, requirements).map { question, known in
                Place(
                    node: Int32(question.node), minimumLength: Int32(min(known.minimumLength, Self.lengths - 1)),
                    isRepeated: question.isRepeated)
            })
        growing = FixedTable(those { trie.nodes[questions[$0].node].grows }.words)
        nodes = FixedTable(trie.nodes)
        unsettled = FixedTable(those { trie.nodes[questions[$0].node].isUnsettled }.words)
        makers = FixedTable(Self.makers(trie))
        needs = QuestionsByBytes(requirements.map(\.bytes.first))
        triggers = QuestionsByBytes(
            questions.map { question in
                trie.chain(to: question.node).reduce(ByteSet()) { $0 | ($1.triggers ?? ByteSet()) }
            })
        let seams = questions.map { ChainSeams(trie.chain(to: $0.node)) }
        tears = QuestionsByBytes(seams.map(\.tears))
        required = FixedTable(
            requirements.flatMap {
                ($0.bytes + [ByteSet](repeating: ByteSet(), count: 3)).prefix(3).map { ByteMask($0) }
            })
        requiredCount = FixedTable(requirements.map { UInt8(min(3, $0.bytes.count)) })
        ofPhase = phases.map { rules in those { rules.contains(questions[$0].rule) } }
        let gates = Self.gates(
            zip(requirements, seams).map { known, seams in
                let (first, second) = (known.literals.first, known.literals.dropFirst().first)
                return [first, second, seams.solid(known.literals)]
            }, width: width)
        open = FixedTable(gates.0.flatMap(\.words))
        literals = gates.1
        let reach = Self.reach(rules, questions)
        general = FixedTable(reach.general.flatMap(\.words))
        let kinds = 0..<SecLangVariable.storedCount
        func selections(_ isMeant: (SelectionDraft) -> Bool) -> [[Selection]] {
            kinds.map { kind in reach.selected.filter { $0.kind == kind && isMeant($0) }.map { Selection($0) } }
        }
        asksForNames = kinds.map { kind in reach.selected.contains { $0.kind == kind } }
        includingOf = selections { !$0.included.isEmpty }
        excludingOf = selections { !$0.excluded.isEmpty }
    }

    /// What pure rules ask at which form of a value, in the order of the forms, and what a value must have to be worth it.
    private static func asked(
        _ rules: [CompiledRule], _ trie: TransformationTrie
    ) -> [(question: Question, requirements: PatternRequirements)] {
        var asked: [(question: Question, requirements: PatternRequirements)] = []
        for rule in rules where rule.links[0].isPure {
            let link = rule.links[0]
            let requirements = link.isNegated ? PatternRequirements() : requirements(of: rule)
            let path = trie.path(link.transformations)
            for node in link.isMultiMatch ? path : [path[path.count - 1]] {
                asked.append((Question(rule, node: node), requirements))
            }
        }
        return asked.sorted { ($0.question.node, $0.question.rule) < ($1.question.node, $1.question.rule) }
    }

    private static func makers(_ trie: TransformationTrie) -> [Maker] {
        Set(trie.transformations.compactMap { $0 }).compactMap { transformation in
            transformation.triggers.map { Maker(triggers: ByteMask($0), creates: ByteMask(transformation.creates)) }
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
        case .sqlInjection: return PatternRequirements(bytes: SecLangGrammars.neededBytes(.sql))
        case .crossSiteScripting: return PatternRequirements(bytes: SecLangGrammars.neededBytes(.markup))
        default: return PatternRequirements()
        }
    }

    private static let windowLength = 7

    /// For each question its gates' literals; a gate without any is open.
    private static func gates(_ literals: [[[[UInt8]]?]], width: Int) -> ([BitTable], [LiteralIndex]) {
        var open = [BitTable](repeating: BitTable(count: width * 64), count: gates)
        var entries: [(bytes: [UInt8], number: Int)] = []
        for (question, choices) in literals.enumerated() {
            for (gate, choice) in choices.enumerated() {
                guard let choice else {
                    open[gate].insert(question)
                    continue
                }
                for literal in choice {
                    entries.append((Rarity.window(literal, windowLength), gate * width * 64 + question))
                }
            }
        }
        let numbers = gates * width * 64
        if let index = LiteralIndex(entries, numbers: numbers) { return (open, [index]) }
        // Too many for one table: several, each of which sets its own bits.
        let half = entries.count / 2
        let parts = [Array(entries[..<half]), Array(entries[half...])].compactMap { LiteralIndex($0, numbers: numbers) }
        guard parts.count == 2 else {
            for gate in open.indices { open[gate].insert(literals.indices) }
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
