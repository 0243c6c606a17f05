/// What values of a profile, about so long, with such bytes, may answer with yes: worked out once and kept, since values look
/// alike. Letters and digits are not told apart here (`ByteMask.withLikes`): nearly every text has its own set of them.
/// Working it out anew for each value was a fifth of what a form costs.
struct NarrowedProfiles: ~Copyable {
    private static let slots = 256

    // Not private: the compiler loses the type in builds file by file.
    struct Key: BitwiseCopyable, Equatable {
        /// Of the profile: there is none with this one.
        var version = UInt64.max
        var length = 0
        var mask = ByteMask()
    }

    private let width: Int
    private var keys = FixedTable(repeating: Key(), count: slots)
    private var areEmpty = FixedTable(repeating: false, count: slots)
    /// `width` words for each slot: the questions; of all questions those whose form may be another than the value, and
    /// those of which the third gate tells nothing.
    private(set) var questions: FixedTable<UInt64>
    private(set) var altered: FixedTable<UInt64>
    private(set) var torn: FixedTable<UInt64>

    init(width: Int) {
        self.width = width
        questions = FixedTable(repeating: 0, count: Self.slots * width)
        altered = FixedTable(repeating: 0, count: Self.slots * width)
        torn = FixedTable(repeating: 0, count: Self.slots * width)
    }

    /// The place of what is left of the questions that stand in `profiles` from `row` on; nil when nothing is.
    mutating func find(
        _ profiles: borrowing FixedTable<UInt64>, _ row: Int, _ version: UInt64, length: Int, _ mask: ByteMask,
        _ prefilter: Prefilter
    ) -> Int? {
        let mask = mask.withLikes
        // No transformation but a few makes a text longer, letters beyond ASCII aside.
        let length = mask.isBeyondASCII ? Prefilter.lengths - 1 : Self.rounded(length)
        let key = Key(version: version, length: length, mask: mask)
        let slot = Int(mask.hash(version << 8 ^ UInt64(length)) >> 40) & (Self.slots - 1)
        if keys[slot] != key {
            keys[slot] = key
            areEmpty[slot] = !fill(slot, profiles, row, length, mask, prefilter)
        }
        return areEmpty[slot] ? nil : slot
    }

    /// A longer value may be asked more: rounding up is safe.
    private static func rounded(_ length: Int) -> Int { min(length < 4 ? length : length | 3, Prefilter.lengths - 1) }

    /// A question that cannot do without certain bytes is left out unless the value has one, or some transformation may
    /// make one of what the value has. Returns whether any is left.
    private mutating func fill(
        _ slot: Int, _ profiles: borrowing FixedTable<UInt64>, _ row: Int, _ length: Int, _ mask: ByteMask,
        _ prefilter: Prefilter
    ) -> Bool {
        let first = slot &* width
        for word in 0..<width {
            questions[first &+ word] =
                profiles[row &+ word]
                & (prefilter.longEnough[length &* width &+ word] | prefilter.growing[word])
            altered[first &+ word] = prefilter.unsettled[word]
            torn[first &+ word] = prefilter.unsettled[word]
        }
        prefilter.needs.forEach(having: false, Self.reach(of: mask, prefilter)) { word, needing in
            questions[first &+ word] &= ~needing | prefilter.unsettled[word]
        }
        prefilter.triggers.forEach(having: true, mask) { word, some in altered[first &+ word] |= some }
        prefilter.tears.forEach(having: true, mask) { word, some in torn[first &+ word] |= some }
        var any: UInt64 = 0
        for word in 0..<width { any |= questions[first &+ word] }
        return any != 0
    }

    /// Every byte that a form of a value with these may have.
    private static func reach(of mask: ByteMask, _ prefilter: Prefilter) -> ByteMask {
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
}
