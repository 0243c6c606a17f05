import Core

/// How somebody got a token. The numbers are stored.
enum Grant: Int16, Sendable {
    case password = 1
    case clientCredentials = 2
    case refreshToken = 3
}

/// A person's sign-in: lives as long as its refresh tokens are renewed, and no longer than `expiresAt`.
struct Session: Sendable, Equatable {
    var id: UUIDv7
    var account: UUIDv7
    var grant: Grant
    var clientAddress: IPAddress?
    var startedAt: Timestamp
    var lastUsedAt: Timestamp
    var expiresAt: Timestamp
    var revokedAt: Timestamp?
    var generation: UInt32
}

/// Tokens issued to a session before this moment are refused.
struct Revocation: Sendable, Equatable {
    enum Scope: Int16, Sendable {
        case token = 1
        case session = 2
        case account = 3
    }

    var scope: Scope
    var target: UUIDv7
    var revokedAt: Timestamp
    /// When the last token it concerns has expired.
    var relevantUntil: Timestamp
    var reason: String
    var revokedBy: String
}
