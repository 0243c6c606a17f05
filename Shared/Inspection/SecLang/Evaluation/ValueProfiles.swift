internal import PatternMatching

/// Which questions are asked of a value, by its kind and name: worked out once for each and kept, since requests have the
/// same names again and again. A profile is a place in these tables.
struct ValueProfiles: ~Copyable {
    private static let slots = 512
    private static let longestName = 48
    /// Before these there is one for each phase and kind.
    private static let firstNamed = 5 * SecLangVariable.storedCount

    // Not private: the compiler loses the type in builds file by file.
    struct Key: BitwiseCopyable {
        var epoch: UInt64 = 0
        var kind: Int32 = -1
        var length: Int32 = 0
        var isEmpty = false
    }

    private let width: Int
    private var keys: FixedTable<Key>
    private var names: FixedTable<UInt8>
    /// The questions, `width` words for each slot, one place for names that are too long to be kept, and one for the
    /// value at hand.
    private var questions: FixedTable<UInt64>
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

    /// Whether something is asked at a node or below it.
    @inline(__always) func has(_ profile: Int, node index: Int, _ prefilter: Prefilter) -> Bool {
        let words = prefilter.nodes[index].whole
        for word in Int(words.first)..<Int(words.end)
        where questions[profile &* width &+ word] & prefilter.whole[index &* width &+ word] != 0 { return true }
        return false
    }

    /// Nil when nothing is asked of such a value.
    @inline(__always) mutating func find(
        _ kind: Int, _ name: Span<UInt8>, _ prefilter: Prefilter, _ match: borrowing MatchScratch
    ) -> Int? {
        let slot: Int
        if !prefilter.asksForNames[kind] {
            slot = (phase &- 1) &* SecLangVariable.storedCount &+ kind
            if keys[slot].epoch == epoch { return keys[slot].isEmpty ? nil : slot }
        } else if name.count <= Self.longestName {
            let hash = KnownValues.hash(name, UInt64(kind << 3 | phase))
            slot = Self.firstNamed &+ Int(truncatingIfNeeded: hash >> 32) % (Self.slots - Self.firstNamed)
            let key = keys[slot]
            if key.epoch == epoch, key.kind == Int32(kind), key.length == Int32(name.count),
                names.holds(name, at: slot * Self.longestName)
            {
                return key.isEmpty ? nil : slot
            }
        } else {
            slot = Self.slots
        }
        fill(slot, kind, name, prefilter, match)
        return keys[slot].isEmpty ? nil : slot
    }

    private mutating func fill(
        _ slot: Int, _ kind: Int, _ name: Span<UInt8>, _ prefilter: Prefilter, _ match: borrowing MatchScratch
    ) {
        for word in 0..<width { questions[slot * width + word] = prefilter.general[kind * width + word] }
        for selection in prefilter.includingOf[kind] where selection.selector.selects(name, match) {
            for word in 0..<width { questions[slot * width + word] |= selection.included[word] }
        }
        for selection in prefilter.excludingOf[kind] where selection.selector.selects(name, match) {
            for word in 0..<width { questions[slot * width + word] &= ~selection.excluded[word] }
        }
        var any: UInt64 = 0
        for word in 0..<width {
            questions[slot * width + word] &= active.words[word]
            any |= questions[slot * width + word]
        }
        if slot < Self.slots { names.store(name.extracting(first: Self.longestName), at: slot * Self.longestName) }
        keys[slot] = Key(
            epoch: epoch, kind: Int32(kind), length: Int32(min(name.count, Int(Int32.max))), isEmpty: any == 0)
    }

    // MARK: One value

    /// Of a profile what a value of this length and these bytes may answer with yes; nil when that is nothing. A
    /// question that cannot do without certain bytes is left out unless the value has one, or some transformation may
    /// make one of what the value has.
    mutating func narrow(_ profile: Int, length: Int, _ mask: ByteMask, _ prefilter: Prefilter) -> Int? {
        let slot = Self.slots + 1
        // No transformation but a few makes a text longer, letters beyond ASCII aside.
        let length = mask.isBeyondASCII ? Prefilter.lengths - 1 : min(length, Prefilter.lengths - 1)
        var any: UInt64 = 0
        for word in 0..<width {
            let bits =
                questions[profile &* width &+ word]
                & (prefilter.longEnough[length &* width &+ word] | prefilter.growing[word])
            questions[slot &* width &+ word] = bits
            any |= bits
        }
        guard any != 0 else { return nil }
        let reach = reach(of: mask, prefilter)
        for index in 0..<prefilter.needs.count {
            let need = prefilter.needs[index]
            if need.bytes.intersects(reach) { continue }
            for place in Int(need.first)..<Int(need.end) {
                let needing = prefilter.needing[place]
                questions[slot &* width &+ Int(needing.word)] &=
                    ~needing.questions | prefilter.unsettled[Int(needing.word)]
            }
        }
        any = 0
        for word in 0..<width { any |= questions[slot &* width &+ word] }
        return any == 0 ? nil : slot
    }

    /// Every byte that a form of a value with these may have.
    private func reach(of mask: ByteMask, _ prefilter: Prefilter) -> ByteMask {
        var reach = mask
        var done: UInt64 = 0
        var isStable = false
        while !isStable {
            isStable = true
            for index in 0..<prefilter.makers.count where done & (1 &<< UInt64(index)) == 0 {
                guard prefilter.makers[index].triggers.intersects(reach) else { continue }
                reach.formUnion(prefilter.makers[index].creates)
                done |= 1 &<< UInt64(index)
                isStable = false
            }
        }
        return reach
    }

    /// A profile of these questions alone, until the next one is wanted.
    mutating func only(_ few: KnownValues.Questions) -> Int {
        let slot = Self.slots + 1
        for word in 0..<width { questions[slot &* width &+ word] = 0 }
        for index in 0..<few.count {
            let question = few[index]
            questions[slot &* width &+ question >> 6] |= 1 &<< UInt64(question & 63)
        }
        return slot
    }
}
