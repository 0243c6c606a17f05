/// A hash that is the same on every replica and after every restart, which Swift's own is on purpose not.
///
/// Without a secret: who chooses keys can make many of them look alike. Whoever uses it says what bounds the harm.
@usableFromInline package struct KeyHash: Sendable {
    @usableFromInline package var value: UInt64 = 0xcbf2_9ce4_8422_2325

    @inlinable package init() {}

    @inlinable package init(_ bytes: some Sequence<UInt8>) {
        self.init()
        add(bytes)
    }

    @inlinable package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    /// A whole word in one step: for what is hashed with every request.
    @inlinable package mutating func add(word: UInt64) {
        value = (value ^ word) &* 0x9e37_79b9_7f4a_7c15
        value ^= value >> 29
    }

    /// Well mixed: FNV alone leaves the high bits of short keys nearly equal.
    @inlinable package var mixed: UInt64 { Self.mix(value) }

    /// The finisher of splitmix64.
    @inlinable package static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// In 0..<1.
    @inlinable package static func fraction(_ hash: UInt64) -> Double { Double(hash >> 11) * 0x1p-53 }
}
