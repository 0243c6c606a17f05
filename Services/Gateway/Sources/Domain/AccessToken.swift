import Core
import Cryptography
import JSON

/// What a caller may do. `viewer`, `editor` and `admin` each include those before; `service` stands beside them.
enum CallerRole: String, Sendable, CaseIterable {
    case viewer, editor, admin, service

    func includes(_ other: CallerRole) -> Bool {
        guard self != .service, other != .service else { return self == other }
        let order: [CallerRole] = [.viewer, .editor, .admin]
        return (order.firstIndex(of: self) ?? 0) >= (order.firstIndex(of: other) ?? 0)
    }
}

/// A verified caller.
struct AccessToken: Sendable, Equatable {
    var user: UUIDv7
    var session: UUIDv7?
    var identifier: UUIDv7?
    var name: String
    var roles: [CallerRole]
    /// What the token was given for (RFC 8693 §4.2), beside what its holder may do.
    var scopes: [String] = []
    var issued: Timestamp
    var expires: Timestamp

    func has(_ role: CallerRole) -> Bool { roles.contains { $0.includes(role) } }
}

enum TokenFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed
    case unknownAlgorithm
    case unknownKey
    /// This gateway has just started: the token may well be good.
    case noKeysYet
    case badSignature
    case expired
    case notYetValid
    case revoked

    var description: String {
        switch self {
        case .malformed: "The token is no signed token of this suite; sign in at /v1/auth/token to get one."
        case .unknownAlgorithm: "The token is signed with an algorithm that is not accepted; use EdDSA or ES256."
        case .unknownKey: "The key the token names is not known any more; sign in again."
        case .noKeysYet: "This gateway has not learned the signing keys from auth yet; try again in a second."
        case .badSignature: "The token's signature is not valid."
        case .expired: "The token has expired; sign in again or use the refresh token."
        case .notYetValid: "The token is not valid yet; check this machine's clock."
        case .revoked: "The token was revoked; sign in again."
        }
    }
}

/// Judges compact JWS tokens (RFC 7515, RFC 8725): the algorithm is the key's own, never the token's choice.
///
/// Replaced as a whole when keys rotate or something is revoked; bounded by `maximumKeys` and `maximumRevocations`.
struct TokenVerifier: Sendable {
    static let maximumTokenBytes = 4_096
    static let maximumKeys = 32
    static let maximumRevocations = 100_000
    static let clockTolerance = Duration.seconds(30)

    /// Tokens issued before are refused, until all of them have expired anyway.
    private struct Revocation {
        var revoked: Timestamp
        var relevantUntil: Timestamp
    }

    private var keys: [String: VerificationKey] = [:]
    private var revocations: [UUIDv7: Revocation] = [:]

    mutating func replaceKeys(_ keys: [String: VerificationKey]) {
        self.keys = Dictionary(uniqueKeysWithValues: keys.prefix(Self.maximumKeys).map { ($0.key, $0.value) })
    }

    /// `target` is a token, a session or a user; a user may sign in again afterwards.
    mutating func revoke(_ target: UUIDv7, at revoked: Timestamp, relevantUntil: Timestamp, now: Timestamp) {
        if revocations.count >= Self.maximumRevocations {
            revocations = revocations.filter { $0.value.relevantUntil > now }
        }
        guard relevantUntil > now, revocations.count < Self.maximumRevocations else { return }
        revocations[target] = Revocation(revoked: revoked, relevantUntil: relevantUntil)
    }

    func verify(_ text: some StringProtocol, now: Timestamp) throws(TokenFailure) -> AccessToken {
        guard text.utf8.count <= Self.maximumTokenBytes else { throw .malformed }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let signature = Base64.decodeURL(parts[2]),
            let keyName = header["kid"]?.stringValue, header["crit"] == nil
        else { throw .malformed }
        guard let algorithm = header["alg"]?.stringValue.flatMap(SignatureAlgorithm.init) else {
            throw .unknownAlgorithm
        }
        guard let key = keys[keyName] else { throw keys.isEmpty ? .noKeysYet : .unknownKey }
        guard key.algorithm == algorithm else { throw .unknownAlgorithm }
        let signed = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        guard key.isValid(signature: signature, for: signed) else { throw .badSignature }
        guard let claims = Self.object(parts[1]), let token = AccessToken(claims: claims) else { throw .malformed }
        guard token.expires > now - Self.clockTolerance else { throw .expired }
        guard token.issued < now + Self.clockTolerance else { throw .notYetValid }
        guard !isRevoked(token) else { throw .revoked }
        return token
    }

    private func isRevoked(_ token: AccessToken) -> Bool {
        guard !revocations.isEmpty else { return false }
        return [token.identifier, token.session, token.user].contains { target in
            guard let target, let revocation = revocations[target] else { return false }
            return token.issued <= revocation.revoked
        }
    }

    private static func object(_ part: some StringProtocol) -> JSONValue? {
        guard let bytes = Base64.decodeURL(part), let value = try? JSONValue(parsing: bytes) else { return nil }
        return value.objectValue == nil ? nil : value
    }
}

extension AccessToken {
    init?(claims: JSONValue) {
        guard let user = claims["sub"]?.stringValue.flatMap({ UUIDv7($0) }),
            let expires = claims["exp"]?.integerValue, let issued = claims["iat"]?.integerValue
        else { return nil }
        self.init(
            user: user, session: claims["sid"]?.stringValue.flatMap { UUIDv7($0) },
            identifier: claims["jti"]?.stringValue.flatMap { UUIDv7($0) }, name: claims["name"]?.stringValue ?? "",
            roles: (claims["roles"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(CallerRole.init) },
            scopes: (claims["scope"]?.stringValue ?? "").split(separator: " ").prefix(64).map(String.init),
            issued: max(Timestamp(seconds: issued), Timestamp(seconds: claims["nbf"]?.integerValue ?? issued)),
            expires: Timestamp(seconds: expires))
    }
}

extension Timestamp {
    fileprivate static func - (moment: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(nanoseconds: moment.nanoseconds.addingClamped(-duration.wholeNanoseconds))
    }
}
