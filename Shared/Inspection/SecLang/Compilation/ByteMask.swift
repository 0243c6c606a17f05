internal import PatternMatching

/// A `ByteSet` as the innermost loops have it: what is of another module is called there, and this is compiled in.
struct ByteMask: BitwiseCopyable, Sendable, Equatable {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0

    init() {}

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

    /// With all digits if it has one, all capital letters if it has one, all others if it has one: values that differ only
    /// in their letters and digits are alike then.
    @inline(__always) var withLikes: ByteMask {
        var mask = self
        let (digits, capitals, letters): (UInt64, UInt64, UInt64) = (
            0x3ff &<< 48, 0x3ff_ffff &<< 1, 0x3ff_ffff &<< 33
        )
        if first & digits != 0 { mask.first |= digits }
        if second & capitals != 0 { mask.second |= capitals }
        if second & letters != 0 { mask.second |= letters }
        return mask
    }

    @inline(__always) func hash(_ seed: UInt64) -> UInt64 {
        var hash = (seed ^ first) &* 0x9e37_79b9_7f4a_7c15
        hash = (hash ^ hash >> 29 ^ second) &* 0xd6e8_feb8_6659_fd93
        hash = (hash ^ hash >> 32 ^ third ^ fourth) &* 0x9e37_79b9_7f4a_7c15
        return hash ^ hash >> 29
    }

    @inline(__always) var isBeyondASCII: Bool { third | fourth != 0 }
}
