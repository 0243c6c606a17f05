internal import COpenSSL
internal import Core
internal import Reactor
internal import Synchronization

/// What a TLS client trusts and shows, and the sessions it can resume.
package final class TLSClientContext: Sendable {
    private static let rememberedSessions = 256

    package let configuration: TLSClientConfiguration
    let library: LibraryContext
    private let protocols: [UInt8]
    private let sessions = Mutex<[String: Session]>([:])

    package init(_ configuration: TLSClientConfiguration) throws(TLSFailure) {
        self.configuration = configuration
        protocols = try encodeProtocols(configuration.applicationProtocols)
        library = try LibraryContext(isServer: false, minimumVersion: configuration.minimumVersion)
        if let files = configuration.certificate { try library.use(files) }
        if configuration.verification == .none {
            unsafe SSL_CTX_set_verify(library.pointer, SSL_VERIFY_NONE, nil)
        } else {
            try library.trust(caFile: configuration.caFile)
            unsafe SSL_CTX_set_verify(library.pointer, SSL_VERIFY_PEER, nil)
        }
        rememberSessions()
    }

    /// Sets what differs from connection to connection: the peer's name, ALPN, and a session to resume.
    func prepare(_ ssl: OpaquePointer, for host: String) throws(StreamFailure) {
        OpenSSLErrors.clear()
        let isAddress = IPAddress(host) != nil
        var isFine = unsafe isAddress || infinite_tls_set_server_name(ssl, host) == 1
        if configuration.verification == .full {
            let named =
                isAddress
                ? unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                : unsafe SSL_set1_host(ssl, host)
            isFine = isFine && named == 1
        }
        if !protocols.isEmpty {
            isFine = unsafe isFine && SSL_set_alpn_protos(ssl, protocols, UInt32(protocols.count)) == 0
        }
        guard isFine else { throw .insecure("\(host) cannot be the name of a TLS server: \(OpenSSLErrors.take())") }
        if let session = sessions.withLock({ $0.removeValue(forKey: host) }) {
            unsafe SSL_set_session(ssl, session.pointer)
        }
    }

    /// TLS 1.3 sends sessions at any time after the handshake, and each is to be used once.
    private func rememberSessions() {
        unsafe infinite_tls_cache_client_sessions(library.pointer)
        unsafe SSL_CTX_sess_set_new_cb(library.pointer) { ssl, session in
            guard let ssl = unsafe ssl, let session = unsafe session, let stream = unsafe TLSStream.of(ssl) else {
                return 0
            }
            unsafe stream.remember(Session(adopting: session))
            return 1
        }
    }

    func remember(_ session: Session, for host: String) {
        sessions.withLock { sessions in
            if sessions.count >= Self.rememberedSessions, let other = sessions.keys.first {
                sessions[other] = nil
            }
            sessions[host] = session
        }
    }
}

/// Owns one reference to an `SSL_SESSION`, which OpenSSL never changes once it is complete.
@safe
final class Session: @unchecked Sendable {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { unsafe self.pointer = pointer }
    deinit { unsafe SSL_SESSION_free(pointer) }
}
