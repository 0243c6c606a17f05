internal import PatternMatching

/// Which questions are asked of a value, by its kind and name: worked out once for each and kept, since requests have the
/// same names again and again. A profile is a place in these tables.
struct ValueProfiles: ~Copyable {
    private static let slots = 512
    private static let longestName = 48
    /// Before these there is one for each phase and kind.
    private static let firstNamed = 5 * SecLangVariable.storedCount
    /// The row of a name that is too long to be kept, and that of the value at hand.
    private static let unnamed = slots
    private static let atHand = slots + 1

    // Not private: the compiler loses the type in builds file by file.
    struct Key: BitwiseCopyable {
        var epoch: UInt64 = 0
        var kind: Int32 = -1
        var length: Int32 = 0
        /// Where its questions stand: mostly with those of its kind, whatever its name. -1 when there are none.
        var row: Int32 = -1
    }

    private let width: Int
    private var keys: FixedTable<Key>
    private var names: FixedTable<UInt8>
    /// The questions, `width` words for each row.
    private var questions: FixedTable<UInt64>
    /// For each row a number that no other row had and that it had not with other questions.
    private var versions: FixedTable<UInt64>
    private var lastVersion: UInt64 = 0
    private var narrowed: NarrowedProfiles
    /// Questions that may be asked now.
    var active: BitTable
    /// Changes with what may be asked.
    private(set) var epoch: UInt64 = 0
    private(set) var hasActive = false
    private var phase = 1

    init(_ prefilter: Prefilter) {
        width = prefilter.width
        keys = FixedTable(repeating: Key(), count: Self.slots + 1)
        names = FixedTable(repeating: 0, count: (Self.slots + 1) * Self.longestName)
        questions = FixedTable(repeating: 0, count: (Self.slots + 2) * width)
        versions = FixedTable(repeating: 0, count: Self.slots + 2)
        narrowed = NarrowedProfiles(width: width)
        active = BitTable(count: width * 64)
    }

    mutating func begin(_ phases: ClosedRange<Int>, version: UInt64, _ prefilter: Prefilter, _ expected: BitTable) {
        let next = version << 8 | UInt64(phases.lowerBound << 4 | phases.upperBound)
        guard next != epoch else { return }
        epoch = next
        phase = phases.lowerBound
        hasActive = false
        for word in 0..<width {
            var bits: UInt64 = 0
            for phase in phases { bits |= prefilter.ofPhase[phase].words[word] }
            active.words[word] = bits & expected.words[word]
            if active.words[word] != 0 { hasActive = true }
        }
    }

    @inline(__always) func word(_ profile: Int, _ word: Int) -> UInt64 { questions[profile &* width &+ word] }

    /// Nil when nothing is asked of such a value.
    @inline(__always) mutating func find(
        _ kind: Int, _ name: Span<UInt8>, _ prefilter: Prefilter, _ match: borrowing MatchScratch
    ) -> Int? {
        let common = (phase &- 1) &* SecLangVariable.storedCount &+ kind
        if keys[common].epoch != epoch { fill(common, kind, prefilter) }
        let slot = prefilter.asksForNames[kind] ? named(common, kind, name, prefilter, match) : common
        let row = Int(keys[slot].row)
        return row < 0 ? nil : row
    }

    private mutating func named(
        _ common: Int, _ kind: Int, _ name: Span<UInt8>, _ prefilter: Prefilter, _ match: borrowing MatchScratch
    ) -> Int {
        var slot = Self.unnamed
        if name.count <= Self.longestName {
            let hash = KnownValues.hash(name, UInt64(kind << 3 | phase))
            slot = Self.firstNamed &+ Int(truncatingIfNeeded: hash >> 32) % (Self.slots - Self.firstNamed)
            let key = keys[slot]
            if key.epoch == epoch, key.kind == Int32(kind), key.length == Int32(name.count),
                names.holds(name, at: slot * Self.longestName)
            {
                return slot
            }
            names.store(name, at: slot * Self.longestName)
        }
        keys[slot] = Key(
            epoch: epoch, kind: Int32(kind), length: Int32(min(name.count, Int(Int32.max))), row: keys[common].row)
        fill(slot, kind, name, prefilter, match)
        return slot
    }

