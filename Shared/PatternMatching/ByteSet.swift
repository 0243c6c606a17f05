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
    package init(of bytes: Span<UInt8>) {
        let ascii = Self.ascii.span
        var (even, odd) = (SIMD2<UInt64>.zero, SIMD2<UInt64>.zero)
        var all: UInt8 = 0
        var index = 0
        // Two sums, so that one byte's does not wait for the other's.
        while index &+ 1 < bytes.count {
            let (one, other) = unsafe (bytes[unchecked: index], bytes[unchecked: index &+ 1])
            even |= unsafe ascii[unchecked: Int(one)]
            odd |= unsafe ascii[unchecked: Int(other)]
            all |= one | other
            index &+= 2
        }
        if index < bytes.count {
            let last = unsafe bytes[unchecked: index]
            even |= unsafe ascii[unchecked: Int(last)]
            all |= last
        }
        let low = even | odd
        words = SIMD4(low.x, low.y, 0, 0)
        guard all > 127 else { return }
        for index in bytes.indices where unsafe bytes[unchecked: index] > 127 { insert(bytes[index]) }
    }

    /// For each byte its bit among the first 128, and none for those beyond.
    private static let ascii = (0...255 as ClosedRange<UInt8>).map { byte in
        var one = ByteSet()
        one.insert(byte)
        return one.words.lowHalf
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
