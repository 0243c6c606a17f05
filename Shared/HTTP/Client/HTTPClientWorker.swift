internal import Core
internal import Reactor

/// One reactor's share of a client: its pools. Confined to the reactor, which is what makes it Sendable.
final class HTTPClientWorker: @unchecked Sendable {
    let reactor: Reactor
    let configuration: HTTPClientConfiguration
    private let maximumPerPool: Int
    private var pools: [HTTPEndpoint: HTTPClientPool] = [:]
    private var isReaping = false
    private(set) var isStopped = false

    init(_ configuration: HTTPClientConfiguration, on reactor: Reactor, reactors: Int) {
        self.configuration = configuration
        self.reactor = reactor
        maximumPerPool = max(1, configuration.maximumConnectionsPerEndpoint / reactors)
    }

    func send(
        _ request: HTTPClientRequest, to endpoint: HTTPEndpoint, deadline: Deadline
    ) async throws(HTTPAttemptFailure) -> HTTPClientResponse {
        var hasSentAny = false
        while true {
            let connection = try await connection(to: endpoint, hasSentAny: hasSentAny, deadline: deadline)
            do throws(HTTPFailure) {
                let head = try await connection.exchange(request, to: endpoint, deadline: deadline)
                let isUpgraded = request.upgrade != nil && head.status == .switchingProtocols
                return HTTPClientResponse(
                    head: head, body: connection.responseBody(head.framing),
                    upgraded: isUpgraded ? connection.takeStream() : nil)
            } catch {
                let mayRepeat = connection.mayRepeat(request)
                hasSentAny = hasSentAny || connection.hasSentAny
                connection.discard()
                guard mayRepeat, error.isOfConnection, !deadline.hasPassed else {
                    throw HTTPAttemptFailure(error, hasSentAny: hasSentAny)
                }
            }
        }
    }

    private func connection(
        to endpoint: HTTPEndpoint, hasSentAny: Bool, deadline: Deadline
    ) async throws(HTTPAttemptFailure) -> HTTPClientConnection {
        do throws(HTTPFailure) {
            return try await pool(for: endpoint).take(deadline: deadline)
        } catch {
            throw HTTPAttemptFailure(error, hasSentAny: hasSentAny)
        }
    }

    private func pool(for endpoint: HTTPEndpoint) throws(HTTPFailure) -> HTTPClientPool {
        guard !isStopped else { throw .stopped }
        if let pool = pools[endpoint] { return pool }
        let pool = HTTPClientPool(endpoint, worker: self, maximum: maximumPerPool)
        pools[endpoint] = pool
        return pool
    }

    // MARK: Unused connections

    /// One task looks after all of them, and only while there are some.
    func startReaping() {
        guard !isReaping, !isStopped else { return }
        isReaping = true
        reactor.run { [weak self] in await Self.reap(self) }
    }

    private static func reap(_ worker: HTTPClientWorker?) async {
        weak let worker = worker
        while let pause = worker?.configuration.idleTimeout {
            do {
                try await Reactor.sleep(for: pause / 2)
            } catch {
                return
            }
            guard let worker, worker.dropStale() else { return }
        }
    }

    /// Whether any are left.
    private func dropStale() -> Bool {
        let oldest = Deadline.now - configuration.idleTimeout
        for pool in pools.values { pool.dropIdle(since: oldest) }
        pools = pools.filter { !$0.value.isUnused }
        isReaping = pools.values.contains { $0.hasIdle } && !isStopped
        return isReaping
    }

    func stop() {
        isStopped = true
        for pool in pools.values { pool.stop() }
    }
}

extension Deadline {
    fileprivate static func - (moment: Deadline, duration: Duration) -> Deadline {
        Deadline(uptimeNanoseconds: moment.uptimeNanoseconds.addingClamped(-duration.wholeNanoseconds))
    }
}
