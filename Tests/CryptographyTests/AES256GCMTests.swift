import Core
import Testing

@testable import Cryptography

@Suite struct AES256GCMTests {
    /// Test cases 13, 14 and 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega), 256-bit keys.
    @Test func matchesTheModesTestVectors() throws {
        let zeroKey = try AES256GCM(key: [UInt8](repeating: 0, count: 32))
        let zeroNonce = [UInt8](repeating: 0, count: 12)
        let empty = try zeroKey.seal([], authenticating: [], nonce: zeroNonce)
        #expect(Hex.encode(empty.dropFirst(12)) == "530f8afbc74536b9a963b4f1c4cb738b")
        let block = try zeroKey.seal([UInt8](repeating: 0, count: 16), authenticating: [], nonce: zeroNonce)
        #expect(
            Hex.encode(block.dropFirst(12)) == "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919")

        let key = try AES256GCM(
            key: try hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"))
        let sealed = try key.seal(
            try hex(
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
                    + "b16aedf5aa0de657ba637b39"),
            authenticating: try hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
            nonce: try hex("cafebabefacedbaddecaf888"))
        #expect(
            Hex.encode(sealed.dropFirst(12))
                == "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
                + "c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b")
    }

    @Test(arguments: [0, 1, 15, 16, 17, 4_096])
    func opensWhatItSealed(length: Int) throws {
        let box = try AES256GCM(key: SecureRandom.bytes(32))
        let plain = SecureRandom.bytes(length)
        let sealed = try box.seal(plain, authenticating: Array("subject 7".utf8))
        #expect(sealed.count == length + AES256GCM.overhead)
        #expect(try box.open(sealed, authenticating: Array("subject 7".utf8)) == plain)
        #expect(throws: CryptographyFailure.notAuthentic) {
            try box.open(sealed, authenticating: Array("subject 8".utf8))
        }
    }

    @Test func anyChangedByteIsNoticed() throws {
        let box = try AES256GCM(key: SecureRandom.bytes(32))
        let sealed = try box.seal(Array("pay 10".utf8))
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x40
            #expect(throws: CryptographyFailure.notAuthentic) { try box.open(changed) }
        }
        for length in 0..<sealed.count {
            #expect(throws: CryptographyFailure.notAuthentic) { try box.open(Array(sealed.prefix(length))) }
        }
    }

    @Test func refusesAKeyOfAnotherLength() {
        #expect(throws: CryptographyFailure.self) { try AES256GCM(key: [1, 2, 3]) }
    }
}

func hex(_ text: String) throws -> [UInt8] { try #require(Hex.decode(text)) }
