/// SipHash (Aumasson and Bernstein, 2012): a keyed hash of 64 bits. Without the key its values cannot be told from random
/// ones, so nobody outside can choose what collides; and it takes nanoseconds.
///
/// The number of rounds is part of the type, so that they are unrolled: `SipHash<2, 4>` is the authors' choice,
/// `SipHash<1, 3>` what hash tables use.
@usableFromInline package struct SipHash<let compressions: Int, let finalizations: Int>: Sendable, Equatable {
    @usableFromInline let key0: UInt64
    @usableFromInline let key1: UInt64

    @inlinable package init(_ key0: UInt64, _ key1: UInt64) {
        self.key0 = key0
        self.key1 = key1
    }

    @inlinable package func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var state = State(key0, key1)
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
        return state.finish(word | count << 56)
    }

    /// As if the words were bytes, the lowest first.
    @inlinable package func hash(words: [UInt64]) -> UInt64 {
        var state = State(key0, key1)
        for word in words { state.absorb(word) }
        return state.finish(UInt64(truncatingIfNeeded: words.count &* 8) << 56)
    }

    /// The same of two words, without an array.
    @inlinable package func hash(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var state = State(key0, key1)
        state.absorb(first)
        state.absorb(second)
        return state.finish(16 << 56)
    }

    @usableFromInline struct State {
        @usableFromInline var v0, v1, v2, v3: UInt64

        @inlinable init(_ key0: UInt64, _ key1: UInt64) {
            v0 = key0 ^ 0x736f_6d65_7073_6575
            v1 = key1 ^ 0x646f_7261_6e64_6f6d
            v2 = key0 ^ 0x6c79_6765_6e65_7261
            v3 = key1 ^ 0x7465_6462_7974_6573
        }

        @inlinable mutating func absorb(_ word: UInt64) {
            v3 ^= word
            for _ in 0..<compressions { round() }
            v0 ^= word
        }

        /// `last` ends with the number of bytes.
        @inlinable mutating func finish(_ last: UInt64) -> UInt64 {
            absorb(last)
            v2 ^= 0xff
            for _ in 0..<finalizations { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }

        @inlinable mutating func round() {
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
