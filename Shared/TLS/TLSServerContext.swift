internal import COpenSSL
internal import Glibc
internal import Synchronization

/// What a TLS server shows and asks for. `reload` reads the files again: connections that stand keep what they have,
/// new ones get the new certificates, and sessions can be resumed across the change.
package final class TLSServerContext: Sendable {
    package let configuration: TLSServerConfiguration
    /// Every file that was read, and is read again by `reload`.
    package var files: Set<String> {
        var files = Set(configuration.certificates.flatMap { [$0.chain, $0.key] })
        switch configuration.clientCertificates {
        case .ignored: break
        case .optional(let file), .required(let file): files.insert(file)
        }
        return files
    }

    private let current: Mutex<ServerCertificates>

    package init(_ configuration: TLSServerConfiguration) throws(TLSFailure) {
        self.configuration = configuration
        current = Mutex(try ServerCertificates(configuration, ticketKeys: nil))
    }

    /// All or nothing: when a file is wrong, the certificates in use stay in use.
    package func reload() throws(TLSFailure) {
        // A ticket stands for the client's certificate: whom the new files do not accept must not come in by an old one.
        let keys = configuration.clientCertificates == .ignored ? certificates.ticketKeys : nil
        let fresh = try ServerCertificates(configuration, ticketKeys: keys)
        current.withLock { $0 = fresh }
    }

    /// When the first of the certificates in use ends, in seconds since 1970.
    package var expires: Int64? { certificates.expires }

    var certificates: ServerCertificates { current.withLock { $0 } }
}

/// One generation of a server's certificates. Each connection holds the generation it began with, which keeps the
/// pointers valid that OpenSSL's callbacks get.
///
/// Sendable: nothing changes after `init`.
@safe
final class ServerCertificates: @unchecked Sendable {
    private let contexts: [LibraryContext]
    /// Which of `contexts` a name leads to. Of two certificates with one name the first has it.
    private let exact: [String: Int]
    /// By what follows the `*`.
    private let wildcards: [Substring: Int]
    /// Those that name nobody by DNS.
    private let unnamed: [Int]
    private let protocols: UnsafeMutableBufferPointer<UInt8>

    init(_ configuration: TLSServerConfiguration, ticketKeys: [UInt8]?) throws(TLSFailure) {
        guard !configuration.certificates.isEmpty else { throw .noCertificate }
        let names = try encodeProtocols(configuration.applicationProtocols)
        contexts = try configuration.certificates.map { files throws(TLSFailure) -> LibraryContext in
            let context = try LibraryContext(isServer: true, minimumVersion: configuration.minimumVersion)
            try context.use(files)
            try Self.askForCertificates(configuration.clientCertificates, context)
            unsafe infinite_tls_cache_no_server_sessions(context.pointer)
            _ = unsafe SSL_CTX_set_num_tickets(context.pointer, 1)
            return context
        }
        (exact, wildcards, unnamed) = Self.index(contexts)
        unsafe protocols = .allocate(capacity: names.count)
        _ = unsafe protocols.initialize(from: names)
        var keys = ticketKeys ?? self.ticketKeys
        for context in contexts {
            _ = unsafe infinite_tls_set_ticket_keys(context.pointer, &keys)
            setCallbacks(context)
        }
    }

    deinit { unsafe protocols.deallocate() }

    var first: LibraryContext { contexts[0] }

    var expires: Int64? { contexts.compactMap(\.expires).min() }

    var ticketKeys: [UInt8] {
        var keys = [UInt8](repeating: 0, count: infinite_tls_ticket_key_bytes)
        _ = unsafe infinite_tls_get_ticket_keys(first.pointer, &keys)
        return keys
    }

