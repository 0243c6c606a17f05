import Core

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
