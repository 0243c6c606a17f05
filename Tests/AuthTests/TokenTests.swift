import Core
import Cryptography
import JSON
import Testing

@testable import auth

@Suite struct TokenTests {
    private let now = Timestamp(seconds: 1_780_000_000)

    private func ring(_ algorithm: SignatureAlgorithm = .ed25519) throws -> SigningKeyRing {
        var policy = SigningKeyRing.Policy()
        policy.algorithm = algorithm
        return SigningKeyRing([try #require(try SigningKeyRing().nextKey(now: now, policy))])
    }

    private func token() -> AccessToken {
        AccessToken(
            user: UUIDv7(), session: UUIDv7(), name: "ann", roles: [.viewer, .admin], issuedAt: now,
            expiresAt: now + .seconds(900))
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a token says what it was given and is ours until it expires`(algorithm: SignatureAlgorithm) throws {
        let (ring, token) = (try ring(algorithm), token())
        let text = try token.signed(by: try #require(ring.active(now: now)), issuer: "infinite")
        #expect(AccessToken(text, ring: ring, now: now) == token)
        #expect(AccessToken(text, ring: ring, now: now + .seconds(900)) == nil)
        #expect(AccessToken(text, ring: try self.ring(algorithm), now: now) == nil, "another key's")
        let parts = text.split(separator: ".")
        let header = try JSONValue(parsing: try #require(Base64.decodeURL(parts[0])))
        #expect(header["alg"]?.stringValue == algorithm.rawValue && header["typ"] == "at+jwt")
        let claims = try JSONValue(parsing: try #require(Base64.decodeURL(parts[1])))
        #expect(
            claims["roles"] == ["viewer", "admin"] && claims["exp"] == 1_780_000_900 && claims["iss"] == "infinite")
        #expect(claims["sid"]?.stringValue == token.session?.description)
    }

    @Test func `no changed byte passes`() throws {
        let ring = try ring()
        let text = try token().signed(by: try #require(ring.active(now: now)), issuer: "infinite")
        for index in text.utf8.indices {
            var bytes = Array(text.utf8)
            let position = text.utf8.distance(from: text.utf8.startIndex, to: index)
            bytes[position] = bytes[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(AccessToken(String(decoding: bytes, as: UTF8.self), ring: ring, now: now) == nil)
        }
        for text in ["", "..", "a.b.c", "e30.e30.", String(repeating: "a.", count: 3_000)] {
            #expect(AccessToken(text, ring: ring, now: now) == nil)
        }
    }

    @Test func `a refresh token is what we made and nothing else`() throws {
        let (key, other) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        let token = RefreshToken(session: UUIDv7(), generation: 0x0102_0304)
        let text = token.text(key)
        #expect(RefreshToken(text, key: key) == token)
        #expect(RefreshToken(text, key: other) == nil)
        for position in 0..<text.utf8.count {
            var bytes = Array(text.utf8)
            bytes[position] = bytes[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(RefreshToken(String(decoding: bytes, as: UTF8.self), key: key) == nil)
        }
        #expect(RefreshToken("", key: key) == nil && RefreshToken(text + "AAAA", key: key) == nil)
    }

    private static let verdicts: [(UInt32, SessionState?, RefreshVerdict)] = [
        (3, state(3), .rotate), (2, state(3), .reused), (4, state(3), .reused), (3, nil, .refuse(.ended)),
        (3, state(3, isRevoked: true), .refuse(.ended)), (2, state(3, isRevoked: true), .refuse(.ended)),
        (3, state(3, expiresIn: 0), .refuse(.ended)), (3, state(3, isEnabled: false), .refuse(.disabled)),
    ]

    private static func state(
        _ generation: UInt32, isRevoked: Bool = false, expiresIn: Int = 60, isEnabled: Bool = true
    ) -> SessionState {
        SessionState(
            generation: generation, expiresAt: Timestamp(seconds: 1_780_000_000 + Int64(expiresIn)),
            isRevoked: isRevoked, isAccountEnabled: isEnabled)
    }

    @Test(arguments: verdicts)
    func `a refresh token used twice ends its session`(
        generation: UInt32, state: SessionState?, verdict: RefreshVerdict
    ) {
        let token = RefreshToken(session: UUIDv7(), generation: generation)
        #expect(RefreshVerdict(token, state, now: now) == verdict)
    }
}

@Suite struct AccountTests {
    @Test(arguments: [
        ("Ann", "ann" as String?), ("a.b_c-d@e+f9", "a.b_c-d@e+f9"), ("", nil), ("ann ", nil), ("änn", nil),
        ("a\0", nil),
        (String(repeating: "a", count: 129), nil),
    ])
    func `names are plain and compare without case`(name: String, canonical: String?) {
        #expect(Account.canonicalName(name) == canonical)
    }

    @Test func `a machine is service and nothing else, a person never is`() {
        #expect(Account.areValid([.viewer, .admin], isServiceAccount: false))
        #expect(Account.areValid([.service], isServiceAccount: true))
        #expect(!Account.areValid([], isServiceAccount: false))
        #expect(!Account.areValid([.viewer, .viewer], isServiceAccount: false))
        #expect(!Account.areValid([.service], isServiceAccount: false))
        #expect(!Account.areValid([.service, .admin], isServiceAccount: true))
    }

    @Test func `a remembered secret is bound to the account, its hash and a time`() {
        let now = Deadline(uptimeNanoseconds: 1)
        var account = Account(
            id: UUIDv7(), name: "m", secretHash: "h1", roles: [.service], isEnabled: true, isServiceAccount: true,
            createdAt: Timestamp(seconds: 0))
        var secrets = VerifiedSecrets(memory: .seconds(10))
        #expect(!secrets.isKnown([1], of: account, now: now))
        secrets.remember([1], of: account, now: now)
        #expect(secrets.isKnown([1], of: account, now: now))
        #expect(!secrets.isKnown([2], of: account, now: now))
        #expect(!secrets.isKnown([1], of: account, now: now + .seconds(10)))
        account.secretHash = "h2"
        #expect(!secrets.isKnown([1], of: account, now: now))
    }

    @Test func `the master secret gives each purpose a key of its own`() throws {
        let secret = try #require(MasterSecret(hex: String(repeating: "ab", count: 32)))
        let sealed = try secret.sealingKey().seal([1, 2, 3])
        #expect(try secret.sealingKey().open(sealed) == [1, 2, 3])
        #expect(throws: CryptographyFailure.self) { try AES256GCM(key: secret.refreshTokenKey).open(sealed) }
        #expect(MasterSecret(hex: "ab") == nil && MasterSecret(hex: String(repeating: "zz", count: 32)) == nil)
    }
}
