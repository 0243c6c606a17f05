internal import PatternMatching

/// A `ByteSet` as the innermost loops have it: what is of another module is called there, and this is compiled in.
struct ByteMask: BitwiseCopyable, Sendable {
    private var first: UInt64
    private var second: UInt64
    private var third: UInt64
    private var fourth: UInt64

    init(_ set: ByteSet) { (first, second, third, fourth) = set.quarters }

    @inline(__always) func intersects(_ other: ByteMask) -> Bool {
        first & other.first | second & other.second | third & other.third | fourth & other.fourth != 0
    }

    @inline(__always) mutating func formUnion(_ other: ByteMask) {
        first |= other.first
        second |= other.second
        third |= other.third
        fourth |= other.fourth
    }

    @inline(__always) var isBeyondASCII: Bool { third | fourth != 0 }
}
