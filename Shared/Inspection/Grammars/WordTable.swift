/// Words with a meaning each, letter case ignored: an open hash table over bytes, so that a look-up allocates nothing.
struct WordTable<Meaning: Sendable>: Sendable {
    private struct Slot: Sendable {
        var hash: UInt32
        /// The word's place among the letters; an empty slot's length is 0.
        var start: UInt16
        var length: UInt16
        var meaning: Meaning?
    }

    private var slots: [Slot]
    private var letters: [UInt8] = []
    private let mask: Int
    /// For each first byte, the lengths of the words that begin with it: most other words end here.
    private var lengths = [UInt64](repeating: 0, count: 256)

    /// Each entry is a meaning and its words, separated by spaces; no word has more than 63 letters.
    init(_ entries: [(Meaning, String)]) {
        let words = entries.flatMap { meaning, text in
            text.split(separator: " ").map { (word: Array($0.utf8), meaning: meaning) }
        }
        var capacity = 16
        while capacity < words.count * 4 { capacity *= 2 }
        slots = [Slot](repeating: Slot(hash: 0, start: 0, length: 0, meaning: nil), count: capacity)
        mask = capacity - 1
        for (word, meaning) in words { insert(word, meaning) }
    }

    private mutating func insert(_ word: [UInt8], _ meaning: Meaning) {
        precondition((1...63).contains(word.count), "a word of 1 to 63 letters")
        var hash: UInt32 = 2_166_136_261
        for byte in word { hash = Self.step(hash, byte) }
        var index = Int(hash) & mask
        while slots[index].length > 0, !matches(slots[index], word.span, word.indices) { index = (index + 1) & mask }
        slots[index] = Slot(
            hash: hash, start: UInt16(letters.count), length: UInt16(word.count), meaning: meaning)
        letters += word
        lengths[Int(word[0])] |= 1 << UInt64(word.count)
    }

    @inline(__always) private static func step(_ hash: UInt32, _ byte: UInt8) -> UInt32 {
        (hash ^ UInt32(byte)) &* 16_777_619
    }

    func callAsFunction(_ text: Span<UInt8>, _ range: Range<Int>) -> Meaning? {
        guard range.count < 64, !range.isEmpty,
            lengths[Int(text[range.lowerBound].lowercased)] & (1 &<< UInt64(range.count)) != 0
        else { return nil }
        var hash: UInt32 = 2_166_136_261
        for index in range { hash = Self.step(hash, text[index].lowercased) }
        var index = Int(hash) & mask
        while slots[index].length > 0 {
            if slots[index].hash == hash, matches(slots[index], text, range) { return slots[index].meaning }
            index = (index + 1) & mask
        }
        return nil
    }

    private func matches(_ slot: Slot, _ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard Int(slot.length) == range.count else { return false }
        let start = Int(slot.start)
        for offset in 0..<range.count where text[range.lowerBound + offset].lowercased != letters[start + offset] {
            return false
        }
        return true
    }
}
