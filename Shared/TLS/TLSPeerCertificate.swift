internal import COpenSSL

/// What is told about a peer's certificate.
package struct TLSPeerCertificate: Sendable, Equatable {
    /// As RFC 2253 writes it: `CN=gateway,O=Infinite`.
    package let subject: String
    /// Of the whole certificate: the same certificate, the same fingerprint.
    package let sha256Fingerprint: [UInt8]

    init(_ certificate: OpaquePointer) {
        subject = unsafe Self.print(X509_get_subject_name(certificate))
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 32
        _ = unsafe X509_digest(certificate, EVP_sha256(), &digest, &count)
        sha256Fingerprint = digest
    }

    private static func print(_ name: OpaquePointer?) -> String {
        guard let output = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(output) }
        _ = unsafe X509_NAME_print_ex(output, name, 0, UInt(infinite_name_flags))
        var text = [UInt8](repeating: 0, count: 1_024)
        let count = unsafe BIO_read(output, &text, Int32(text.count))
        return String(decoding: text.prefix(max(0, Int(count))), as: UTF8.self)
    }
}