    /// What is asked of a kind whatever the name.
    private mutating func fill(_ slot: Int, _ kind: Int, _ prefilter: Prefilter) {
        for word in 0..<width { questions[slot * width + word] = prefilter.general[kind * width + word] }
        keys[slot] = Key(epoch: epoch, kind: Int32(kind), row: finish(slot))
    }

    /// And where the name matters.
    private mutating func fill(
        _ slot: Int, _ kind: Int, _ name: Span<UInt8>, _ prefilter: Prefilter, _ match: borrowing MatchScratch
    ) {
        var isCommon = true
        func begin() {
            guard isCommon else { return }
            isCommon = false
            for word in 0..<width { questions[slot * width + word] = prefilter.general[kind * width + word] }
        }
        for selection in prefilter.includingOf[kind] where selection.selector.selects(name, match) {
            begin()
            for word in 0..<width { questions[slot * width + word] |= selection.included[word] }
        }
        for selection in prefilter.excludingOf[kind] where selection.selector.selects(name, match) {
            begin()
            for word in 0..<width { questions[slot * width + word] &= ~selection.excluded[word] }
        }
        if !isCommon { keys[slot].row = finish(slot) }
    }

    private mutating func finish(_ row: Int) -> Int32 {
        var any: UInt64 = 0
        for word in 0..<width {
            questions[row * width + word] &= active.words[word]
            any |= questions[row * width + word]
        }
        lastVersion += 1
        versions[row] = lastVersion
        return any == 0 ? -1 : Int32(row)
    }

    // MARK: One value

    /// Of a profile what a value of this length and these bytes may answer with yes: a place in what was narrowed; nil when
    /// that is nothing.
    mutating func narrow(_ profile: Int, length: Int, _ mask: ByteMask, _ prefilter: Prefilter) -> Int? {
        narrowed.find(questions, profile &* width, versions[profile], length: length, mask, prefilter)
    }

    /// Whether literals decide about any of it.
    func asksForLiterals(_ place: Int, _ prefilter: Prefilter) -> Bool {
        for word in 0..<width where narrowed.questions[place &* width &+ word] & ~passed(place, word, prefilter) != 0 {
            return true
        }
        return false
    }

    /// Questions that need no literal in the value.
    @inline(__always) private func passed(_ place: Int, _ word: Int, _ prefilter: Prefilter) -> UInt64 {
        let (first, second) = (prefilter.open[word], prefilter.open[prefilter.gate(1) &+ word])
        let (altered, torn) = (narrowed.altered[place &* width &+ word], narrowed.torn[place &* width &+ word])
        return (altered | first & second) & (torn | prefilter.open[prefilter.gate(2) &+ word])
    }

    /// Of that what the literals in the value leave (`hits` from `start` on); nil when that is nothing.
    mutating func settle(_ place: Int, _ hits: [UInt64], at start: Int, _ prefilter: Prefilter) -> Int? {
        let (one, two) = (prefilter.gate(1), prefilter.gate(2))
        var any: UInt64 = 0
        for word in 0..<width {
            let (altered, torn) = (narrowed.altered[place &* width &+ word], narrowed.torn[place &* width &+ word])
            let first = hits[start &+ word] | prefilter.open[word]
            let second = hits[start &+ one &+ word] | prefilter.open[one &+ word]
            let third = hits[start &+ two &+ word] | prefilter.open[two &+ word]
            let bits =
                narrowed.questions[place &* width &+ word] & (altered | first & second) & (torn | third)
            questions[Self.atHand &* width &+ word] = bits
            any |= bits
        }
        return any == 0 ? nil : Self.atHand
    }

    /// The same where literals decide nothing.
    mutating func settle(_ place: Int) -> Int {
        for word in 0..<width {
            questions[Self.atHand &* width &+ word] = narrowed.questions[place &* width &+ word]
        }
        return Self.atHand
    }

    /// A profile of these questions alone, until the next one is wanted.
    mutating func only(_ few: KnownValues.Questions) -> Int {
        for word in 0..<width { questions[Self.atHand &* width &+ word] = 0 }
        for index in 0..<few.count {
            let question = few[index]
            questions[Self.atHand &* width &+ question >> 6] |= 1 &<< UInt64(question & 63)
        }
        return Self.atHand
    }
}
