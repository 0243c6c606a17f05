internal import COpenSSL

/// The few habits every call into OpenSSL shares: error codes are taken at once, bytes are lent and never kept.
enum OpenSSL {
    /// The oldest queued error, and none left behind to mislead the next caller on this thread.
    static func failure(_ operation: String) -> CryptographyFailure {
        let code = ERR_get_error()
        ERR_clear_error()
        return .library(operation: operation, code: code)
    }

    static func require(_ result: Int32, _ operation: String) throws(CryptographyFailure) {
        guard result > 0 else { throw failure(operation) }
    }

    /// Two calls, as OpenSSL's `i2d_` functions want it: the first says how long, the second writes.
    static func encode(
        _ operation: String, _ body: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
    ) throws(CryptographyFailure) -> [UInt8] {
        let length = body(nil)
        guard length > 0 else { throw failure(operation) }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
            var cursor = buffer.baseAddress
            count = Int(max(0, unsafe body(&cursor)))
        }
        guard bytes.count == Int(length) else { throw failure(operation) }
        return bytes
    }
}

/// A digest algorithm fetched once per process: looking it up costs more than hashing a short message.
///
/// `@unchecked Sendable` is safe because a fetched `EVP_MD` is immutable and its reference count is atomic; it is
/// never freed.
@safe struct FetchedDigest: @unchecked Sendable {
    let pointer: OpaquePointer?
    let size: Int

    init(_ name: String, size: Int) {
        unsafe pointer = EVP_MD_fetch(nil, name, nil)
        self.size = size
    }

    static let sha1 = FetchedDigest("SHA1", size: 20)
    static let sha256 = FetchedDigest("SHA256", size: 32)
    static let sha512 = FetchedDigest("SHA512", size: 64)
}
