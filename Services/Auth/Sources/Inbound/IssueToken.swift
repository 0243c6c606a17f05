import Contracts
import Core
import Outbox

/// `AuthService/IssueToken`: a password, client credentials or a refresh token for an access token.
struct IssueToken: Sendable {
    let parts: AuthParts

    func answer(_ request: IssueTokenRequest, _ caller: Caller) async throws -> IssueTokenResponse {
        switch request.grantType {
        case .password:
            try await signIn(request.username, request.password, .password, caller)
        case .clientCredentials:
            try await signIn(request.clientID, request.clientSecret, .clientCredentials, caller)
        case .refreshToken:
            try await Refresh(parts: parts).answer(request.refreshToken, caller)
        case .unspecified, .unrecognized:
            throw AuthFailure.invalidRequest(
                "grant_type must be one of: password, client_credentials, refresh_token.")
        }
    }

    private func signIn(
        _ name: String, _ secret: String, _ grant: Grant, _ caller: Caller
    ) async throws -> IssueTokenResponse {
        guard !name.isEmpty, !secret.isEmpty else {
            throw AuthFailure.invalidRequest("Give a name and a secret, both not empty.")
        }
        guard name.utf8.count <= Account.longestName, secret.utf8.count <= Account.secretLength.upperBound else {
            throw AuthFailure.invalidRequest("The name or the secret is too long.")
        }
        let counted = name.lowercased()
        if let wait = parts.guesses.delay(name: counted, address: caller.address) {
            count(grant, .delayed)
            throw AuthFailure.delayed(wait)
        }
        let account = try await verified(name, secret, grant, caller)
        parts.guesses.succeeded(name: counted, address: caller.address)
        let renewed = await parts.secrets.renewedHash(of: Array(secret.utf8), account, deadline: caller.deadline)
        return try await issue(to: account, grant, renewing: renewed, caller)
    }

    /// The account whose secret this is. Every way to be wrong takes the same time and gets the same answer.
    private func verified(
        _ name: String, _ secret: String, _ grant: Grant, _ caller: Caller
    ) async throws -> Account {
        let found: Account? =
            if let canonical = Account.canonicalName(name) {
                try await parts.accounts.find(name: canonical, deadline: caller.deadline)
            } else { nil }
        let account = found?.isServiceAccount == (grant == .clientCredentials) ? found : nil
        let isRight: Bool
        do {
            isRight = try await parts.secrets.isRight(Array(secret.utf8), of: account, deadline: caller.deadline)
        } catch AuthFailure.busy {
            count(grant, .busy)
            throw AuthFailure.busy
        }
        guard let account, isRight else {
            try await note(account == nil ? .unknownName : .wrongSecret, name, grant, caller)
            throw AuthFailure.wrongCredentials
        }
        guard account.isEnabled else {
            try await note(.disabled, name, grant, caller)
            throw AuthFailure.wrongCredentials
        }
        return account
    }

    private func note(_ reason: LoginFailureReason, _ name: String, _ grant: Grant, _ caller: Caller) async throws {
        count(grant, reason == .disabled ? .disabled : .wrong)
        let failures = parts.guesses.failed(name: name.lowercased(), address: caller.address)
        let event = OutboxMessage.loginFailed(
            name: name, reason, grant: grant, failures: failures, at: parts.clock.now, by: caller)
        try await parts.outbox.transaction(deadline: caller.deadline) { _ in ((), [event]) }
    }

    private func issue(
        to account: Account, _ grant: Grant, renewing hash: String?, _ caller: Caller
    ) async throws -> IssueTokenResponse {
        let (now, key) = (parts.clock.now, try parts.keys.active())
        // A machine keeps its secret and needs no session to be refreshed.
        let session = grant == .password ? newSession(of: account, caller, now) : nil
        let token = parts.token(for: account, session: session?.id, now: now)
        let text = try token.signed(by: key, issuer: parts.configuration.issuer)
        let issued = OutboxMessage.tokenIssued(token, grant: grant, keyID: key.id, to: caller)
        try await parts.outbox.transaction(deadline: caller.deadline) { transaction in
            try await AccountTable.noteLogin(account.id, at: now, in: transaction)
            if let hash { try await AccountTable.replaceHash(of: account, by: hash, in: transaction) }
            guard let session else { return ((), [issued]) }
            try await SessionTable.insert(session, in: transaction)
            let ended = try await SessionTable.revokeOldest(
                of: account.id, beyond: parts.configuration.maximumSessions, at: now, in: transaction)
            let revocations = ended.map { parts.revocation(of: $0, "too many sessions", by: caller, now) }
            try await RevocationTable.insert(revocations, in: transaction)
            return ((), [issued] + revocations.map { .revocationIssued($0, trace: caller.trace) })
        }
        count(grant, .issued)
        return parts.response(text, account, session.map { RefreshToken(session: $0.id, generation: $0.generation) })
    }

    private func newSession(of account: Account, _ caller: Caller, _ now: Timestamp) -> Session {
        Session(
            id: UUIDv7(), account: account.id, grant: .password,
            clientAddress: caller.address.isSet ? caller.address : nil, startedAt: now, lastUsedAt: now,
            expiresAt: now + parts.configuration.sessionLifetime, revokedAt: nil, generation: 0)
    }

    private func count(_ grant: Grant, _ outcome: AuthMetrics.SignIn) { parts.metrics.count(grant, outcome) }
}

extension AuthParts {
    func token(for account: Account, session: UUIDv7?, now: Timestamp) -> AccessToken {
        AccessToken(
            user: account.id, session: session, name: account.name, roles: account.roles, issuedAt: now,
            expiresAt: now + configuration.accessTokenLifetime)
    }

    func response(_ text: String, _ account: Account, _ refresh: RefreshToken?) -> IssueTokenResponse {
        IssueTokenResponse(
            accessToken: text, tokenType: "Bearer",
            expiresIn: UInt32(clamping: configuration.accessTokenLifetime.wholeMilliseconds / 1_000),
            refreshToken: refresh?.text(configuration.masterSecret.refreshTokenKey) ?? "",
            sessionID: refresh?.session ?? .unset, roles: account.roles.map(\.wire))
    }

    func revocation(of session: UUIDv7, _ reason: String, by caller: Caller, _ now: Timestamp) -> Revocation {
        metrics.countRevocation()
        return Revocation(
            scope: .session, target: session, revokedAt: now, relevantUntil: relevantUntil(now), reason: reason,
            revokedBy: caller.actor)
    }
}
