import Core
import Cryptography

/// The name an intruder has in the labyrinth: the same for the same client address, on every replica, after restarts.
/// A name and not a secret, so it needs no key: the address itself travels beside it.
enum IntruderIdentity {
    static func of(_ client: IPAddress) -> UUIDv7 {
        let digest = SHA256.hash(Array("infinite.intruder:".utf8) + client.bytes)
        let words = digest.prefix(16).reduce((UInt64(0), UInt64(0))) { words, byte in
            (words.0 << 8 | words.1 >> 56, words.1 << 8 | UInt64(byte))
        }
        // RFC 9562 §5.8: version 8, whose bits are the maker's own.
        return UUIDv7(high: words.0 & ~0xf000 | 0x8000, low: words.1 & (UInt64.max >> 2) | 1 << 63)
    }
}
