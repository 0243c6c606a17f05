import Cryptography

/// A hash under a secret of this installation: nobody outside can choose what collides, in no sketch.
struct SeededHash: Sendable {
    private let sip: SipHash<1, 3>

    init(seed: UInt64) { sip = SipHash(seed, Self.spread(seed)) }

    /// A second key out of the first: the finisher of splitmix64.
    static func spread(_ seed: UInt64) -> UInt64 {
        var value = seed &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    func hash(_ bytes: some Sequence<UInt8>) -> UInt64 { sip.hash(bytes) }
    func hash(_ high: UInt64, _ low: UInt64) -> UInt64 { sip.hash(high, low) }
}
