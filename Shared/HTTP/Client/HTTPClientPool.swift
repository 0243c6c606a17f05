internal import Core
internal import Reactor
internal import TLS

/// The connections of one reactor to one endpoint: those unused wait here, the most recently used first.
///
/// Invariants: `open` counts unused, used and being-made connections and never exceeds `maximum`; someone waits only
/// while all are in use, or one is being made to a peer known to serve many exchanges on it. Confined to the reactor.
final class HTTPClientPool {
    private struct Idle {
        var connection: HTTPClientConnection
        var since: Deadline
    }
    /// What a request is sent over. A place on a connection of HTTP/2 has been taken.
    enum Link {
        case version1(HTTPClientConnection)
        case version2(HTTP2ClientConnection)
    }
    /// What a waiting request is handed: a connection, leave to make one, or a hint that there may be room.
    private enum Turn: Sendable {
        case connection(HTTPClientConnection)
        case mayOpen
        case lookAgain
    }

    let endpoint: HTTPEndpoint
    private let configuration: HTTPClientConfiguration
    private let reactor: Reactor
    /// Gone when the client is: what still comes back then is closed.
    private weak let worker: HTTPClientWorker?
    private let maximum: Int
    private var open = 0
    private var idle: [Idle] = []
    private var waiting: [Promise<Turn>] = []
    /// Of HTTP/2, those that take new exchanges and those that only end old ones.
    private var shared: [HTTP2ClientConnection] = []
    /// Known from the first connection on.
    private var speaksVersion2: Bool
    private var beingMade = 0
    var output = SpareBuffer()

    init(_ endpoint: HTTPEndpoint, worker: HTTPClientWorker, maximum: Int) {
        self.endpoint = endpoint
        self.worker = worker
        configuration = worker.configuration
        reactor = worker.reactor
        self.maximum = maximum
        speaksVersion2 = worker.configuration.assumesVersion2 && !endpoint.isSecure
    }

    var hasShared: Bool { !shared.isEmpty }
    var hasIdle: Bool { !idle.isEmpty || !shared.isEmpty }
    var isUnused: Bool { open == 0 && waiting.isEmpty }

    /// An unused connection of HTTP/1.1, which is what nearly every request is sent over.
    func takeKept() -> HTTPClientConnection? {
        while let kept = idle.popLast()?.connection {
            if kept.isReusable() { return kept }
            kept.discard()
        }
        return nil
    }

    func take(deadline: Deadline) async throws(HTTPFailure) -> Link {
        while true {
            if let connection = shared.first(where: { $0.hasRoom }) {
                connection.enter()
                if connection.hasRoom { hasRoomAgain() }
                return .version2(connection)
            }
            if let kept = takeKept() { return .version1(kept) }
            if open < maximum && !(speaksVersion2 && beingMade > 0) {
                open += 1
                return try await make(deadline: deadline)
            }
            guard waiting.count < configuration.maximumWaiting else { throw .exhausted }
            switch try await waitForTurn(deadline) {
            case .connection(let connection): return .version1(connection)
            case .mayOpen: return try await make(deadline: deadline)
            case .lookAgain: continue
            }
        }
    }

    private func waitForTurn(_ deadline: Deadline) async throws(HTTPFailure) -> Turn {
        let promise = Promise<Turn>()
        waiting.append(promise)
        do throws(StreamFailure) {
            return try await promise.value(deadline: deadline)
        } catch {
            waiting.removeAll { $0 === promise }
            // The turn may have come while this task was being woken for its deadline: pass it on.
            switch promise.current {
            case .connection(let connection): giveBack(connection)
            case .mayOpen: forget()
            case .lookAgain: hasRoomAgain()
            case nil: break
            }
            throw .stream(error)
        }
    }

    /// A place has been counted for it already.
    private func make(deadline: Deadline) async throws(HTTPFailure) -> Link {
        let deadline = min(deadline, .after(configuration.connectTimeout))
        beingMade += 1
        do throws(HTTPFailure) {
            let stream = try await connect(deadline)
            beingMade -= 1
            return try adopt(stream)
        } catch {
            beingMade -= 1
            forget()
            throw error
        }
    }

    private func adopt(_ stream: any ByteStream) throws(HTTPFailure) -> Link {
        if endpoint.isSecure { speaksVersion2 = (stream as? TLSStream)?.applicationProtocol == "h2" }
        guard speaksVersion2 else {
            hasRoomAgain()
            return .version1(HTTPClientConnection(stream, pool: self, configuration: configuration))
        }
        let connection = try HTTP2ClientConnection(
            stream, pool: self, configuration: configuration, isSecure: endpoint.isSecure)
        shared.append(connection)
        connection.enter()
        reactor.run { await connection.serve() }
        hasRoomAgain()
        worker?.startReaping()
        return .version2(connection)
    }

    private func connect(_ deadline: Deadline) async throws(HTTPFailure) -> any ByteStream {
        var failure = HTTPFailure.stream(.refused)
        for address in try await addresses(deadline) {
            do throws(StreamFailure) {
                let socket = try await StreamSocket.connect(to: address, on: reactor, deadline: deadline)
                guard endpoint.isSecure else { return socket }
                return try await secure(socket, deadline)
            } catch {
                failure = .stream(error)
                guard !deadline.hasPassed, error != .cancelled else { break }
            }
        }
        throw failure
    }

    private func secure(_ socket: StreamSocket, _ deadline: Deadline) async throws(StreamFailure) -> any ByteStream {
        guard let context = configuration.tls else {
            socket.close()
            throw .insecure("this client has no TLS configuration")
        }
        return try await TLSStream.connect(
            socket, context, host: configuration.serverName ?? endpoint.hostName, deadline: deadline)
    }

    private func addresses(_ deadline: Deadline) async throws(HTTPFailure) -> [SocketAddress] {
        switch endpoint.location {
        case .address(let address): return [address]
        case .host(let host, let port):
            do {
                return try await HostName.resolve(host, port: port, deadline: deadline)
            } catch {
                throw .cannotResolve(error)
            }
        }
    }

    // MARK: Coming back

    func giveBack(_ connection: HTTPClientConnection) {
        guard let worker, !worker.isStopped else { return connection.discard() }
        while !waiting.isEmpty {
            if waiting.removeFirst().fulfil(.connection(connection)) { return }
        }
        idle.append(Idle(connection: connection, since: reactor.turn))
        worker.startReaping()
    }

    /// A connection of HTTP/2 has room, or there may be room to make another one: as many as fit look again.
    func hasRoomAgain() {
        var room = shared.reduce(into: 0) { $0 += $1.hasRoom ? 1 : 0 }
        if open < maximum { room += 1 }
        // Each that finds room and leaves some calls the next.
        while room > 0 && !waiting.isEmpty {
            if waiting.removeFirst().fulfil(.lookAgain) { room -= 1 }
        }
    }

    func forget(_ connection: HTTP2ClientConnection) {
        shared.removeAll { $0 === connection }
        forget()
    }

    /// One connection less: whoever waits longest may open another.
    func forget() {
        while !waiting.isEmpty {
            if waiting.removeFirst().fulfil(.mayOpen) { return }
        }
        open -= 1
    }

    func dropIdle(since oldest: Deadline) {
        let stale = idle.prefix { $0.since < oldest || $0.connection.isDisturbed() }
        idle.removeFirst(stale.count)
        for entry in stale { entry.connection.discard() }
        for connection in shared where connection.isUnused && connection.idleSince < oldest { connection.retire() }
    }

    func stop() {
        for connection in shared { connection.retire() }
        let dropped = idle
        idle = []
        for entry in dropped { entry.connection.discard() }
    }
}
