import Core
import HTTP
import Reactor
import Synchronization
import Telemetry

/// Requests sent a second time to somewhere whose answers nobody waits for. Bounded: what would be too many at once is
/// left out and counted, and so is a request whose body was not read whole before it went on.
final class TrafficMirrors: Sendable {
    private static let mostUnderWay = 256
    private static let longestAnswer = 1 << 20

    private let underWay = Atomic<Int>(0)
    private let metrics: GatewayMetrics

    init(metrics: GatewayMetrics) { self.metrics = metrics }

    func send(_ request: HTTPClientRequest, _ body: OutgoingBody, to call: UpstreamCall, on reactor: Reactor) {
        if case .stream = body { return metrics.mirrored["left_out"].increment() }
        guard underWay.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostUnderWay else {
            underWay.wrappingSubtract(1, ordering: .relaxed)
            return metrics.mirrored["left_out"].increment()
        }
        let copy = HTTPClientRequest(request, body.forClient)
        reactor.run { [self] in
            let isAnswered = await Self.deliver(copy, call)
            metrics.mirrored[isAnswered ? "answered" : "failed"].increment()
            underWay.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    private static func deliver(_ request: HTTPClientRequest, _ call: UpstreamCall) async -> Bool {
        let body: OutgoingBody = if case .bytes(let bytes) = request.body { .bytes(bytes) } else { .none }
        guard let answer = try? await call.send(request, body) else { return false }
        defer { call.finish(answer) }
        _ = try? await answer.response.body.collect(upTo: longestAnswer, deadline: call.deadline)
        await answer.response.body.abandon()
        return true
    }
}

extension HTTPClientRequest {
    fileprivate init(_ request: HTTPClientRequest, _ body: Body) {
        self = request
        self.body = body
    }
}
