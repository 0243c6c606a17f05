internal import COpenSSL

/// HMAC with SHA-256 (RFC 2104).
package enum HMACSHA256 {
    package static let size = 32

    package static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        unsafe code(for: message.span.bytes, key: key)
    }

    package static func code(for message: RawSpan, key: [UInt8]) -> [UInt8] {
        unsafe message.withUnsafeBytes { input in
            // OpenSSL reads a null key as "the one from before"; a zero byte more has an address and the same code.
            unsafe (key.isEmpty ? [0] : key).withUnsafeBytes { secret in
                unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                    let text = unsafe input.assumingMemoryBound(to: UInt8.self)
                    let made = unsafe HMAC(
                        FetchedDigest.sha256.pointer, secret.baseAddress, Int32(clamping: key.count),
                        text.baseAddress, text.count, buffer.baseAddress, nil)
                    precondition(unsafe made != nil, "out of memory for a message authentication code")
                    count = size
                }
            }
        }
    }

    /// Whether `code` is this message's, in time that does not depend on where they differ.
    package static func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
        constantTimeEquals(code, Self.code(for: message, key: key))
    }
}

/// Compares secrets without telling by its duration where they differ. Their lengths are not secret.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { first in
        unsafe right.withUnsafeBytes { second in
            unsafe first.isEmpty || CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
        }
    }
}

/// Bytes nobody can predict. There is no fallback: without them no key and no token may be made.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition((0...(1 << 20)).contains(count), "asked for \(count) random bytes")
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            guard unsafe count == 0 || RAND_bytes(buffer.baseAddress, Int32(count)) == 1 else {
                fatalError("the random number generator failed")
            }
            filled = count
        }
    }
}
