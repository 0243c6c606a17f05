/// A set of small numbers, as wide as the program needs.
struct BitTable: Sendable, Equatable {
    var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    subscript(_ index: Int) -> Bool {
        @inline(__always) get { words[index >> 6] & (1 &<< UInt64(index & 63)) != 0 }
        @inline(__always) set {
            let bit: UInt64 = 1 &<< UInt64(index & 63)
            if newValue { words[index >> 6] |= bit } else { words[index >> 6] &= ~bit }
        }
    }

    mutating func insert(_ index: Int) { self[index] = true }

    mutating func insert(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        for word in (range.lowerBound >> 6)...((range.upperBound - 1) >> 6) {
            words[word] |= Self.mask(of: range, word)
        }
    }

    mutating func removeAll() { for word in words.indices { words[word] = 0 } }

    mutating func formUnion(_ other: BitTable) { for word in words.indices { words[word] |= other.words[word] } }
    mutating func subtract(_ other: BitTable) { for word in words.indices { words[word] &= ~other.words[word] } }

    func isSuperset(of other: BitTable) -> Bool {
        for word in words.indices where other.words[word] & ~words[word] != 0 { return false }
        return true
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The bits of one word that lie in the range.
    @inline(__always) static func mask(of range: Range<Int>, _ word: Int) -> UInt64 {
        let start = word << 6
        var mask = UInt64.max
        if range.lowerBound > start { mask &= UInt64.max &<< UInt64(range.lowerBound - start) }
        if range.upperBound < start + 64 { mask &= ~(UInt64.max &<< UInt64(max(0, range.upperBound - start))) }
        return mask
    }

    @inline(__always) func intersects(_ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        for word in (range.lowerBound >> 6)...((range.upperBound - 1) >> 6)
        where words[word] & Self.mask(of: range, word) != 0 { return true }
        return false
    }

    /// The first member at or after `start` and before `end`.
    @inline(__always) func next(from start: Int, before end: Int) -> Int? {
        guard start < end else { return nil }
        var word = start >> 6
        var bits = words[word] & (UInt64.max &<< UInt64(start & 63))
        while bits == 0 {
            word += 1
            guard word << 6 < end else { return nil }
            bits = words[word]
        }
        let found = word << 6 | bits.trailingZeroBitCount
        return found < end ? found : nil
    }
}
