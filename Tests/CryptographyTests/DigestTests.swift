import Core
import Testing

@testable import Cryptography

@Suite struct DigestTests {
    /// FIPS 180-4 examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256MatchesTheStandard(text: String, expected: String) {
        #expect(Hex.encode(SHA256.hash(Array(text.utf8))) == expected)
    }

    @Test(arguments: [
        (
            "",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
        (
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func sha512MatchesTheStandard(text: String, expected: String) {
        #expect(Hex.encode(SHA512.hash(Array(text.utf8))) == expected)
    }

    @Test(arguments: [1, 3, 63, 64, 65, 1_000])
    func hashingInPiecesEqualsHashingAtOnce(pieceSize: Int) {
        let bytes = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var small = SHA256()
        var large = SHA512()
        for start in stride(from: 0, to: bytes.count, by: pieceSize) {
            let piece = Array(bytes[start..<min(start + pieceSize, bytes.count)])
            small.update(piece)
            large.update(piece)
        }
        #expect(small.finalize() == SHA256.hash(bytes))
        #expect(large.finalize() == SHA512.hash(bytes))
    }
}

@Suite struct MessageAuthenticationTests {
    /// RFC 4231 §4.2, §4.3, §4.7.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func hmacMatchesTheStandard(key: [UInt8], message: String, expected: String) {
        let code = HMACSHA256.code(for: Array(message.utf8), key: key)
        #expect(Hex.encode(code) == expected)
        #expect(HMACSHA256.isValid(code, for: Array(message.utf8), key: key))
    }

    @Test func oneChangedBitIsNoticed() {
        let key = SecureRandom.bytes(32)
        var code = HMACSHA256.code(for: [1, 2, 3], key: key)
        code[31] ^= 1
        #expect(!HMACSHA256.isValid(code, for: [1, 2, 3], key: key))
    }

    @Test func comparisonKnowsLengthAndContent() {
        #expect(constantTimeEquals([], []))
        #expect(constantTimeEquals([1, 2], [1, 2]))
        #expect(!constantTimeEquals([1, 2], [1, 3]))
        #expect(!constantTimeEquals([1, 2], [1, 2, 3]))
    }

    @Test func randomBytesDoNotRepeat() {
        let made = Set((0..<1_000).map { _ in SecureRandom.bytes(16) })
        #expect(made.count == 1_000)
        #expect(SecureRandom.bytes(0).isEmpty)
    }
}
