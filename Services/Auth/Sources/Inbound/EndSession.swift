import Contracts
import Core
import Outbox

/// `AuthService/RevokeToken` and `AuthService/RevokeSession`.
struct EndSession: Sendable {
    let parts: AuthParts

    /// Whoever holds a token may end it. The answer is the same for one that is unknown or has ended.
    func answer(_ request: RevokeTokenRequest, _ caller: Caller) async throws -> RevokeTokenResponse {
        let now = parts.clock.now
        if let token = RefreshToken(request.token, key: parts.configuration.masterSecret.refreshTokenKey) {
            _ = try await end(token.session, caller)
        } else if let token = AccessToken(request.token, ring: parts.keys.ring, now: now) {
            if let session = token.session {
                _ = try await end(session, caller)
            } else {
                try await refuse(token, caller, now)
            }
        }
        return RevokeTokenResponse()
    }

    func answer(_ request: RevokeSessionRequest, _ caller: Caller) async throws -> RevokeSessionResponse {
        let account = try caller.account()
        let found = try await parts.sessions.find(request.sessionID, deadline: caller.deadline)
        // Somebody else's session and none at all look the same.
        guard let session = found, session.account == account || caller.isAdministrator else {
            throw AuthFailure.notFound("session")
        }
        let ended = try await end(session.id, caller)
        return RevokeSessionResponse(session: (ended ?? session).wire)
    }

    private func end(_ session: UUIDv7, _ caller: Caller) async throws -> Session? {
        let now = parts.clock.now
        return try await parts.outbox.transaction(deadline: caller.deadline) {
            transaction -> (Session?, [OutboxMessage]) in
            guard let ended = try await SessionTable.revoke(session, at: now, in: transaction) else { return (nil, []) }
            let revocation = parts.revocation(of: session, "signed out", by: caller, now)
            try await RevocationTable.insert([revocation], in: transaction)
            return (ended, [.revocationIssued(revocation, trace: caller.trace)])
        }
    }

    private func refuse(_ token: AccessToken, _ caller: Caller, _ now: Timestamp) async throws {
        let revocation = Revocation(
            scope: .token, target: token.identifier, revokedAt: now, relevantUntil: parts.relevantUntil(now),
            reason: "revoked by its holder", revokedBy: "user/\(token.name)")
        try await parts.outbox.transaction(deadline: caller.deadline) { transaction in
            try await RevocationTable.insert([revocation], in: transaction)
            return ((), [.revocationIssued(revocation, trace: caller.trace)])
        }
    }
}
