package import Core
package import Reactor
internal import Synchronization

/// An HTTP/1.1 server: one listener and one set of connections per reactor, nothing shared between them but a counter.
package final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let group: ReactorGroup
    private let workers: [HTTPServerWorker]
    private let openConnections = OpenConnections()

    package init(_ configuration: HTTPServerConfiguration, group: ReactorGroup, handler: any HTTPHandler) {
        self.configuration = configuration
        self.group = group
        let openConnections = openConnections
        workers = group.reactors.map {
            HTTPServerWorker(configuration, handler: handler, on: $0, counting: openConnections)
        }
    }

    package var connectionCount: Int { openConnections.current }
    /// Of these, those that wait for a request without a task.
    package var restingConnectionCount: Int { openConnections.currentlyResting }

    /// Listens and returns the address, with the port the kernel chose when 0 was asked for. A unix socket has a single
    /// listener, because the kernel spreads connections only over those of one port.
    package func start() async throws(ReactorFailure) -> SocketAddress {
        var address = configuration.address
        for (reactor, worker) in zip(group.reactors, workers) {
            let wanted = address
            address = try await reactor.perform { () async throws(ReactorFailure) in try await worker.listen(at: wanted)
            }
            if case .unix = address { break }
        }
        return address
    }

    /// Stops listening, lets the exchanges in flight end, and closes at the deadline what has not.
    package func stop(deadline: Deadline) async {
        await withTaskGroup(of: Void.self) { tasks in
            for (reactor, worker) in zip(group.reactors, workers) {
                tasks.addTask { await reactor.perform { await worker.stop(deadline: deadline) } }
            }
        }
    }
}
