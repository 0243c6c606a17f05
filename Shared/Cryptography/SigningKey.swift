internal import COpenSSL
internal import Core

/// How a token or a checkpoint is signed, by the name JOSE gives it (RFC 7518, RFC 8037).
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case ed25519 = "EdDSA"
    case es256 = "ES256"
}

/// A private key that signs. Ed25519 signatures are RFC 8032's 64 bytes; ES256 ones are JWS's 64 bytes r‖s.
package final class SigningKey: Sendable {
    package let algorithm: SignatureAlgorithm
    package let verificationKey: VerificationKey
    private let handle: KeyHandle

    private init(_ handle: consuming KeyHandle) throws(CryptographyFailure) {
        algorithm = try handle.algorithm()
        verificationKey = try VerificationKey(subjectPublicKeyInfo: try handle.subjectPublicKeyInfo())
        self.handle = handle
    }

    package static func generate(_ algorithm: SignatureAlgorithm) throws(CryptographyFailure) -> SigningKey {
        let made = unsafe algorithm == .ed25519 ? infinite_generate_ed25519() : infinite_generate_p256()
        return try unsafe SigningKey(KeyHandle(owning: made, "generating a key"))
    }

    /// From PKCS #8 or SEC 1 bytes, as `privateKeyInfo()` writes them.
    package convenience init(der: [UInt8]) throws(CryptographyFailure) {
        let (key, consumed) = unsafe der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            let key = unsafe d2i_AutoPrivateKey(nil, &cursor, bytes.count)
            return unsafe (key, cursor.map { unsafe $0 - (bytes.baseAddress ?? $0) } ?? 0)
        }
        let handle = try unsafe KeyHandle(owning: key, "reading a private key")
        guard consumed == der.count else { throw .malformedKey("bytes follow the key") }
        try self.init(handle)
    }

    package func sign(_ message: [UInt8]) throws(CryptographyFailure) -> [UInt8] {
        let signature = try handle.sign(message, algorithm)
        return algorithm == .es256 ? try ECDSASignature.fixedWidth(fromDER: signature) : signature
    }

    /// PKCS #8: secret bytes, for a file only its owner can read.
    package func privateKeyInfo() throws(CryptographyFailure) -> [UInt8] { try handle.privateKeyInfo() }
}

/// A public key that checks signatures, and can be published.
package final class VerificationKey: Sendable {
    package let algorithm: SignatureAlgorithm
    /// SubjectPublicKeyInfo (RFC 5280), in DER.
    package let subjectPublicKeyInfo: [UInt8]
    private let handle: KeyHandle

    package init(subjectPublicKeyInfo bytes: [UInt8]) throws(CryptographyFailure) {
        let key = unsafe bytes.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return unsafe d2i_PUBKEY(nil, &cursor, buffer.count)
        }
        handle = try unsafe KeyHandle(owning: key, "reading a public key")
        algorithm = try handle.algorithm()
        subjectPublicKeyInfo = try handle.subjectPublicKeyInfo()
        guard subjectPublicKeyInfo == bytes else { throw .malformedKey("it is not in its canonical encoding") }
    }

    /// From a JSON Web Key's coordinates: `x` for an Ed25519 key, `x` and `y` for a P-256 one.
    package convenience init(_ algorithm: SignatureAlgorithm, x: [UInt8], y: [UInt8] = []) throws(CryptographyFailure) {
        guard x.count == 32, y.count == (algorithm == .es256 ? 32 : 0) else {
            throw .malformedKey("a coordinate does not have 32 bytes")
        }
        try self.init(subjectPublicKeyInfo: Self.prefix(of: algorithm) + x + y)
    }

    package func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 64 else { return false }
        switch algorithm {
        case .ed25519: return handle.verify(signature, message, algorithm)
        case .es256: return handle.verify(ECDSASignature.der(fromFixedWidth: signature), message, algorithm)
        }
    }

    /// The public members of this key's JSON Web Key (RFC 7517, RFC 8037), without `kid` and `use`.
    package var jsonWebKey: [(name: String, value: String)] {
        let point = subjectPublicKeyInfo.dropFirst(Self.prefix(of: algorithm).count)
        let x = Base64.encodeURL(point.prefix(32))
        switch algorithm {
        case .ed25519: return [("kty", "OKP"), ("crv", "Ed25519"), ("x", x), ("alg", algorithm.rawValue)]
        case .es256:
            let y = Base64.encodeURL(point.dropFirst(32))
            return [("kty", "EC"), ("crv", "P-256"), ("x", x), ("y", y), ("alg", algorithm.rawValue)]
        }
    }

    /// Everything before the point in a SubjectPublicKeyInfo; it never varies for these two kinds of key.
    private static func prefix(of algorithm: SignatureAlgorithm) -> [UInt8] {
        switch algorithm {
        case .ed25519: [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
        case .es256:
            [
                0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
                0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
            ]
        }
    }
}
