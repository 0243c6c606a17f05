internal import Core
internal import Reactor
internal import Synchronization
internal import TLS

/// One reactor's share of a server: its listener, its connections, and what they have in common.
///
/// Confined to its reactor, which is what makes it Sendable.
final class HTTPServerWorker: @unchecked Sendable {
    let configuration: HTTPServerConfiguration
    let handler: any HTTPHandler
    private let reactor: Reactor
    private let openConnections: OpenConnections

    private(set) var isStopping = false
    private var listener: Listener?
    /// How many connections there are, those that are not opened yet among them.
    private var admitted = 0
    private var connections: [ObjectIdentifier: any HTTPServedConnection] = [:]
    /// Those of which it is not known yet what they speak.
    private var handshakes: [ObjectIdentifier: StreamSocket] = [:]
    private let drained = Promise<Void>()

    /// Asked once in each turn of the loop.
    private var time = Timestamp.now
    private var timeOfTurn = Deadline.never
    /// Rendered once a second.
    private var dateSecond: Int64 = .min
    private var date: [UInt8] = []
    private var output = SpareBuffer()
    /// Where sections of HTTP/2 are put together.
    let fieldEncoder = HTTP2FieldEncoder()
    let handlers: HTTP2Handlers

    init(
        _ configuration: HTTPServerConfiguration, handler: any HTTPHandler, on reactor: Reactor,
        counting openConnections: OpenConnections
    ) {
        self.configuration = configuration
        self.handler = handler
        self.reactor = reactor
        self.openConnections = openConnections
        handlers = HTTP2Handlers(on: reactor)
    }

    // MARK: Accepting

    func listen(at address: SocketAddress) async throws(ReactorFailure) -> SocketAddress {
        let listener = try await Listener.bind(address, on: reactor, reusePort: true)
        self.listener = listener
        reactor.run { [self] in
            do throws(StreamFailure) {
                while true { admit(try await listener.accept()) }
            } catch {
                listener.close()
            }
        }
        return listener.address
    }

    private func admit(_ socket: StreamSocket) {
        guard openConnections.enter(limit: configuration.maximumConnections) else {
            reactor.run { [self] in await turnAway(socket) }
            return
        }
        admitted += 1
        let task = configuration.abandonAfter == nil ? nil : ConnectionTask()
        run(task) { [self] in
            guard let connection = await opened(socket) else {
                socket.close()
                return .over
            }
            if let task, let connection = connection as? HTTPServerConnection { connection.watchPeer(of: socket, task) }
            connections[ObjectIdentifier(connection)] = connection
            if isStopping { connection.drain() }
            return await serve(connection, task)
        }
    }

    /// A connection's task, until the connection is over or rests.
    private func run(_ task: ConnectionTask?, _ work: @escaping @Sendable () async -> HTTPServing) {
        let handle = reactor.run { [self] in
            if case .over = await reactor.withCancellationCovered({ await work() }) { leave() }
        }
        task?.handle = handle
    }

    private func serve(_ connection: any HTTPServedConnection, _ task: ConnectionTask?) async -> HTTPServing {
        let serving = await connection.serve()
        guard case .resting(let socket, let deadline) = serving else {
            connections[ObjectIdentifier(connection)] = nil
            return serving
        }
        task?.handle = nil
        openConnections.rest()
        socket.whenReadable(until: deadline) { [self] outcome in
            openConnections.wake()
            goOn(connection, task, after: outcome)
        }
        return serving
    }

    private func goOn(_ connection: any HTTPServedConnection, _ task: ConnectionTask?, after outcome: WaitOutcome) {
        if case .ready = outcome { return run(task) { [self] in await serve(connection, task) } }
        connection.close()
        connections[ObjectIdentifier(connection)] = nil
        leave()
    }

    private func leave() {
        admitted -= 1
        openConnections.leave()
        if isStopping && admitted == 0 { drained.fulfil(()) }
    }

    /// Which version a client speaks is known from the handshake, or else from its first bytes.
    private func opened(_ socket: StreamSocket) async -> (any HTTPServedConnection)? {
        guard configuration.startsWithWaiting else {
            return HTTPServerConnection(socket, from: HTTPConnectionOrigin(peer: socket.peer), worker: self)
        }
        handshakes[ObjectIdentifier(socket)] = socket
        defer { handshakes[ObjectIdentifier(socket)] = nil }
        do {
            let peer = try await namedPeer(of: socket)
            guard let tls = configuration.tls else { return try await openedPlain(socket, from: peer) }
            let stream = try await TLSStream.accept(socket, tls, deadline: .after(configuration.timeouts.handshake))
            let origin = HTTPConnectionOrigin(
                peer: peer, certificate: stream.peerCertificate, isSecure: true,
                manner: HTTPConnectionManner(tls: stream.helloFingerprint))
            if stream.applicationProtocol == "h2" {
                return try HTTP2ServerConnection(stream, from: origin, worker: self)
            }
            return HTTPServerConnection(stream, from: origin, worker: self)
        } catch {
            return nil
        }
    }

