/// SipHash-1-3 under a secret of this installation: nobody outside can choose what collides, in no sketch.
struct SeededHash: Sendable {
    private let k0: UInt64
    private let k1: UInt64

    init(seed: UInt64) {
        k0 = seed
        k1 = Self.spread(seed)
    }

    /// A second key out of the first: the finisher of splitmix64.
    static func spread(_ seed: UInt64) -> UInt64 {
        var value = seed &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var state = State(k0, k1)
        var (word, shift, count) = (UInt64(0), UInt64(0), UInt64(0))
        for byte in bytes {
            word |= UInt64(byte) << shift
            shift += 8
            count &+= 1
            if shift == 64 {
                state.absorb(word)
                (word, shift) = (0, 0)
            }
        }
        state.absorb(word | count << 56)
        return state.finish()
    }

    func hash(_ high: UInt64, _ low: UInt64) -> UInt64 {
        var state = State(k0, k1)
        state.absorb(high)
        state.absorb(low)
        state.absorb(16 << 56)
        return state.finish()
    }

    private struct State {
        var v0, v1, v2, v3: UInt64

        init(_ k0: UInt64, _ k1: UInt64) {
            v0 = k0 ^ 0x736f_6d65_7073_6575
            v1 = k1 ^ 0x646f_7261_6e64_6f6d
            v2 = k0 ^ 0x6c79_6765_6e65_7261
            v3 = k1 ^ 0x7465_6462_7974_6573
        }

        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        mutating func finish() -> UInt64 {
            v2 ^= 0xff
            for _ in 0..<3 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }

        private mutating func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }
    }
}
