/// A set of byte values. It answers "can this rule match at all" before any pattern runs.
@usableFromInline package struct ByteSet: Hashable, Sendable, BitwiseCopyable {
    @usableFromInline var words: SIMD4<UInt64>

    @inlinable package init() { words = .zero }

    package init(_ bytes: some Sequence<UInt8>) {
        self.init()
        for byte in bytes { insert(byte) }
    }

    package init(_ text: StaticString) {
        self.init(text.description.utf8)
    }

    /// Every byte that stands in `bytes`.
    @inlinable package init(of bytes: Span<UInt8>) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var beyond = false
        self.init()
        // Without branches: which half a byte falls into is what no processor can guess.
        for index in bytes.indices {
            let byte = unsafe bytes[unchecked: index]
            let bit: UInt64 = 1 &<< UInt64(byte & 63)
            let isLow = (UInt64(byte) &- 64) >> 63
            low |= bit & (0 &- isLow)
            high |= bit & (isLow &- 1)
            beyond = beyond || byte > 127
        }
        words[0] = low
        words[1] = high
        guard beyond else { return }
        self.init()
        for index in bytes.indices { insert(bytes[index]) }
    }

    @inlinable @inline(__always) package mutating func insert(_ byte: UInt8) {
        words[Int(byte >> 6)] |= 1 &<< UInt64(byte & 63)
    }

    @inlinable @inline(__always) package func contains(_ byte: UInt8) -> Bool {
        words[Int(byte >> 6)] & (1 &<< UInt64(byte & 63)) != 0
    }

    @inlinable @inline(__always) package func intersects(_ other: ByteSet) -> Bool {
        // Folded by hand: comparing whole vectors compiles to a loop over their lanes.
        let common = words & other.words
        let half = common.lowHalf | common.highHalf
        return half.x | half.y != 0
    }
    /// Of each 64 byte values, from the lowest.
    package var quarters: (UInt64, UInt64, UInt64, UInt64) { (words.x, words.y, words.z, words.w) }
    @inlinable package var isEmpty: Bool { words == .zero }

    @inlinable package static func | (left: ByteSet, right: ByteSet) -> ByteSet {
        var union = left
        union.words |= right.words
        return union
    }

    package static let asciiUppercase = ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))
    package static let control = ByteSet(0x00...0x1f as ClosedRange<UInt8>) | ByteSet([0x7f])
}
