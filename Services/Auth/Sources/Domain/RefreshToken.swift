import Core
import Cryptography

/// session (16 bytes) ‖ generation (4) ‖ HMAC-SHA256 of both (32), in URL-safe Base64.
///
/// Nothing secret is stored: the database holds the session's generation only, and each use moves it on by one. A token
/// with a valid code and an old generation was used before, so somebody else has a copy; a token without a valid code
/// proves nothing, and must not end a session whose identifier is no secret.
struct RefreshToken: Sendable, Equatable {
    var session: UUIDv7
    var generation: UInt32

    static let size = 52

    func text(_ key: [UInt8]) -> String { Base64.encodeURL(content + HMACSHA256.code(for: content, key: key)) }

    init(session: UUIDv7, generation: UInt32) {
        self.session = session
        self.generation = generation
    }

    init?(_ text: String, key: [UInt8]) {
        guard text.utf8.count <= 128, let bytes = Base64.decodeURL(text), bytes.count == Self.size,
            let session = UUIDv7(bytes: Array(bytes.prefix(16)))
        else { return nil }
        self.init(session: session, generation: bytes[16..<20].reduce(0) { $0 << 8 | UInt32($1) })
        let code = HMACSHA256.code(for: content, key: key)
        guard constantTimeEquals(code, Array(bytes.suffix(32))) else { return nil }
    }

    private var content: [UInt8] {
        session.bytes + (0..<4).map { UInt8(truncatingIfNeeded: generation >> (24 - 8 * UInt32($0))) }
    }
}

/// What the sessions table knows of the session a refresh token names.
struct SessionState: Sendable, Equatable {
    var generation: UInt32
    var expiresAt: Timestamp
    var isRevoked: Bool
    var isAccountEnabled: Bool
}

enum RefreshVerdict: Sendable, Equatable {
    case rotate
    /// A copy is about: the session ends, for the thief and for the owner.
    case reused
    case refuse(RefreshRefusal)

    init(_ token: RefreshToken, _ state: SessionState?, now: Timestamp) {
        guard let state, !state.isRevoked, now < state.expiresAt else {
            self = .refuse(.ended)
            return
        }
        guard state.isAccountEnabled else {
            self = .refuse(.disabled)
            return
        }
        self = token.generation == state.generation ? .rotate : .reused
    }
}

enum RefreshRefusal: Sendable, Equatable {
    case ended
    case disabled
}
