import Core
import Cryptography

/// What a caller calls one change by (`Idempotency-Key`), so that sending it again does not make it again.
///
/// Written as a structured string (RFC 9651 §3.3.3), as draft-ietf-httpapi-idempotency-key-header has it, or as it is, as
/// most clients do. The key itself is stored nowhere: its digest finds the call, and what was answered is sealed with a
/// key made from it.
struct IdempotencyKey: Sendable, Equatable {
    static let longest = 255

    private let bytes: [UInt8]

    /// Nil for what is no key: empty, too long, or with other than visible ASCII.
    init?(_ field: String) {
        var bytes = Array(field.utf8)
        if bytes.first == UInt8(ascii: "\"") {
            guard bytes.count >= 2, bytes.last == UInt8(ascii: "\"") else { return nil }
            bytes = Array(bytes.dropFirst().dropLast())
        }
        let isPlain = bytes.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != 0x5c }
        guard !bytes.isEmpty, bytes.count <= Self.longest, isPlain else { return nil }
        self.bytes = bytes
    }

    var digest: [UInt8] { HMACSHA256.code(for: Array("infinite idempotency digest".utf8), key: bytes) }

    /// The same call with the same arguments, however its JSON was written.
    static func fingerprint(of call: String, payload: [UInt8]) -> [UInt8] {
        SHA256.hash(Array(call.utf8) + [0] + payload)
    }

    func seal(_ answer: [UInt8], for caller: UUIDv7) throws(CryptographyFailure) -> [UInt8] {
        try cipher().seal(answer, authenticating: Array(caller.description.utf8))
    }

    func open(_ sealed: [UInt8], for caller: UUIDv7) throws(CryptographyFailure) -> [UInt8] {
        try cipher().open(sealed, authenticating: Array(caller.description.utf8))
    }

    private func cipher() throws(CryptographyFailure) -> AES256GCM {
        try AES256GCM(key: HMACSHA256.code(for: Array("infinite idempotency answer".utf8), key: bytes))
    }
}
