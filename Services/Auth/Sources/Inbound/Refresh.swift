import Contracts
import Core
import Outbox

/// The refresh grant: each refresh token is good once. Its second use ends the session, because two hold it.
struct Refresh: Sendable {
    let parts: AuthParts

    private enum Outcome: Sendable {
        case issued(Account, AccessToken, RefreshToken)
        case refused(AuthMetrics.SignIn)
    }

    func answer(_ text: String, _ caller: Caller) async throws -> IssueTokenResponse {
        guard let presented = RefreshToken(text, key: parts.configuration.masterSecret.refreshTokenKey) else {
            parts.metrics.count(.refreshToken, .wrong)
            throw AuthFailure.invalidRefreshToken
        }
        let (now, key) = (parts.clock.now, try parts.keys.active())
        let outcome = try await parts.outbox.transaction(deadline: caller.deadline) {
            transaction -> (Outcome, [OutboxMessage]) in
            let session = try await SessionTable.lock(presented.session, in: transaction)
            let account: Account? =
                if let session { try await AccountTable.find(id: session.account, in: transaction) } else { nil }
            guard let session, let account else { return (.refused(.expired), []) }
            switch RefreshVerdict(presented, SessionState(session, account), now: now) {
            case .rotate:
                try await SessionTable.advance(session, at: now, in: transaction)
                let token = parts.token(for: account, session: session.id, now: now)
                let next = RefreshToken(session: session.id, generation: session.generation + 1)
                let event = OutboxMessage.tokenIssued(token, grant: .refreshToken, keyID: key.id, to: caller)
                return (.issued(account, token, next), [event])
            case .reused:
                _ = try await SessionTable.revoke(session.id, at: now, in: transaction)
                let revocation = parts.revocation(of: session.id, "a refresh token was used twice", by: caller, now)
                try await RevocationTable.insert([revocation], in: transaction)
                let failed = OutboxMessage.loginFailed(
                    name: account.name, .reusedRefreshToken, grant: .refreshToken, failures: 1, at: now, by: caller)
                return (.refused(.reused), [.revocationIssued(revocation, trace: caller.trace), failed])
            case .refuse(.ended): return (.refused(.expired), [])
            case .refuse(.disabled): return (.refused(.disabled), [])
            }
        }
        switch outcome {
        case .refused(let reason):
            parts.metrics.count(.refreshToken, reason)
            throw AuthFailure.invalidRefreshToken
        case .issued(let account, let token, let next):
            parts.metrics.count(.refreshToken, .issued)
            return parts.response(try token.signed(by: key, issuer: parts.configuration.issuer), account, next)
        }
    }
}

extension SessionState {
    fileprivate init(_ session: Session, _ account: Account) {
        self.init(
            generation: session.generation, expiresAt: session.expiresAt, isRevoked: session.revokedAt != nil,
            isAccountEnabled: account.isEnabled)
    }
}
