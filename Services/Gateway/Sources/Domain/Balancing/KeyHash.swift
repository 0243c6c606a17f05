/// A hash that is the same on every replica and after every restart, which Swift's own is on purpose not.
///
/// Without a secret: who chooses keys can aim many at one endpoint. What bounds the harm is the load bound of
/// `RendezvousChoice`, not the hash.
struct KeyHash {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    init() {}

    init(_ bytes: some Sequence<UInt8>) {
        add(bytes)
    }

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    /// Well mixed: FNV alone leaves the high bits of short keys nearly equal.
    var mixed: UInt64 { Self.mix(value) }

    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// In 0..<1.
    static func fraction(_ hash: UInt64) -> Double { Double(hash >> 11) * 0x1p-53 }
}

/// Chance for decisions that no adversary gains from predicting: a few instructions, one state for each reactor.
struct QuickRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64 = .random(in: .min ... .max)) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return KeyHash.mix(state)
    }

    /// In 0..<1.
    mutating func fraction() -> Double { KeyHash.fraction(next()) }
}
