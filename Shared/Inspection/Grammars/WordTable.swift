/// Words with a meaning each, letter case ignored: an open hash table over bytes, so that a look-up allocates nothing.
struct WordTable<Meaning: Sendable>: Sendable {
    private struct Slot: Sendable {
        var word: [UInt8]
        var meaning: Meaning
    }

    private var slots: [Slot?]
    private let mask: Int
    private let longest: Int

    /// Each entry is a meaning and its words, separated by spaces.
    init(_ entries: [(Meaning, String)]) {
        let words = entries.flatMap { meaning, text in
            text.split(separator: " ").map { Slot(word: Array($0.utf8), meaning: meaning) }
        }
        var capacity = 16
        while capacity < words.count * 4 { capacity *= 2 }
        slots = [Slot?](repeating: nil, count: capacity)
        mask = capacity - 1
        longest = words.reduce(0) { max($0, $1.word.count) }
        for slot in words { insert(slot) }
    }

    private mutating func insert(_ slot: Slot) {
        var hash: UInt32 = 2_166_136_261
        for byte in slot.word { hash = Self.step(hash, byte) }
        var index = Int(hash) & mask
        while let known = slots[index], known.word != slot.word { index = (index + 1) & mask }
        slots[index] = slot
    }

    @inline(__always) private static func step(_ hash: UInt32, _ byte: UInt8) -> UInt32 {
        (hash ^ UInt32(byte)) &* 16_777_619
    }

    func callAsFunction(_ text: Span<UInt8>, _ range: Range<Int>) -> Meaning? {
        guard range.count <= longest, !range.isEmpty else { return nil }
        var hash: UInt32 = 2_166_136_261
        for index in range { hash = Self.step(hash, text[index].lowercased) }
        var index = Int(hash) & mask
        while let slot = slots[index] {
            if Self.matches(slot.word, text, range) { return slot.meaning }
            index = (index + 1) & mask
        }
        return nil
    }

    private static func matches(_ word: [UInt8], _ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard word.count == range.count else { return false }
        for offset in word.indices where text[range.lowerBound + offset].lowercased != word[offset] { return false }
        return true
    }
}