    private static func askForCertificates(
        _ wanted: TLSServerConfiguration.ClientCertificates, _ context: LibraryContext
    ) throws(TLSFailure) {
        let (caFile, isRequired): (String, Bool)
        switch wanted {
        case .ignored: return
        case .optional(let file): (caFile, isRequired) = (file, false)
        case .required(let file): (caFile, isRequired) = (file, true)
        }
        try context.trust(caFile: caFile)
        unsafe SSL_CTX_set_client_CA_list(context.pointer, SSL_load_client_CA_file(caFile))
        let mode = SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
        unsafe SSL_CTX_set_verify(context.pointer, mode, nil)
        // Tickets of a server that asks for certificates are bound to it by this; without it resumption fails.
        _ = unsafe SSL_CTX_set_session_id_context(context.pointer, Array("infinite".utf8), 8)
    }

    private func setCallbacks(_ context: LibraryContext) {
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe SSL_CTX_set_client_hello_cb(
            context.pointer,
            { ssl, _, _ in
                if let ssl = unsafe ssl { unsafe TLSStream.of(ssl)?.noteHello(ClientHello.fingerprint(ssl)) }
                return SSL_CLIENT_HELLO_SUCCESS
            }, nil)
        if contexts.count > 1 {
            unsafe infinite_tls_on_server_name(
                context.pointer,
                { ssl, _, this in
                    guard let ssl = unsafe ssl, let this = unsafe this else { return SSL_TLSEXT_ERR_NOACK }
                    return unsafe Unmanaged<ServerCertificates>.fromOpaque(this).takeUnretainedValue().choose(for: ssl)
                }, this)
        }
        if unsafe !protocols.isEmpty {
            unsafe SSL_CTX_set_alpn_select_cb(
                context.pointer,
                { _, chosen, chosenCount, offered, offeredCount, this in
                    guard let this = unsafe this else { return SSL_TLSEXT_ERR_NOACK }
                    let certificates = unsafe Unmanaged<ServerCertificates>.fromOpaque(this).takeUnretainedValue()
                    return unsafe certificates.chooseProtocol(chosen, chosenCount, offered, offeredCount)
                }, this)
        }
    }

    private static func index(
        _ contexts: [LibraryContext]
    ) -> (exact: [String: Int], wildcards: [Substring: Int], unnamed: [Int]) {
        var (exact, wildcards, unnamed) = ([String: Int](), [Substring: Int](), [Int]())
        for (number, context) in contexts.enumerated() {
            let names = context.certificateNames
            if names.isEmpty { unnamed.append(number) }
            for name in names {
                if name.hasPrefix("*.") {
                    wildcards[name.dropFirst()] = wildcards[name.dropFirst()] ?? number
                } else {
                    exact[name] = exact[name] ?? number
                }
            }
        }
        return (exact, wildcards, unnamed)
    }

    /// SNI: who names the host, before who names it by a wildcard for one label. Nobody: the first of all stays.
    private func choose(for ssl: OpaquePointer) -> Int32 {
        guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return SSL_TLSEXT_ERR_NOACK }
        let count = unsafe strlen(name)
        let host = unsafe String(cString: name).lowercased()
        let number =
            exact[host] ?? wildcards[host.drop { $0 != "." }]
            ?? unnamed.first { unsafe contexts[$0].certificateNames(name, count: count) }
        if let number { _ = unsafe SSL_set_SSL_CTX(ssl, contexts[number].pointer) }
        return SSL_TLSEXT_ERR_OK
    }

    /// ALPN by our preference. A client that offers only what we do not speak is refused, as RFC 7301 §3.2 demands.
    private func chooseProtocol(
        _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ chosenCount: UnsafeMutablePointer<UInt8>?,
        _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32
    ) -> Int32 {
        var found: UnsafeMutablePointer<UInt8>?
        let result = unsafe SSL_select_next_proto(
            &found, chosenCount, protocols.baseAddress, UInt32(protocols.count), offered, offeredCount)
        // On success `found` points into the client's list or into ours, which lives as long as this object.
        unsafe chosen?.pointee = unsafe UnsafePointer(found)
        return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL
    }
}
