import Core
import Cryptography
import JSON

/// What an access token says (RFC 7519), and its signed form (RFC 7515).
struct AccessToken: Sendable, Equatable {
    var identifier: UUIDv7
    var user: UUIDv7
    /// Nil for a machine, which has none.
    var session: UUIDv7?
    var name: String
    var roles: [UserRole]
    var issuedAt: Timestamp
    var expiresAt: Timestamp

    func signed(by ringKey: RingKey, issuer: String) throws(CryptographyFailure) -> String {
        let content = Base64.encodeURL(header(ringKey)) + "." + Base64.encodeURL(claims(issuer: issuer))
        return content + "." + Base64.encodeURL(try ringKey.key.sign(Array(content.utf8)))
    }

    private func header(_ ringKey: RingKey) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("alg")
            json.string(ringKey.key.algorithm.rawValue)
            json.key("typ")
            // RFC 9068: an identity token can never pass for an access token.
            json.string("at+jwt")
            json.key("kid")
            json.string(ringKey.id)
        }
        return json.bytes
    }

    private func claims(issuer: String) -> [UInt8] {
        var texts = [("iss", issuer), ("sub", user.description), ("jti", identifier.description), ("name", name)]
        if let session { texts.append(("sid", session.description)) }
        var json = JSONWriter()
        json.object { json in
            for (claim, text) in texts {
                json.key(claim)
                json.string(text)
            }
            json.key("roles")
            json.array { json in for role in roles { json.string(role.rawValue) } }
            json.key("iat")
            json.integer(issuedAt.seconds)
            json.key("exp")
            json.integer(expiresAt.seconds)
        }
        return json.bytes
    }

    /// Reads a token of ours, whoever sends it: nil for what this ring did not sign or what has expired.
    init?(_ text: String, ring: SigningKeyRing, now: Timestamp) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 4_096, parts.count == 3, let header = Self.object(parts[0]),
            let ringKey = ring.published(now: now).first(where: { $0.id == header["kid"]?.stringValue }),
            header["alg"]?.stringValue == ringKey.key.algorithm.rawValue, let signature = Base64.decodeURL(parts[2]),
            ringKey.key.verificationKey.isValid(
                signature: signature, for: Array("\(parts[0]).\(parts[1])".utf8)),
            let claims = Self.object(parts[1]), let expires = claims["exp"]?.integerValue,
            let issued = claims["iat"]?.integerValue, now < Timestamp(seconds: expires),
            let user = claims["sub"]?.stringValue.flatMap({ UUIDv7($0) }),
            let identifier = claims["jti"]?.stringValue.flatMap({ UUIDv7($0) })
        else { return nil }
        self.init(
            identifier: identifier, user: user, session: claims["sid"]?.stringValue.flatMap { UUIDv7($0) },
            name: claims["name"]?.stringValue ?? "",
            roles: (claims["roles"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(UserRole.init) },
            issuedAt: Timestamp(seconds: issued), expiresAt: Timestamp(seconds: expires))
    }

    init(
        identifier: UUIDv7 = UUIDv7(), user: UUIDv7, session: UUIDv7?, name: String, roles: [UserRole],
        issuedAt: Timestamp, expiresAt: Timestamp
    ) {
        self.identifier = identifier
        self.user = user
        self.session = session
        self.name = name
        self.roles = roles
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }

    private static func object(_ part: Substring) -> JSONValue? {
        guard let bytes = Base64.decodeURL(part), let json = try? JSONValue(parsing: bytes) else { return nil }
        return json.objectValue == nil ? nil : json
    }
}
