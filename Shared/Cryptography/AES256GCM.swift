internal import COpenSSL

/// AES-256 in Galois/Counter mode (NIST SP 800-38D). A sealed message is nonce (12) + ciphertext + tag (16).
///
/// The nonce is random, so one key may seal about 2³² messages: enough for per-subject keys, and the reason there is
/// no way to choose a nonce from outside this module.
package struct AES256GCM: Sendable {
    package static let keySize = 32
    package static let overhead = nonceSize + tagSize
    static let nonceSize = 12
    static let tagSize = 16
    /// OpenSSL counts in 32 bits.
    private static let maximumMessage = 1 << 30

    private let key: [UInt8]

    package init(key: [UInt8]) throws(CryptographyFailure) {
        guard key.count == Self.keySize else {
            throw .malformedKey("AES-256 needs 32 bytes, not \(key.count)")
        }
        self.key = key
    }

    package func seal(_ plain: [UInt8], authenticating context: [UInt8] = []) throws(CryptographyFailure) -> [UInt8] {
        try seal(plain, authenticating: context, nonce: SecureRandom.bytes(Self.nonceSize))
    }

    func seal(_ plain: [UInt8], authenticating context: [UInt8], nonce: [UInt8]) throws(CryptographyFailure) -> [UInt8]
    {
        let cipher = try CipherContext()
        try cipher.start(key: key, nonce: nonce, sealing: true)
        try cipher.authenticate(context)
        let text = try cipher.transform(plain)
        return nonce + text + (try cipher.tag())
    }

    package func open(_ sealed: [UInt8], authenticating context: [UInt8] = []) throws(CryptographyFailure) -> [UInt8] {
        guard sealed.count >= Self.overhead, sealed.count <= Self.maximumMessage else { throw .notAuthentic }
        let cipher = try CipherContext()
        try cipher.start(key: key, nonce: Array(sealed.prefix(Self.nonceSize)), sealing: false)
        try cipher.authenticate(context)
        let plain = try cipher.transform(Array(sealed.dropFirst(Self.nonceSize).dropLast(Self.tagSize)))
        try cipher.verify(tag: Array(sealed.suffix(Self.tagSize)))
        return plain
    }
}

@safe private struct CipherContext: ~Copyable {
    private let handle: OpaquePointer

    init() throws(CryptographyFailure) {
        guard let made = unsafe EVP_CIPHER_CTX_new() else { throw OpenSSL.failure("making a cipher") }
        unsafe handle = made
    }

    deinit { unsafe EVP_CIPHER_CTX_free(handle) }

    func start(key: [UInt8], nonce: [UInt8], sealing: Bool) throws(CryptographyFailure) {
        let result = unsafe EVP_CipherInit_ex(handle, EVP_aes_256_gcm(), nil, key, nonce, sealing ? 1 : 0)
        try OpenSSL.require(result, "starting a cipher")
    }

    func authenticate(_ context: [UInt8]) throws(CryptographyFailure) {
        guard !context.isEmpty else { return }
        var ignored: Int32 = 0
        let result = unsafe EVP_CipherUpdate(handle, nil, &ignored, context, Int32(clamping: context.count))
        try OpenSSL.require(result, "authenticating context")
    }

    func transform(_ text: [UInt8]) throws(CryptographyFailure) -> [UInt8] {
        guard !text.isEmpty else { return [] }
        var written: Int32 = 0
        var result: Int32 = 0
        let output = unsafe [UInt8](unsafeUninitializedCapacity: text.count) { buffer, count in
            result = unsafe EVP_CipherUpdate(
                handle, buffer.baseAddress, &written, text, Int32(clamping: text.count))
            count = Int(written)
        }
        try OpenSSL.require(result, "encrypting")
        return output
    }

    func tag() throws(CryptographyFailure) -> [UInt8] {
        var ignored: Int32 = 0
        var tag = [UInt8](repeating: 0, count: AES256GCM.tagSize)
        try OpenSSL.require(unsafe EVP_CipherFinal_ex(handle, &tag, &ignored), "finishing a cipher")
        let size = Int32(tag.count)
        try OpenSSL.require(
            unsafe EVP_CIPHER_CTX_ctrl(handle, EVP_CTRL_AEAD_GET_TAG, size, &tag), "reading a cipher's tag")
        return tag
    }

    func verify(tag: [UInt8]) throws(CryptographyFailure) {
        var expected = tag
        let size = Int32(expected.count)
        try OpenSSL.require(
            unsafe EVP_CIPHER_CTX_ctrl(handle, EVP_CTRL_AEAD_SET_TAG, size, &expected), "setting a cipher's tag")
        var ignored: Int32 = 0
        var nothing: [UInt8] = [0]
        guard unsafe EVP_CipherFinal_ex(handle, &nothing, &ignored) == 1 else {
            ERR_clear_error()
            throw .notAuthentic
        }
    }
}
