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
    /// Two gates: a question is asked only if both are open. Here are those that are always.
    let open: FixedTable<UInt64>
    /// For each node of the trie: the questions of its form, with them those of its calm part, and all at and below it.
    let own: FixedTable<UInt64>
    let calm: FixedTable<UInt64>
    let whole: FixedTable<UInt64>
    /// Questions of forms that may be longer than the value.
    let growing: FixedTable<UInt64>
    let nodes: FixedTable<TransformationTrie.Node>
    /// Questions of forms below a restless node.
    let unsettled: FixedTable<UInt64>
    /// Transformations that leave values without a trigger alone.
    let makers: FixedTable<Maker>
    /// Distinct sets of bytes, and for each the questions that cannot do without one of them.
    let needs: FixedTable<Need>
    let needing: FixedTable<Needing>

    struct Need: BitwiseCopyable, Sendable {
        var bytes: ByteMask
        /// In `needing`.
        var first: Int32
        var end: Int32
    }

    struct Needing: BitwiseCopyable, Sendable {
        var word: Int32
        var questions: UInt64
    }

    struct Maker: BitwiseCopyable, Sendable {
        var triggers: ByteMask
        var creates: ByteMask
    }
    let restless: FixedTable<Int32>
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

    init(_ rules: [CompiledRule], _ phases: [Range<Int>], _ bareTrie: TransformationTrie) {
        var trie = bareTrie
        let asked = Self.asked(rules, &trie)
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
        let places = trie.setQuestions(nodeOf: questions.map(\.node))
        own = FixedTable(places.own.flatMap(\.words))
        calm = FixedTable(places.calm.flatMap(\.words))
        whole = FixedTable(places.whole.flatMap(\.words))
        growing = FixedTable(those { trie.nodes[questions[$0].node].grows }.words)
        nodes = FixedTable(trie.nodes)
        unsettled = FixedTable(those { trie.nodes[questions[$0].node].isUnsettled }.words)
        makers = FixedTable(Self.makers(trie))
        let (needs, needing) = Self.needs(requirements.map(\.bytes))
        self.needs = FixedTable(needs)
        self.needing = FixedTable(needing)
        restless = FixedTable(trie.restless)
        required = FixedTable(
            requirements.flatMap {
                ($0.bytes + [ByteSet](repeating: ByteSet(), count: 3)).prefix(3).map { ByteMask($0) }
            })
        requiredCount = FixedTable(requirements.map { UInt8(min(3, $0.bytes.count)) })
        ofPhase = phases.map { rules in those { rules.contains(questions[$0].rule) } }
        let gates = Self.gates(requirements.map(\.literals), width: width)
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
        _ rules: [CompiledRule], _ trie: inout TransformationTrie
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

    private static func needs(_ required: [[ByteSet]]) -> ([Need], [Needing]) {
        var (needs, needing): ([Need], [Needing]) = ([], [])
        for (bytes, questions) in needed(required) {
            let first = Int32(needing.count)
            for (word, bits) in questions.words.enumerated() where bits != 0 {
                needing.append(Needing(word: Int32(word), questions: bits))
            }
            needs.append(Need(bytes: ByteMask(bytes), first: first, end: Int32(needing.count)))
        }
        return (needs, needing)
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

    /// By each question's rarest set.
    private static func needed(_ bytes: [[ByteSet]]) -> [(bytes: ByteSet, questions: BitTable)] {
        var needed: [(bytes: ByteSet, questions: BitTable)] = []
        var known: [ByteSet: Int] = [:]
        for (question, sets) in bytes.enumerated() {
            guard let rarest = sets.first else { continue }
            let place = known[rarest] ?? needed.count
            if place == needed.count { needed.append((rarest, BitTable(count: bytes.count))) }
            known[rarest] = place
            needed[place].questions.insert(question)
        }
        return needed
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
