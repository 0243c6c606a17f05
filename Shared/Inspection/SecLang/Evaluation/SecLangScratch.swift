internal import PatternMatching

/// What one evaluation writes while it works: one per thread and program, reused. After a warm-up a clean request
/// allocates nothing.
package struct SecLangScratch: ~Copyable {
    /// A member of a writable collection.
    struct Cell {
        var isSet = false
        var hasNumber = false
        var hasText = false
        var number = 0
        var text = 0..<0
    }

    /// The name of a cell that rules composed for this request.
    struct DynamicKey {
        var variable: SecLangVariable
        var name: Range<Int>
        var hash: UInt64
    }

    /// A value after some transformations.
    struct Form {
        var bytes: Range<Int>
        var mask: ByteMask
        /// The form that this one is in lower case, if it came about so.
        var inOtherCase: Int?
        /// Where in `hits` the literals of this form stand, nil before they were looked for.
        var hits: Int?
    }

    /// Which form a transformation makes of which.
    struct Derivation {
        var from: Int
        var by: SecLangTransformation
        var to: Int
    }

    /// Which form of the value at hand stands at which node, as far as somebody asked.
    struct NodeForms: ~Copyable {
        // Not private: the compiler loses the type in builds file by file.
        struct Entry: BitwiseCopyable {
            var value: Int = -1
            var form: Int = 0
        }

        private var entries: FixedTable<Entry>
        private var value = 0

        init(_ prefilter: Prefilter) { entries = FixedTable(repeating: Entry(), count: prefilter.nodes.count) }

        /// Another value.
        mutating func begin() { value &+= 1 }

        subscript(_ node: Int) -> Int? {
            get { entries[node].value == value ? entries[node].form : nil }
            set { entries[node] = Entry(value: newValue == nil ? -1 : value, form: newValue ?? 0) }
        }
    }

    /// A question that was answered with yes.
    struct Answer {
        var value: Int
        var form: Range<Int>
        var place: Range<Int>
        var captures: Range<Int>
        /// The rule's next answer, or -1.
        var next: Int
    }

    /// What the first rules of phase 1 do is the same for every request as long as they look at nothing but what rules
    /// wrote before: it is done once.
    struct Opening {
        var next: Int
        var cells: [Cell]
        var bytes: [UInt8]
    }

    /// A value that matched in the chain at hand.
    struct Matched {
        var variable: SecLangVariable
        var name: Range<Int>
        var value: Range<Int>
    }

    var table = SecLangValues()
    var cells: [Cell] = []
    var openCollections: Set<SecLangVariable> = []
    var dynamicKeys: [DynamicKey] = []

    var output: [UInt8] = []
    var expanded: [UInt8] = []
    /// Short values may take a pattern longer: together they cannot take long.
    let match: MatchScratch
    let longMatch: MatchScratch
    var captures: [Range<Int>] = []
    /// Expressions that rules composed, kept from request to request.
    var composed: [[UInt8]: Pattern] = [:]

    var forms: [Form] = []
    var derived: [Derivation] = []
    var formOfNode: NodeForms
    var hits: [UInt64] = []
    var profiles: ValueProfiles
    var known = KnownValues()
    /// That of the value at hand.
    var profile = 0
    /// It is asked only what it answered with yes before.
    var isKnown = false
    /// What it answers with yes; nil when that is more than can be remembered.
    var positives: KnownValues.Questions?
    var digests = DigestMemory()
    /// Where phase 1 begins, and with what; nil when rules look at the request from the first one on.
    var opening: Opening?
    var answers: [Answer] = []
    var answerCaptures: [Range<Int>] = []
    /// For each rule, and which of them have any.
    var firstAnswer: [Int]
    var answeredRules: [Int] = []
    var lastAnswer: [Int]

    var matched: [Matched] = []
    var place = 0..<0
    var verdict = SecLangVerdict()
    var visit: BitTable
    var expectations: Expectations

    var mode = SecLangMode.on
    var processor = BodyProcessor.none
    var isBodyForced = false
    var readsRequestBody = true
    var readsResponseBody = true
    var removedRules: BitTable
    var hasRemovedRules = false
    var removedTargets: [(rules: BitTable, target: CompiledTarget)] = []
    var highestSeverity = 255
    var work = 0
    var requestBodyLength = 0
    var responseBodyLength = 0
    var currentRule = 0
    var epochSeconds = 0

    init(_ program: SecLangProgram, _ expectations: Expectations) throws(InspectionFailure) {
        let short = try Self.makeMatchScratch(limit: 20_000)
        let long = try Self.makeMatchScratch(limit: 5_000)
        match = short
        longMatch = long
        profiles = ValueProfiles(program.prefilter)
        formOfNode = NodeForms(program.prefilter)
        visit = BitTable(count: program.rules.count)
        removedRules = BitTable(count: program.rules.count)
        firstAnswer = [Int](repeating: -1, count: program.rules.count)
        lastAnswer = firstAnswer
        self.expectations = expectations
    }

    private static func makeMatchScratch(limit: UInt32) throws(InspectionFailure) -> MatchScratch {
        do {
            return try MatchScratch(limit: limit)
        } catch {
            throw .outOfMemory
        }
    }

    mutating func reset(_ program: SecLangProgram, _ limits: SecLangLimits) {
        table.reset(limits)
        let names = program.names.keys.count
        if cells.count > names { cells.removeLast(cells.count - names) }
        if cells.count < names { cells = [Cell](repeating: Cell(), count: names) }
        if let opening {
            for index in cells.indices { cells[index] = opening.cells[index] }
            table.bytes += opening.bytes
        } else {
            for index in cells.indices { cells[index] = Cell() }
        }
        if !openCollections.isEmpty { openCollections.removeAll() }
        dynamicKeys.removeAll(keepingCapacity: true)
        forgetAnswers()
        verdict = SecLangVerdict()
        mode = program.mode
        processor = .none
        isBodyForced = false
        readsRequestBody = program.isRequestBodyRead
        readsResponseBody = program.isResponseBodyRead
        if hasRemovedRules { removedRules.removeAll() }
        hasRemovedRules = false
        removedTargets.removeAll(keepingCapacity: true)
        highestSeverity = 255
        work = 0
        requestBodyLength = 0
        responseBodyLength = 0
        for word in visit.words.indices {
            visit.words[word] = program.unconditional.words[word] | ~expectations.rules.words[word]
        }
    }

    private mutating func forgetAnswers() {
        guard !answers.isEmpty else { return }
        answers.removeAll(keepingCapacity: true)
        answerCaptures.removeAll(keepingCapacity: true)
        for rule in answeredRules { firstAnswer[rule] = -1 }
        answeredRules.removeAll(keepingCapacity: true)
    }

    mutating func add(_ answer: Answer, rule: Int) {
        answers.append(answer)
        if firstAnswer[rule] < 0 {
            firstAnswer[rule] = answers.count - 1
            answeredRules.append(rule)
        } else {
            answers[lastAnswer[rule]].next = answers.count - 1
        }
        lastAnswer[rule] = answers.count - 1
        visit.insert(rule)
    }
}