    /// Whom a trusted proxy names as the client, else who is connected to us.
    private func namedPeer(of socket: StreamSocket) async throws -> SocketAddress {
        guard let trusted = configuration.proxyProtocol, trusted.includes(socket.peer) else { return socket.peer }
        do throws(ProxyHeaderRefusal) {
            let header = try await ProxyHeader.receive(
                on: socket, deadline: .after(configuration.timeouts.proxyHeader))
            return header.source ?? socket.peer
        } catch {
            configuration.onProxyRefusal?(error, socket.peer)
            throw error
        }
    }

    private func openedPlain(_ socket: StreamSocket, from peer: SocketAddress) async throws -> any HTTPServedConnection
    {
        guard configuration.version2.allowsPriorKnowledge else {
            return HTTPServerConnection(socket, from: HTTPConnectionOrigin(peer: peer), worker: self)
        }
        return try await openedByPreface(socket, from: peer)
    }

    /// RFC 9113 §3.4: no request of HTTP/1 begins as HTTP/2 does.
    private func openedByPreface(
        _ socket: StreamSocket, from peer: SocketAddress
    ) async throws -> any HTTPServedConnection {
        try await socket.waitReadable(deadline: .after(configuration.timeouts.idle))
        var received: [UInt8] = []
        while received.count < Self.preface.count, received.elementsEqual(Self.preface.prefix(received.count)) {
            let piece = try await socket.read(upTo: 16 << 10, deadline: .after(configuration.timeouts.head))
            if piece.isEmpty { break }
            received += piece
        }
        if received.starts(with: Self.preface) {
            return try HTTP2ServerConnection(
                PrefixedStream(received, then: socket), from: HTTPConnectionOrigin(peer: peer), worker: self)
        }
        return HTTPServerConnection(
            socket, received: received, from: HTTPConnectionOrigin(peer: peer), worker: self)
    }

    private static let preface = Array("PRI * HTTP/2.0".utf8)

    /// Under overload an honest word costs little; over TLS it would cost a handshake, so there it is silence.
    private func turnAway(_ socket: StreamSocket) async {
        if configuration.tls == nil {
            try? await socket.write(Self.overloaded, deadline: .after(.seconds(1)))
        }
        socket.close()
    }

    private static let overloaded = Array(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)

    // MARK: Ending

    /// No new connections; idle ones end now, those just made with their first response, busy ones with their current
    /// one, at the deadline all.
    func stop(deadline: Deadline) async {
        isStopping = true
        handlers.end()
        listener?.close()
        for connection in connections.values { connection.drain() }
        if admitted == 0 { return }
        reactor.run { [self] in
            try? await Reactor.sleep(for: configuration.timeouts.firstRequest)
            for socket in handshakes.values { socket.close() }
        }
        do throws(StreamFailure) {
            try await drained.value(deadline: deadline)
        } catch {
            for socket in handshakes.values { socket.close() }
            for connection in connections.values { connection.close() }
        }
    }

    // MARK: What the connections share

    func now() -> Timestamp {
        guard timeOfTurn != reactor.turn else { return time }
        timeOfTurn = reactor.turn
        time = .now
        if time.seconds != dateSecond {
            dateSecond = time.seconds
            date = Array("Date: \(HTTPDate.text(secondsSince1970: dateSecond))\r\n".utf8)
        }
        return time
    }

    func dateValue() -> ArraySlice<UInt8> { dateLine().dropFirst(6).dropLast(2) }

    func dateLine() -> [UInt8] {
        if date.isEmpty { _ = now() }
        return date
    }

    func takeOutput() -> [UInt8] { output.take() }
    func giveBack(_ buffer: inout [UInt8]) { output.giveBack(&buffer) }
}

/// How the serving of a connection ended.
enum HTTPServing {
    case over
    /// Nothing was asked for in a while: it goes on when the socket has something to read.
    case resting(StreamSocket, until: Deadline)
}

/// A connection of either version, as its worker sees it.
protocol HTTPServedConnection: AnyObject, Sendable {
    func serve() async -> HTTPServing
    /// The server stops: what is in flight may end, nothing new should begin.
    func drain()
    /// At once.
    func close()
}

/// The task that serves one connection, known to it. Confined to the connection's reactor, which is what makes it Sendable.
final class ConnectionTask: @unchecked Sendable {
    var handle: TaskHandle?
}

/// How many connections all workers of a server hold.
final class OpenConnections: Sendable {
    private let count = Atomic<Int>(0)
    private let resting = Atomic<Int>(0)

    var currentlyResting: Int { resting.load(ordering: .relaxed) }
    func rest() { resting.wrappingAdd(1, ordering: .relaxed) }
    func wake() { resting.wrappingSubtract(1, ordering: .relaxed) }

    var current: Int { count.load(ordering: .relaxed) }

    func enter(limit: Int) -> Bool {
        guard count.wrappingAdd(1, ordering: .relaxed).newValue > limit else { return true }
        leave()
        return false
    }

    func leave() { count.wrappingSubtract(1, ordering: .relaxed) }
}
