internal import COpenSSL
internal import Core

/// What a client's first TLS message says of the program that wrote it: a hash of what it offers. Two connections of one
/// program give the same, whatever host they ask for and whether they resume a session or not.
///
/// Of our own making, after the ideas of others: the highest version, the cipher suites and the extensions as sets (some
/// clients shuffle them), the signature algorithms and the application protocols in their order; without the values that
/// clients throw in at random (RFC 8701), the server's name, and what only a resumption has.
enum ClientHello {
    /// Of no protocol of ours: what is longer is not read on.
    private static let mostBytes = 512

    private static let serverName: UInt16 = 0
    private static let signatureAlgorithms: UInt16 = 13
    private static let applicationProtocols: UInt16 = 16
    private static let supportedVersions: UInt16 = 43
    /// Padding, a session ticket, early data, a pre-shared key, a cookie.
    private static let passing: Set<UInt16> = [serverName, 21, 35, 41, 42, 44]

    /// To be called from OpenSSL's callback for the message, during which alone it can be looked at.
    static func fingerprint(_ ssl: OpaquePointer) -> UInt64 {
        var hash = KeyHash()
        hash.add(word: UInt64(unsafe version(ssl)))
        var bytes: UnsafePointer<UInt8>?
        let count = unsafe SSL_client_hello_get0_ciphers(ssl, &bytes)
        hash.add(word: unsafe set(of: UnsafeBufferPointer(start: bytes, count: min(count, mostBytes))))
        hash.add(word: unsafe extensions(ssl))
        unsafe extend(ssl, signatureAlgorithms) { bytes in unsafe hash.add(bytes) }
        unsafe extend(ssl, applicationProtocols) { bytes in unsafe hash.add(bytes) }
        // Zero is for who has shown none.
        return hash.mixed | 1
    }

    /// Values that stand for nothing (RFC 8701): 0x0a0a, 0x1a1a … 0xfafa.
    static func isGrease(_ value: UInt16) -> Bool { value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff }

    private static func version(_ ssl: OpaquePointer) -> UInt16 {
        var highest = UInt16(truncatingIfNeeded: unsafe SSL_client_hello_get0_legacy_version(ssl))
        unsafe extend(ssl, supportedVersions) { bytes in
            for value in unsafe words(UnsafeBufferPointer(rebasing: bytes.dropFirst())) where !isGrease(value) {
                highest = max(highest, value)
            }
        }
        return highest
    }

    private static func extensions(_ ssl: OpaquePointer) -> UInt64 {
        var numbers: UnsafeMutablePointer<Int32>?
        var count = 0
        guard unsafe SSL_client_hello_get1_extensions_present(ssl, &numbers, &count) == 1 else { return 0 }
        defer { unsafe infinite_tls_free(numbers) }
        var sum: UInt64 = 0
        let present = unsafe UnsafeBufferPointer(start: numbers, count: count)
        for index in 0..<present.count {
            let value = UInt16(truncatingIfNeeded: unsafe present[index])
            if !isGrease(value), !passing.contains(value) { sum &+= KeyHash.mix(UInt64(value)) }
        }
        return sum
    }

    private static func extend(
        _ ssl: OpaquePointer, _ number: UInt16, _ use: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        guard unsafe SSL_client_hello_get0_ext(ssl, UInt32(number), &bytes, &count) == 1 else { return }
        unsafe use(UnsafeBufferPointer(start: bytes, count: min(count, mostBytes)))
    }

    /// Numbers of two bytes, whatever their order.
    private static func set(of bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var sum: UInt64 = 0
        for value in unsafe words(bytes) where !isGrease(value) { sum &+= KeyHash.mix(UInt64(value)) }
        return sum
    }

    private static func words(_ bytes: UnsafeBufferPointer<UInt8>) -> some Sequence<UInt16> {
        (0..<bytes.count / 2).lazy.map { unsafe UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
    }
}
