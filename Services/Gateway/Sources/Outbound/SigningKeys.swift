import Contracts
import Core
import Cryptography
import Reactor
import Telemetry

/// Keeps the keys that tokens are verified with: asked of auth at the start, replaced when auth says they changed.
struct SigningKeys: Sendable {
    let state: GatewayState
    let log: Logger

    func replace(_ keys: [JSONWebKey]) {
        var readable: [String: VerificationKey] = [:]
        for key in keys.prefix(TokenVerifier.maximumKeys) {
            guard let verification = VerificationKey(key) else {
                log.warning(
                    "a signing key cannot be used and is left out", ["key": .string(String(key.kid.prefix(64)))])
                continue
            }
            readable[key.kid] = verification
        }
        guard !readable.isEmpty else { return }
        let usable = readable
        state.tokens.update { $0.replaceKeys(usable) }
        log.info("signing keys are known", ["keys": .int(usable.count)])
    }

    func revoke(_ revocation: RevocationIssued) {
        state.tokens.update {
            $0.revoke(
                revocation.targetID, at: revocation.revokedAt, relevantUntil: revocation.relevantUntil, now: .now)
        }
    }
}

extension VerificationKey {
    convenience init?(_ key: JSONWebKey) {
        guard !key.kid.isEmpty, let x = Base64.decodeURL(key.x), let y = Base64.decodeURL(key.y) else { return nil }
        do {
            switch (key.kty, key.crv) {
            case ("OKP", "Ed25519"): try self.init(.ed25519, x: x)
            case ("EC", "P-256"): try self.init(.es256, x: x, y: y)
            default: return nil
            }
        } catch {
            return nil
        }
    }
}
