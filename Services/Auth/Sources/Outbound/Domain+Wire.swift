import Contracts
import Core
import Cryptography

// Auth's own values as the contracts write them.

extension UserRole {
    var wire: Role {
        switch self {
        case .viewer: .viewer
        case .editor: .editor
        case .admin: .admin
        case .service: .service
        }
    }

    init?(_ wire: Role) {
        guard let role = Self.allCases.first(where: { $0.wire == wire }) else { return nil }
        self = role
    }
}

extension Grant {
    var wire: GrantType {
        switch self {
        case .password: .password
        case .clientCredentials: .clientCredentials
        case .refreshToken: .refreshToken
        }
    }
}

extension Session {
    var wire: Contracts.Session {
        Contracts.Session(
            sessionID: id, userID: account, startedAt: startedAt, lastUsedAt: lastUsedAt, expiresAt: expiresAt,
            revokedAt: revokedAt ?? .unset, clientAddress: clientAddress ?? .unset, grant: grant.wire)
    }
}

extension Account {
    var wire: User {
        User(
            userID: id, name: name, roles: roles.map(\.wire), isEnabled: isEnabled, createdAt: createdAt,
            lastLoginAt: lastLoginAt ?? .unset, isServiceAccount: isServiceAccount)
    }
}

extension Revocation {
    var wire: RevocationIssued {
        let scopes: [Scope: RevocationScope] = [.token: .token, .session: .session, .account: .user]
        return RevocationIssued(
            eventID: UUIDv7(), revokedAt: revokedAt, scope: scopes[scope] ?? .unspecified, targetID: target,
            relevantUntil: relevantUntil, reason: reason, revokedBy: revokedBy)
    }
}

extension RingKey {
    /// RFC 7517, public members only.
    var wire: JSONWebKey {
        var jwk = JSONWebKey(kid: id, use: "sig")
        for (name, value) in key.verificationKey.jsonWebKey {
            switch name {
            case "kty": jwk.kty = value
            case "crv": jwk.crv = value
            case "x": jwk.x = value
            case "y": jwk.y = value
            case "alg": jwk.alg = value
            default: break
            }
        }
        return jwk
    }
}
