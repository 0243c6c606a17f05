internal import COpenSSL
internal import Glibc

/// Owns one `SSL_CTX`.
///
/// Sendable: OpenSSL counts references to contexts with atomics and locks what connections share; we change a context
/// only before it is first used.
@safe
final class LibraryContext: @unchecked Sendable {
    /// Forward secrecy and authenticated encryption only. TLS 1.3 has nothing else and keeps its own list.
    private static let ciphersForTLS12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

    let pointer: OpaquePointer

    init(isServer: Bool, minimumVersion: TLSVersion) throws(TLSFailure) {
        OpenSSLErrors.clear()
        guard let made = unsafe SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw .library(OpenSSLErrors.take())
        }
        unsafe pointer = made
        unsafe infinite_tls_set_modes(pointer)
        unsafe infinite_tls_harden(pointer)
        let version = minimumVersion == .tls13 ? infinite_tls_1_3 : infinite_tls_1_2
        guard unsafe infinite_tls_set_minimum(pointer, version) == 1,
            unsafe SSL_CTX_set_cipher_list(pointer, Self.ciphersForTLS12) == 1
        else { throw .library(OpenSSLErrors.take()) }
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    func use(_ files: TLSCertificateFiles) throws(TLSFailure) {
        OpenSSLErrors.clear()
        guard unsafe SSL_CTX_use_certificate_chain_file(pointer, files.chain) == 1 else {
            throw .file(path: files.chain, purpose: "a certificate chain", reason: OpenSSLErrors.take())
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(pointer, files.key, SSL_FILETYPE_PEM) == 1 else {
            let reason = OpenSSLErrors.take()
            guard !reason.contains("mismatch") else {
                throw .mismatchedKey(certificate: files.chain, key: files.key)
            }
            throw .file(path: files.key, purpose: "a private key", reason: reason)
        }
        guard unsafe SSL_CTX_check_private_key(pointer) == 1 else {
            throw .mismatchedKey(certificate: files.chain, key: files.key)
        }
    }

    func trust(caFile: String?) throws(TLSFailure) {
        OpenSSLErrors.clear()
        guard let caFile else {
            guard unsafe SSL_CTX_set_default_verify_paths(pointer) == 1 else { throw .library(OpenSSLErrors.take()) }
            return
        }
        guard unsafe SSL_CTX_load_verify_locations(pointer, caFile, nil) == 1 else {
            throw .file(path: caFile, purpose: "a list of trusted certificates", reason: OpenSSLErrors.take())
        }
    }

    /// When the context's own certificate ends, in seconds since 1970.
    var expires: Int64? {
        guard let certificate = unsafe SSL_CTX_get0_certificate(pointer) else { return nil }
        var time = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1 else { return nil }
        return Int64(unsafe timegm(&time))
    }

    /// The DNS names that the context's own certificate is made out to, in lower case.
    var certificateNames: [String] {
        guard let certificate = unsafe SSL_CTX_get0_certificate(pointer) else { return [] }
        var names: [String] = []
        unsafe withUnsafeMutablePointer(to: &names) { names in
            unsafe infinite_tls_each_name(certificate, names) { context, start, count in
                let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(max(0, count)))
                let name = unsafe String(decoding: bytes, as: UTF8.self).lowercased()
                unsafe context?.assumingMemoryBound(to: [String].self).pointee.append(name)
            }
        }
        return names
    }

    /// Whether the context's own certificate is valid for `host`, wildcards included. For one without DNS names.
    func certificateNames(_ host: UnsafePointer<CChar>, count: Int) -> Bool {
        guard let certificate = unsafe SSL_CTX_get0_certificate(pointer) else { return false }
        return unsafe X509_check_host(certificate, host, count, 0, nil) == 1
    }
}
