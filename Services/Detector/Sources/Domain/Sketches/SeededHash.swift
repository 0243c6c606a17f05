import Core
import Cryptography

/// A hash under a secret of this installation: nobody outside can choose what collides, in no sketch.
struct SeededHash: Sendable {
    private let sip: SipHash<1, 3>

    init(seed: UInt64) { sip = SipHash(seed, Self.spread(seed)) }

    /// A second key out of the first.
    static func spread(_ seed: UInt64) -> UInt64 { KeyHash.mix(seed) }

    func hash(_ bytes: some Sequence<UInt8>) -> UInt64 { sip.hash(bytes) }
    func hash(_ high: UInt64, _ low: UInt64) -> UInt64 { sip.hash(high, low) }
}
