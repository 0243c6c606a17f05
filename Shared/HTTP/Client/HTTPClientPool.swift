internal import Core
internal import Reactor
internal import TLS

/// The connections of one reactor to one endpoint: those unused wait here, the most recently used first.
///
/// Invariants: `open` counts unused, used and being-made connections and never exceeds `maximum`; someone waits only
/// while all are in use. Confined to the reactor.
final class HTTPClientPool {
    private struct Idle {
        var connection: HTTPClientConnection
        var since: Deadline
    }
    /// What a waiting request is handed: a connection, or leave to make one.
    private enum Turn: Sendable {
        case connection(HTTPClientConnection)
        case mayOpen
    }

    private let endpoint: HTTPEndpoint
    private let configuration: HTTPClientConfiguration
    private let reactor: Reactor
    /// Gone when the client is: what still comes back then is closed.
    private weak let worker: HTTPClientWorker?
    private let maximum: Int
    private var open = 0
    private var idle: [Idle] = []
    private var waiting: [Promise<Turn>] = []

    init(_ endpoint: HTTPEndpoint, worker: HTTPClientWorker, maximum: Int) {
        self.endpoint = endpoint
        self.worker = worker
        configuration = worker.configuration
        reactor = worker.reactor
        self.maximum = maximum
    }

    var hasIdle: Bool { !idle.isEmpty }
    var isUnused: Bool { open == 0 && waiting.isEmpty }

    func take(deadline: Deadline) async throws(HTTPFailure) -> HTTPClientConnection {
        while let kept = idle.popLast()?.connection {
            if kept.isReusable() { return kept }
            kept.discard()
        }
        if open < maximum {
            open += 1
            return try await make(deadline: deadline)
        }
        guard waiting.count < configuration.maximumWaiting else { throw .exhausted }
        switch try await waitForTurn(deadline) {
        case .connection(let connection): return connection
        case .mayOpen: return try await make(deadline: deadline)
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
            case nil: break
            }
            throw .stream(error)
        }
    }

    /// A place has been counted for it already.
    private func make(deadline: Deadline) async throws(HTTPFailure) -> HTTPClientConnection {
        let deadline = min(deadline, .after(configuration.connectTimeout))
        do throws(HTTPFailure) {
            return HTTPClientConnection(try await connect(deadline), pool: self, configuration: configuration)
        } catch {
            forget()
            throw error
        }
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
    }

    func stop() {
        let dropped = idle
        idle = []
        for entry in dropped { entry.connection.discard() }
    }
}
