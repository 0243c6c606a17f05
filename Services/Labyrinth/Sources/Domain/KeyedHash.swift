import Cryptography

/// Numbers that only who has the secret can compute, so that nobody can tell the maze's pages beforehand but us. A page may
/// ask it a hundred times.
struct KeyedHash: Sendable, Equatable {
    private let sip: SipHash<2, 4>

    init(_ key0: UInt64, _ key1: UInt64) { sip = SipHash(key0, key1) }

    /// From 16 bytes or more, of which all count.
    init(secret: [UInt8]) {
        let (left, right) = (KeyedHash(0x696e_6669_6e69_7465, 1), KeyedHash(0x696e_6669_6e69_7465, 2))
        self.init(left.hash(secret), right.hash(secret))
    }

    /// A key of its own for each purpose or intruder.
    func derived(_ words: UInt64...) -> KeyedHash {
        KeyedHash(sip.hash(words: words + [1]), sip.hash(words: words + [2]))
    }

    func hash(_ words: UInt64...) -> UInt64 { sip.hash(words: words) }
    func hash(_ bytes: some Collection<UInt8>) -> UInt64 { sip.hash(bytes) }
}
