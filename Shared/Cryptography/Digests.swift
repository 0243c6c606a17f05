internal import COpenSSL

/// SHA-256 (FIPS 180-4), in pieces or at once.
package struct SHA256: ~Copyable {
    package static let size = 32
    private var context = DigestContext(.sha256)

    package init() {}
    package mutating func update(_ bytes: RawSpan) { context.update(bytes) }
    package mutating func update(_ bytes: [UInt8]) { unsafe context.update(bytes.span.bytes) }
    package consuming func finalize() -> [UInt8] { context.finalize() }

    package static func hash(_ bytes: RawSpan) -> [UInt8] { DigestContext.hash(bytes, .sha256) }
    package static func hash(_ bytes: [UInt8]) -> [UInt8] { unsafe hash(bytes.span.bytes) }
}

/// SHA-512 (FIPS 180-4), in pieces or at once.
package struct SHA512: ~Copyable {
    package static let size = 64
    private var context = DigestContext(.sha512)

    package init() {}
    package mutating func update(_ bytes: RawSpan) { context.update(bytes) }
    package mutating func update(_ bytes: [UInt8]) { unsafe context.update(bytes.span.bytes) }
    package consuming func finalize() -> [UInt8] { context.finalize() }

    package static func hash(_ bytes: RawSpan) -> [UInt8] { DigestContext.hash(bytes, .sha512) }
    package static func hash(_ bytes: [UInt8]) -> [UInt8] { unsafe hash(bytes.span.bytes) }
}

/// SHA-1 (FIPS 180-4), broken as a signature: only for what a standard fixed long ago, such as the WebSocket handshake.
package enum SHA1 {
    package static func hash(_ bytes: [UInt8]) -> [UInt8] { unsafe DigestContext.hash(bytes.span.bytes, .sha1) }
}

/// One running digest. Hashing memory with a fetched algorithm fails only when the process has no memory left, and
/// then there is nothing to return to: that is a trap, not an error.
@safe private struct DigestContext: ~Copyable {
    private let handle: OpaquePointer
    private let size: Int

    init(_ algorithm: FetchedDigest) {
        guard let made = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex2(made, algorithm.pointer, nil) == 1 else {
            fatalError("out of memory for a digest")
        }
        unsafe handle = made
        size = algorithm.size
    }

    deinit { unsafe EVP_MD_CTX_free(handle) }

    mutating func update(_ bytes: RawSpan) {
        let result = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(handle, $0.baseAddress, $0.count) }
        precondition(result == 1, "a digest was updated after its end")
    }

    consuming func finalize() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let result = unsafe EVP_DigestFinal_ex(handle, buffer.baseAddress, nil)
            precondition(result == 1, "a digest was finished twice")
            count = size
        }
    }

    static func hash(_ bytes: RawSpan, _ algorithm: FetchedDigest) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { input in
            unsafe [UInt8](unsafeUninitializedCapacity: algorithm.size) { buffer, count in
                let result = unsafe EVP_Digest(
                    input.baseAddress, input.count, buffer.baseAddress, nil, algorithm.pointer, nil)
                precondition(result == 1, "out of memory for a digest")
                count = algorithm.size
            }
        }
    }
}
