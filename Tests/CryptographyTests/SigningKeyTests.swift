import Core
import Testing

@testable import Cryptography

@Suite struct SigningKeyTests {
    /// RFC 8032 §7.1, tests 1 to 3: secret, public, message, signature.
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ])
    func ed25519MatchesTheStandard(secret: String, point: String, message: String, signature: String) throws {
        let key = try SigningKey(der: try hex("302e020100300506032b657004220420" + secret))
        let published = try VerificationKey(.ed25519, x: try hex(point))
        #expect(key.algorithm == .ed25519)
        #expect(key.verificationKey.subjectPublicKeyInfo == published.subjectPublicKeyInfo)
        #expect(Hex.encode(try key.sign(try hex(message))) == signature)
        #expect(published.isValid(signature: try hex(signature), for: try hex(message)))
    }

    /// RFC 7515 appendix A.3: a JWS signed with ES256.
    @Test func es256VerifiesTheStandardsToken() throws {
        let x = try #require(Base64.decodeURL("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"))
        let y = try #require(Base64.decodeURL("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
        let message =
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let signature = try #require(
            Base64.decodeURL("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"))
        let key = try VerificationKey(.es256, x: x, y: y)
        #expect(key.isValid(signature: signature, for: Array(message.utf8)))
        #expect(!key.isValid(signature: signature, for: Array(message.utf8.dropLast())))
        #expect(key.jsonWebKey.first { $0.name == "x" }?.value == Base64.encodeURL(x))
        #expect(key.jsonWebKey.first { $0.name == "y" }?.value == Base64.encodeURL(y))
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func aGeneratedKeySurvivesItsBytes(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        let copy = try SigningKey(der: try key.privateKeyInfo())
        let published = try VerificationKey(subjectPublicKeyInfo: key.verificationKey.subjectPublicKeyInfo)
        for length in 0..<40 {
            let message = SecureRandom.bytes(length)
            let signature = try copy.sign(message)
            #expect(signature.count == 64)
            #expect(published.isValid(signature: signature, for: message))
            #expect(!published.isValid(signature: signature, for: message + [0]))
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func aForgedSignatureIsRefused(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        let signature = try key.sign([1, 2, 3])
        for index in signature.indices {
            var forged = signature
            forged[index] ^= 1
            #expect(!key.verificationKey.isValid(signature: forged, for: [1, 2, 3]))
        }
        let other = try SigningKey.generate(algorithm)
        #expect(!other.verificationKey.isValid(signature: signature, for: [1, 2, 3]))
        #expect(!key.verificationKey.isValid(signature: [], for: [1, 2, 3]))
        #expect(!key.verificationKey.isValid(signature: [UInt8](repeating: 0, count: 64), for: [1, 2, 3]))
    }

    @Test func aPointThatIsNotOnTheCurveIsRefused() {
        let coordinate = [UInt8](repeating: 7, count: 32)
        #expect(throws: CryptographyFailure.self) { try VerificationKey(.es256, x: coordinate, y: coordinate) }
        #expect(throws: CryptographyFailure.self) { try VerificationKey(.es256, x: coordinate) }
        #expect(throws: CryptographyFailure.self) { try VerificationKey(.ed25519, x: [1]) }
    }

    @Test func randomBytesAreNeverAKey() {
        for length in 0..<200 {
            let bytes = SecureRandom.bytes(length)
            #expect(throws: CryptographyFailure.self) { try SigningKey(der: bytes) }
            #expect(throws: CryptographyFailure.self) { try VerificationKey(subjectPublicKeyInfo: bytes) }
        }
    }
}
