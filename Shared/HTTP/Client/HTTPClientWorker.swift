internal import Core
internal import Reactor

/// One reactor's share of a client: its pools. Confined to the reactor, which is what makes it Sendable.
final class HTTPClientWorker: @unchecked Sendable {
    let reactor: Reactor
    let configuration: HTTPClientConfiguration
    private let maximumPerPool: Int
    private var pools: [HTTPEndpoint: HTTPClientPool] = [:]
    /// Asked for last, which is nearly always asked for next.
    private var lastPool: HTTPClientPool?
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
        for attempt in 1... {
            let failed: Failed
            switch try await link(to: endpoint, hasSentAny: hasSentAny, deadline: deadline) {
            case .version1(let connection):
                do throws(HTTPFailure) {
                    let head = try await connection.exchange(request, to: endpoint, deadline: deadline)
                    let isUpgraded = request.upgrade != nil && head.status == .switchingProtocols
                    return HTTPClientResponse(
                        head: head, body: connection.responseBody(head.framing),
                        upgraded: isUpgraded ? connection.takeStream() : nil)
                } catch {
                    failed = Failed(error, over: connection, request)
                }
            case .version2(let connection):
                switch await send(request, to: endpoint, deadline: deadline, over: connection) {
                case .success(let response): return response
                case .failure(let failure): failed = failure
                }
            }
            hasSentAny = hasSentAny || failed.hasSentAny
            guard failed.mayRepeat, failed.failure.isOfConnection, attempt < Self.mostAttempts, !deadline.hasPassed
            else { throw HTTPAttemptFailure(failed.failure, hasSentAny: hasSentAny) }
        }
        throw HTTPAttemptFailure(.stream(.closed), hasSentAny: hasSentAny)
    }

    /// Kept connections that all died meanwhile are tried one after the other, but not for ever.
    private static let mostAttempts = 16

    /// Apart, so that exchanges over HTTP/1.1 need not carry its frame.
    @inline(never)
    private func send(
        _ request: HTTPClientRequest, to endpoint: HTTPEndpoint, deadline: Deadline,
        over connection: HTTP2ClientConnection
    ) async -> Result<HTTPClientResponse, Failed> {
        let stream = HTTP2ClientStream(connection, request)
        do throws(HTTPFailure) {
            let head = try await stream.exchange(host: endpoint.authority, deadline: deadline)
            return .success(HTTPClientResponse(head: head, body: stream.responseBody(head.framing), upgraded: nil))
        } catch {
            return .failure(Failed(error, over: stream))
        }
    }

    private struct Failed: Error {
        let failure: HTTPFailure
        let mayRepeat: Bool
        let hasSentAny: Bool

        init(_ failure: HTTPFailure, over connection: HTTPClientConnection, _ request: HTTPClientRequest) {
            self.failure = failure
            mayRepeat = connection.mayRepeat(request)
            hasSentAny = connection.hasSentAny
            connection.discard()
        }

        init(_ failure: HTTPFailure, over stream: HTTP2ClientStream) {
            self.failure = failure
            mayRepeat = stream.mayRepeat
            hasSentAny = stream.hasSentAny && !stream.isRefused
        }
    }

    @inline(__always)
    private func link(
        to endpoint: HTTPEndpoint, hasSentAny: Bool, deadline: Deadline
    ) async throws(HTTPAttemptFailure) -> HTTPClientPool.Link {
        do throws(HTTPFailure) {
            let pool = try pool(for: endpoint)
            if !pool.hasShared, let kept = pool.takeKept() { return .version1(kept) }
            return try await pool.take(deadline: deadline)
        } catch {
            throw HTTPAttemptFailure(error, hasSentAny: hasSentAny)
        }
    }

    private func pool(for endpoint: HTTPEndpoint) throws(HTTPFailure) -> HTTPClientPool {
        guard !isStopped else { throw .stopped }
        if let lastPool, lastPool.endpoint == endpoint { return lastPool }
        let pool = pools[endpoint] ?? HTTPClientPool(endpoint, worker: self, maximum: maximumPerPool)
        pools[endpoint] = pool
        lastPool = pool
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
        lastPool = nil
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
