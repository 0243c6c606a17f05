internal import COpenSSL
package import Core
internal import Glibc
package import Reactor

/// A TLS connection over a `StreamSocket`, on the socket's reactor.
///
/// Sendable: `ssl`, `transport` and the flags are touched only on the reactor's thread, as `ByteStream` demands.
@safe
package final class TLSStream: ByteStream, @unchecked Sendable {
    /// One TLS record: more in a call would be cut into records anyway.
    private static let mostPlaintext = 16 << 10

    package let socket: StreamSocket
    private let ssl: OpaquePointer
    private let transport: Transport
    /// Keeps alive what OpenSSL's callbacks point to.
    private let owner: Owner
    private var isClosed = false
    private var isWriteShut = false
    /// OpenSSL gave up on this connection and must not be asked for a farewell.
    private var isBroken = false

    private enum Owner {
        case server(ServerCertificates)
        case client(TLSClientContext, host: String)
    }

    private init(_ socket: StreamSocket, _ owner: Owner) throws(StreamFailure) {
        OpenSSLErrors.clear()
        let context =
            switch owner {
            case .server(let certificates): certificates.first
            case .client(let client, _): client.library
            }
        transport = Transport(socket)
        guard let ssl = unsafe SSL_new(context.pointer) else { throw .insecure(OpenSSLErrors.take()) }
        guard let bio = unsafe TransportBIO.make(transport) else {
            unsafe SSL_free(ssl)
            throw .insecure(OpenSSLErrors.take())
        }
        self.socket = socket
        unsafe self.ssl = ssl
        self.owner = owner
        unsafe SSL_set_bio(ssl, bio, bio)
        _ = unsafe SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        // The socket may only be touched on its reactor, so nothing is said here: `close` says farewell.
        unsafe SSL_free(ssl)
        socket.close()
    }

    package var reactor: Reactor { socket.reactor }
    package var peer: SocketAddress { socket.peer }

    // MARK: Handshake

    /// The server's side. On failure the socket is closed.
    package static func accept(
        _ socket: StreamSocket, _ context: TLSServerContext, deadline: Deadline
    ) async throws(StreamFailure) -> TLSStream {
        let stream = try TLSStream(socket, .server(context.certificates))
        unsafe SSL_set_accept_state(stream.ssl)
        try await stream.shakeHands(deadline: deadline)
        return stream
    }

    /// The client's side; `host` is whom the certificate has to name. On failure the socket is closed.
    package static func connect(
        _ socket: StreamSocket, _ context: TLSClientContext, host: String, deadline: Deadline
    ) async throws(StreamFailure) -> TLSStream {
        let stream = try TLSStream(socket, .client(context, host: host))
        unsafe SSL_set_connect_state(stream.ssl)
        try unsafe context.prepare(stream.ssl, for: host)
        try await stream.shakeHands(deadline: deadline)
        return stream
    }

    private func shakeHands(deadline: Deadline) async throws(StreamFailure) {
        do throws(StreamFailure) {
            transport.hold()
            while try !advanceHandshake() {
                _ = try transport.flush()
                try await socket.waitReadable(deadline: deadline)
                transport.hold()
            }
            // What is left are tickets for later: they leave together with the first answer, or before somebody waits.
            if isServer && version == .tls13 { return }
            while hasUnsentBytes { try await waitWritable(deadline: deadline) }
        } catch {
            // What OpenSSL wanted to tell the peer (an alert) may still leave.
            _ = try? transport.flush()
            socket.close()
            isClosed = true
            throw error
        }
    }

    private var isServer: Bool {
        if case .server = owner { true } else { false }
    }

    /// As far as the received bytes allow; true when the handshake is complete.
    private func advanceHandshake() throws(StreamFailure) -> Bool {
        defer { transport.closeWindow() }
        while try !step({ unsafe SSL_do_handshake(ssl) }, isHandshake: true) {
            guard try transport.receive() else { return false }
        }
        return true
    }

    /// The certificate the peer proved to own.
    package var peerCertificate: TLSPeerCertificate? {
        guard let certificate = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        defer { unsafe X509_free(certificate) }
        return unsafe TLSPeerCertificate(certificate)
    }

    package var version: TLSVersion { unsafe SSL_version(ssl) == infinite_tls_1_3 ? .tls13 : .tls12 }
    package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// What ALPN chose.
    package var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        guard count > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// The host the client asked for.
    package var serverName: String? {
        guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return nil }
        return unsafe String(cString: name)
    }

    /// Of a server's client: what its first message says of the program that wrote it; zero before it has come.
    package private(set) var helloFingerprint: UInt64 = 0

    func noteHello(_ fingerprint: UInt64) { helloFingerprint = fingerprint }

    /// The stream whose connection this is.
    static func of(_ ssl: OpaquePointer) -> TLSStream? {
        guard let context = unsafe SSL_get_ex_data(ssl, 0) else { return nil }
        return unsafe Unmanaged<TLSStream>.fromOpaque(context).takeUnretainedValue()
    }

    func remember(_ session: Session) {
        if case .client(let context, let host) = owner { context.remember(session, for: host) }
    }

    // MARK: Moving bytes

    package func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> Int? {
        guard !isClosed else { throw .closed }
        if hasUnsentBytes && !transport.isHolding { _ = try transport.flush() }
        guard mayHaveInput else {
            // Whoever reads is about to wait.
            _ = try transport.flush()
            return nil
        }
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(Int32.max)))
        defer { transport.closeWindow() }
        while true {
            var count: Int32 = 0
            let isDone = try step {
                count = unsafe SSL_read(ssl, room.baseAddress, Int32(room.count))
                return count
            }
            if isDone { return Int(max(0, count)) }
            guard try transport.receive() else {
                // Whoever reads is about to wait.
                _ = try transport.flush()
                return nil
            }
        }
    }

    /// False when OpenSSL would only find out, at the price of a call, that it needs bytes and none have come.
    private var mayHaveInput: Bool {
        if socket.mayHaveInput || hasUnreadBytes || transport.hasEnded || isBroken { return true }
        return unsafe SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
    }

    package func tryWrite(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(StreamFailure) -> Int? {
        let count = unsafe try write(first, second)
        if transport.isHolding { _ = try transport.flush() }
        return count
    }

    /// One record at most; while bytes are held, so is what becomes of it.
    private func write(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(StreamFailure) -> Int? {
        guard !isClosed, !isWriteShut else { throw .closed }
        if !transport.isHolding { guard try transport.flush() else { return nil } }
        let record = unsafe oneRecord(first, second)
        guard record.count > 0 else { return 0 }
        var count: Int32 = 0
        let isDone = try step {
            count = unsafe SSL_write(ssl, record.baseAddress, Int32(record.count))
            return count
        }
        guard isDone else { return nil }
        // Once the peer has said farewell OpenSSL reports that, and hides what the socket said: nothing will ever be
        // taken again, and whoever was told "0 bytes" would try for ever.
        guard count > 0 else { throw transport.failure ?? .reset }
        return Int(count)
    }

    /// What fits into one record leaves together with the farewell.
    package func tryWriteLast(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(StreamFailure) -> Int? {
        let isLast = first.count + second.count <= Self.mostPlaintext
        if isLast && !hasUnsentBytes { transport.hold() }
        let count = unsafe try write(first, second)
        if isLast && count != nil { sayFarewell() }
        if transport.isHolding { _ = try transport.flush() }
        return count
    }

    private func sayFarewell() {
        isWriteShut = true
        OpenSSLErrors.clear()
        _ = unsafe SSL_shutdown(ssl)
    }

    /// A head and a small body leave in one record, for the price of copying them together.
    private func oneRecord(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let ofFirst = unsafe UnsafeRawBufferPointer(rebasing: first.prefix(Self.mostPlaintext))
        let ofSecond = unsafe UnsafeRawBufferPointer(rebasing: second.prefix(Self.mostPlaintext - ofFirst.count))
        if unsafe ofSecond.isEmpty { return unsafe ofFirst }
        if unsafe ofFirst.isEmpty { return unsafe ofSecond }
        let buffer = unsafe socket.reactor.transportBuffer
        unsafe buffer.copyMemory(from: ofFirst)
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.dropFirst(ofFirst.count)).copyMemory(from: ofSecond)
        return unsafe UnsafeRawBufferPointer(rebasing: buffer.prefix(ofFirst.count + ofSecond.count))
    }

    package func waitReadable(deadline: Deadline) async throws(StreamFailure) {
        if transport.isHolding { _ = try transport.flush() }
        try await socket.waitReadable(deadline: deadline)
    }

    package func waitWritable(deadline: Deadline) async throws(StreamFailure) {
        if try !transport.flush() { try await socket.waitWritable(deadline: deadline) }
    }

    package var hasUnsentBytes: Bool { transport.hasUnsentBytes }
    /// Received, and not given to a reader yet.
    package var hasUnreadBytes: Bool { unsafe transport.hasUnreadBytes || SSL_pending(ssl) > 0 }

    // MARK: The end

    package func shutdownWrite() async {
        guard !isClosed, !isWriteShut, !isBroken else { return }
        sayFarewell()
        _ = try? transport.flush()
    }

    /// Says farewell when that needs no waiting.
    package func close() {
        reactor.onLoop { _ in
            guard !self.isClosed else { return }
            if unsafe !self.isWriteShut && !self.isBroken && SSL_in_init(self.ssl) == 0 {
                self.sayFarewell()
                _ = try? self.transport.flush()
            }
            self.isClosed = true
            self.socket.close()
        }
    }

    // MARK: OpenSSL's results

    /// True when the call has done its work (or the peer said farewell), false when it needs bytes from the peer.
    private func step(_ call: () -> Int32, isHandshake: Bool = false) throws(StreamFailure) -> Bool {
        OpenSSLErrors.clear()
        let result = call()
        if result > 0 { return true }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            // Without a farewell the end may be an attacker's cut.
            if transport.hasEnded { throw .reset }
            return false
        case SSL_ERROR_ZERO_RETURN:
            if isHandshake { throw .reset }
            return true
        default:
            isBroken = true
            throw transport.failure ?? .insecure(describeFailure())
        }
    }

    private func describeFailure() -> String {
        let reason = OpenSSLErrors.take()
        let verification = unsafe SSL_get_verify_result(ssl)
        guard reason == "certificate verify failed",
            let text = unsafe X509_verify_cert_error_string(verification)
        else { return reason }
        return "the peer's certificate was not accepted: \(unsafe String(cString: text))"
    }
}