/// Which rules' turns come in ordinary requests: their questions are asked of all values at once, before anybody knows
/// whether the turn comes. A rule whose turn comes unexpectedly is asked then, and expected from the next request on, so
/// this decides how long a request takes and never what is found.
struct Expectations: Sendable {
    private(set) var rules: BitTable
    private(set) var questions: BitTable
    /// Changes with them.
    private(set) var version: UInt64 = 1
    private var reached: BitTable
    private var requests = 0

    private static let period = 4_096

    init(_ program: SecLangProgram) {
        rules = BitTable(count: program.rules.count)
        reached = rules
        questions = BitTable(count: program.prefilter.width * 64)
    }

    mutating func noteReached(_ range: Range<Int>) { reached.insert(range) }

    mutating func endRequest(_ program: SecLangProgram) {
        requests += 1
        let isPeriodOver = requests >= Self.period
        guard isPeriodOver || !rules.isSuperset(of: reached) else { return }
        let before = rules
        if isPeriodOver { rules = reached } else { rules.formUnion(reached) }
        if isPeriodOver {
            reached.removeAll()
            requests = 0
        }
        guard rules != before else { return }
        version += 1
        questions.removeAll()
        for (index, question) in program.prefilter.questions.enumerated() where rules[question.rule] {
            questions.insert(index)
        }
    }
}
