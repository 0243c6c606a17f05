internal import COpenSSL
internal import Glibc

/// An `EVP_PKEY` with one owner.
///
/// `@unchecked Sendable` is safe because the key is never changed after it was made, and OpenSSL 3 lets threads sign
/// and verify with one key at a time through contexts of their own, as every method here does.
@safe struct KeyHandle: ~Copyable, @unchecked Sendable {
    private let pointer: OpaquePointer

    init(owning made: OpaquePointer?, _ operation: String) throws(CryptographyFailure) {
        guard let made = unsafe made else {
            ERR_clear_error()
            throw .malformedKey("\(operation) failed")
        }
        unsafe pointer = made
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    func algorithm() throws(CryptographyFailure) -> SignatureAlgorithm {
        if unsafe EVP_PKEY_is_a(pointer, "ED25519") == 1 { return .ed25519 }
        var name = [CChar](repeating: 0, count: 32)
        let isP256 =
            unsafe EVP_PKEY_is_a(pointer, "EC") == 1
            && EVP_PKEY_get_group_name(pointer, &name, name.count, nil) == 1
            && strcmp(name, "prime256v1") == 0
        guard isP256 else { throw .unsupportedKey("only Ed25519 and P-256 keys sign here") }
        return .es256
    }

    func sign(_ message: [UInt8], _ algorithm: SignatureAlgorithm) throws(CryptographyFailure) -> [UInt8] {
        let context = try SignatureContext()
        let digest = unsafe algorithm.digest
        try OpenSSL.require(
            unsafe EVP_DigestSignInit(context.handle, nil, digest, nil, pointer), "starting a signature")
        var result: Int32 = 0
        let signature = unsafe [UInt8](unsafeUninitializedCapacity: 80) { buffer, count in
            count = 80
            result = unsafe EVP_DigestSign(context.handle, buffer.baseAddress, &count, message, message.count)
            if result != 1 { count = 0 }
        }
        try OpenSSL.require(result, "signing")
        return signature
    }

    func verify(_ signature: [UInt8], _ message: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
        guard let context = try? SignatureContext(),
            unsafe EVP_DigestVerifyInit(context.handle, nil, algorithm.digest, nil, pointer) == 1
        else { return false }
        let result = unsafe EVP_DigestVerify(
            context.handle, signature, signature.count, message, message.count)
        if result != 1 { ERR_clear_error() }
        return result == 1
    }

    func subjectPublicKeyInfo() throws(CryptographyFailure) -> [UInt8] {
        try unsafe OpenSSL.encode("writing a public key") { unsafe i2d_PUBKEY(pointer, $0) }
    }

    func privateKeyInfo() throws(CryptographyFailure) -> [UInt8] {
        guard let info = unsafe EVP_PKEY2PKCS8(pointer) else { throw OpenSSL.failure("writing a private key") }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
        return try unsafe OpenSSL.encode("writing a private key") { unsafe i2d_PKCS8_PRIV_KEY_INFO(info, $0) }
    }
}

@safe private struct SignatureContext: ~Copyable {
    let handle: OpaquePointer

    init() throws(CryptographyFailure) {
        guard let made = unsafe EVP_MD_CTX_new() else { throw OpenSSL.failure("making a signature") }
        unsafe handle = made
    }

    deinit { unsafe EVP_MD_CTX_free(handle) }
}

extension SignatureAlgorithm {
    /// Ed25519 hashes by itself.
    fileprivate var digest: OpaquePointer? { unsafe self == .es256 ? FetchedDigest.sha256.pointer : nil }
}
