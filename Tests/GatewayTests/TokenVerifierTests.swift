import Core
import Cryptography
import HTTP
import Testing

@testable import gateway

@Suite struct TokenVerifierTests {
    private func verifier() throws -> TokenVerifier {
        var verifier = TokenVerifier()
        verifier.replaceKeys(["k1": try #require(GatewayFixture.key).verificationKey])
        return verifier
    }

    @Test func `A token of ours is accepted with what it says`() throws {
        let (user, session) = (UUIDv7(), UUIDv7())
        let text = try GatewayFixture.token(roles: ["editor", "unknown"], user: user, session: session)
        let token = try verifier().verify(text, now: .now)
        #expect(token.user == user)
        #expect(token.session == session)
        #expect(token.roles == [.editor])
        #expect(token.has(.viewer) && token.has(.editor) && !token.has(.admin) && !token.has(.service))
    }

    @Test func `ES256 is accepted for a key that is one`() throws {
        let key = try SigningKey.generate(.es256)
        var verifier = TokenVerifier()
        verifier.replaceKeys(["k1": key.verificationKey])
        let text = try GatewayFixture.token(roles: [], header: #"{"alg":"ES256","kid":"k1"}"#, key: key)
        #expect(throws: Never.self) { try verifier.verify(text, now: .now) }
    }

    @Test func `Before the keys are known a token is not called bad`() throws {
        let text = try GatewayFixture.token(roles: ["viewer"])
        #expect(throws: TokenFailure.noKeysYet) { try TokenVerifier().verify(text, now: .now) }
        #expect(Problem(gateway: TokenFailure.noKeysYet, requestID: "").status == .serviceUnavailable)
    }

    @Test(arguments: [
        (#"{"alg":"none","kid":"k1"}"#, TokenFailure.unknownAlgorithm),
        (#"{"alg":"HS256","kid":"k1"}"#, .unknownAlgorithm), (#"{"alg":"ES256","kid":"k1"}"#, .unknownAlgorithm),
        (#"{"alg":"EdDSA","kid":"k2"}"#, .unknownKey), (#"{"alg":"EdDSA"}"#, .malformed),
        (#"{"alg":"EdDSA","kid":"k1","crit":["b64"]}"#, .malformed), ("[]", .malformed), ("", .malformed),
    ]) func `RFC 8725: the token does not choose how it is checked`(header: String, failure: TokenFailure) throws {
        let text = try GatewayFixture.token(roles: ["admin"], header: header)
        #expect(throws: failure) { try verifier().verify(text, now: .now) }
    }

    @Test func `A changed token, another's signature and a token out of its time are refused`() throws {
        let verifier = try verifier()
        let text = try GatewayFixture.token(roles: ["viewer"])
        let parts = text.split(separator: ".")
        let stronger = try GatewayFixture.token(roles: ["admin"]).split(separator: ".")
        #expect(throws: TokenFailure.badSignature) {
            try verifier.verify("\(parts[0]).\(stronger[1]).\(parts[2])", now: .now)
        }
        let foreign = try GatewayFixture.token(roles: [], key: try SigningKey.generate(.ed25519))
        #expect(throws: TokenFailure.badSignature) { try verifier.verify(foreign, now: .now) }
        #expect(throws: TokenFailure.expired) { try verifier.verify(text, now: .now + .seconds(120)) }
        let early = try GatewayFixture.token(roles: [], issued: .now + .seconds(3_600))
        #expect(throws: TokenFailure.notYetValid) { try verifier.verify(early, now: .now) }
        for text in ["", ".", "..", "a.b.c", "a.b", String(repeating: "a", count: 5_000), text + "."] {
            #expect(throws: TokenFailure.malformed) { try verifier.verify(text, now: .now) }
        }
    }

    @Test func `A revoked session's or user's tokens are refused, those issued afterwards are not`() throws {
        let (user, session) = (UUIDv7(), UUIDv7())
        var verifier = try verifier()
        let now = Timestamp.now
        verifier.revoke(session, at: now + .seconds(2), relevantUntil: now + .seconds(900), now: now)
        let text = try GatewayFixture.token(roles: [], user: user, session: session)
        #expect(throws: TokenFailure.revoked) { try verifier.verify(text, now: now) }
        let other = try GatewayFixture.token(roles: [], issued: now + .seconds(10), user: user, session: session)
        #expect(throws: Never.self) { try verifier.verify(other, now: now + .seconds(11)) }
    }
}
