import Contracts
import Core
import Outbox

/// What auth tells the others, from its own values.
extension OutboxMessage {
    static func tokenIssued(
        _ token: AccessToken, grant: Grant, keyID: String, to caller: Caller
    ) -> OutboxMessage {
        OutboxMessage(
            TokenIssued(
                eventID: UUIDv7(), issuedAt: token.issuedAt, expiresAt: token.expiresAt, tokenID: token.identifier,
                sessionID: token.session ?? .unset, userID: token.user, userName: token.name,
                roles: token.roles.map(\.wire), grant: grant.wire, clientAddress: caller.address,
                requestID: caller.requestID, keyID: keyID),
            key: token.user.description, trace: caller.trace)
    }

    /// `name` is what was typed, which may be a password in the wrong box: not more than its beginning leaves here.
    static func loginFailed(
        name: String, _ reason: LoginFailureReason, grant: Grant, failures: Int, at now: Timestamp, by caller: Caller
    ) -> OutboxMessage {
        OutboxMessage(
            LoginFailed(
                eventID: UUIDv7(), failedAt: now, claimedName: Array(name.utf8.prefix(64)), reason: reason,
                grant: grant.wire, clientAddress: caller.address, requestID: caller.requestID,
                consecutiveFailures: UInt32(clamping: failures)),
            key: caller.address.description, trace: caller.trace)
    }

    static func revocationIssued(_ revocation: Revocation, trace: TraceContext?) -> OutboxMessage {
        OutboxMessage(revocation.wire, key: revocation.target.description, trace: trace)
    }

    static func signingKeysRotated(_ ring: SigningKeyRing, at now: Timestamp) -> OutboxMessage {
        let keys = ring.published(now: now).map(\.wire)
        let active = ring.active(now: now)?.id ?? ""
        return OutboxMessage(
            SigningKeysRotated(eventID: UUIDv7(), rotatedAt: now, keys: keys, activeKeyID: active), key: "signing-keys")
    }

    static func accountCreated(_ account: Account, by caller: Caller) -> OutboxMessage {
        OutboxMessage(
            UserChanged(
                eventID: UUIDv7(), changedAt: account.createdAt, userID: account.id, userName: account.name,
                roles: account.roles.map(\.wire), isEnabled: account.isEnabled, change: .created,
                changedBy: caller.actor),
            key: account.id.description, trace: caller.trace)
    }
}
