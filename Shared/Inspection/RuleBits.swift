internal import PatternMatching

/// A set of rules, by their index in the engine: what the prefilter computes with.
typealias RuleBits = LiteralAutomaton.Tags

extension RuleBits {
    static let capacity = 256

    init(_ index: Int) {
        self = .zero
        insert(index)
    }

    mutating func insert(_ index: Int) { self[index >> 6] |= 1 &<< UInt64(index & 63) }
    mutating func remove(_ index: Int) { self[index >> 6] &= ~(1 &<< UInt64(index & 63)) }
    func contains(_ index: Int) -> Bool { self[index >> 6] & (1 &<< UInt64(index & 63)) != 0 }

    @inline(__always) var isEmpty: Bool {
        // Folded by hand: comparing whole vectors compiles to a loop over their lanes.
        let two = lowHalf | highHalf
        return two.x | two.y == 0
    }

    /// Takes the lowest rule out of the set.
    @inline(__always) mutating func popFirst() -> Int? {
        for word in 0..<4 where self[word] != 0 {
            let bit = self[word].trailingZeroBitCount
            self[word] &= self[word] &- 1
            return word << 6 | bit
        }
        return nil
    }
}
