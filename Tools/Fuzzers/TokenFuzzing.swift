internal import Core
internal import Cryptography
@testable import gateway

/// A token's header, and behind the first null byte its claims: as nobody signed them, and as auth would have.
enum TokenFuzzing {
    private static let key = try? SigningKey.generate(.ed25519)
    private static let verifier = key.map { key in
        var verifier = TokenVerifier()
        verifier.replaceKeys(["k1": key.verificationKey])
        return verifier
    }
    private static let now = Timestamp(seconds: 1_800_000_000)

    static func verify(_ bytes: [UInt8]) {
        guard let verifier, let key else { return }
        precondition((try? verifier.verify(String(decoding: bytes, as: UTF8.self), now: now)) == nil)
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        let signed = "\(Base64.encodeURL(parts[0])).\(Base64.encodeURL(parts[1]))"
        precondition((try? verifier.verify(signed + ".", now: now)) == nil)
        guard let signature = try? key.sign(Array(signed.utf8)),
            let token = try? verifier.verify("\(signed).\(Base64.encodeURL(signature))", now: now)
        else { return }
        precondition(token.expires > now + .seconds(-31) && token.issued < now + .seconds(31))
        precondition(token.scopes.count <= 64)
    }
}
