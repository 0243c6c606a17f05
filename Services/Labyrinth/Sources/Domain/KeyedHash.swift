/// SipHash-2-4: a keyed hash of 64 bits (Aumasson and Bernstein, 2012). Without the key its values cannot be told from
/// random ones, so nobody can compute the maze but us; and it takes nanoseconds, so a page may ask it a hundred times.
struct KeyedHash: Sendable, Equatable {
    private let key0: UInt64
    private let key1: UInt64

    init(_ key0: UInt64, _ key1: UInt64) {
        self.key0 = key0
        self.key1 = key1
    }

    /// From 16 bytes or more, of which all count.
    init(secret: [UInt8]) {
        let (left, right) = (KeyedHash(0x696e_6669_6e69_7465, 1), KeyedHash(0x696e_6669_6e69_7465, 2))
        self.init(left.hash(secret), right.hash(secret))
    }

    /// A key of its own for each purpose or intruder.
    func derived(_ words: UInt64...) -> KeyedHash {
        KeyedHash(hash(words + [1]), hash(words + [2]))
    }

    func hash(_ words: UInt64...) -> UInt64 { hash(words) }

    func hash(_ words: [UInt64]) -> UInt64 {
        var state = State(key0, key1)
        for word in words { state.absorb(word) }
        return state.finish(UInt64(words.count * 8) << 56)
    }

    func hash(_ bytes: some Collection<UInt8>) -> UInt64 {
        var state = State(key0, key1)
        var word: UInt64 = 0
        var position: UInt64 = 0
        for byte in bytes {
            word |= UInt64(byte) << (8 * (position & 7))
            position += 1
            if position & 7 == 0 {
                state.absorb(word)
                word = 0
            }
        }
        return state.finish(word | position << 56)
    }

    private struct State {
        var v0: UInt64, v1: UInt64, v2: UInt64, v3: UInt64

        init(_ key0: UInt64, _ key1: UInt64) {
            v0 = key0 ^ 0x736f_6d65_7073_6575
            v1 = key1 ^ 0x646f_7261_6e64_6f6d
            v2 = key0 ^ 0x6c79_6765_6e65_7261
            v3 = key1 ^ 0x7465_6462_7974_6573
        }

        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func finish(_ last: UInt64) -> UInt64 {
            absorb(last)
            v2 ^= 0xff
            for _ in 0..<4 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }

        private mutating func round() {
            v0 = v0 &+ v1
            v1 = (v1 << 13 | v1 >> 51) ^ v0
            v0 = v0 << 32 | v0 >> 32
            v2 = v2 &+ v3
            v3 = (v3 << 16 | v3 >> 48) ^ v2
            v0 = v0 &+ v3
            v3 = (v3 << 21 | v3 >> 43) ^ v0
            v2 = v2 &+ v1
            v1 = (v1 << 17 | v1 >> 47) ^ v2
            v2 = v2 << 32 | v2 >> 32
        }
    }
}
