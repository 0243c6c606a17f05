import Contracts
import Core
import HTTP
import Reactor
import Synchronization
import Telemetry

enum UpstreamFailure: Error {
    case failed(HTTPFailure)
}

/// Forwards requests and streams answers back, holding one piece of a body at a time.
final class UpstreamProxy: Sendable {
    /// The labyrinth has no reason to be slow but its own tarpit.
    private static let labyrinthTimeout = Duration.seconds(60)
    static let labyrinthName = "labyrinth"

    private let client: HTTPClient
    private let labyrinth: HTTPEndpoint
    private let metrics: GatewayMetrics
    private let answers: AnswerRelay
    let health = UpstreamHealth()

    init(client: HTTPClient, labyrinth: HTTPEndpoint, metrics: GatewayMetrics) {
        self.client = client
        self.labyrinth = labyrinth
        self.metrics = metrics
        answers = AnswerRelay(metrics: metrics)
    }

    func forward(
        _ request: HTTPServerRequest, _ body: HTTPClientRequest.Body, _ route: Route, _ path: RequestPath,
        to endpoint: HTTPEndpoint?,
        _ response: HTTPResponseWriter, _ exchange: inout Exchange
    ) async throws {
        guard let endpoint else {
            throw UpstreamFailure.failed(.stream(.refused))
        }
        var headers = requestHeaders(request, exchange)
        headers.apply(route.requestFields)
        // A page that comes compressed cannot be given a link.
        if route.hiddenLinks != nil { headers.remove("accept-encoding") }
        try await relay(
            request, body, headers, route.target(of: request, path), host: route.upstreamHost, to: endpoint,
            timeout: route.timeout, response, &exchange,
            limitedTo: route.bodyLimit.bytes)
    }

    /// The client is led into the labyrinth and must not notice: same host, same path, no word of the gateway's own.
    func divert(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: inout Exchange
    ) async throws {
        exchange.upstream = Self.labyrinthName
        var headers = requestHeaders(request, exchange)
        headers.set("infinite-intruder", IntruderIdentity.of(exchange.client).description)
        headers.set("infinite-request", exchange.idText)
        if let decision = exchange.decision { headers.set("infinite-decision", decision.decision.description) }
        let body: HTTPClientRequest.Body = request.body.isEmpty ? .none : .stream(request.body)
        try await relay(
            request, body, headers, Array(request.head.targetBytes), host: nil, to: labyrinth,
            timeout: Self.labyrinthTimeout, response, &exchange,
            limitedTo: 1 << 20)
    }

    private func requestHeaders(_ request: HTTPServerRequest, _ exchange: Exchange) -> HTTPHeaders {
        var headers = HopByHop.request(request.head.headers)
        headers.add("X-Forwarded-For", exchange.client.description)
        headers.add("X-Forwarded-Proto", request.isSecure ? "https" : "http")
        if let host = request.head.host { headers.add("X-Forwarded-Host", host) }
        headers.add("X-Request-Id", exchange.idText)
        headers.add("traceparent", exchange.trace.description)
        return headers
    }

    private func relay(
        _ request: HTTPServerRequest, _ body: HTTPClientRequest.Body, _ headers: HTTPHeaders, _ target: [UInt8],
        host: String?, to endpoint: HTTPEndpoint,
        timeout: Duration, _ response: HTTPResponseWriter, _ exchange: inout Exchange, limitedTo bodyLimit: Int
    ) async throws {
        var outgoing = HTTPClientRequest(
            request.head.method, "", host: host ?? request.head.host, headers: headers,
            body: limited(body, to: bodyLimit))
        outgoing.target = target
        let began = Deadline.now
        let answer: HTTPClientResponse
        do {
            answer = try await client.send(outgoing, to: endpoint, deadline: began + timeout)
        } catch {
            health.note(exchange.upstream, failure: error)
            throw UpstreamFailure.failed(error)
        }
        exchange.upstreamTook = .now - began
        health.noteSuccess(exchange.upstream)
        metrics.upstreamDuration.observe(exchange.upstreamTook)
        try await answers.relay(answer, request, response, exchange)
    }

    private func limited(_ body: HTTPClientRequest.Body, to limit: Int) -> HTTPClientRequest.Body {
        guard case .stream(let stream) = body, stream.length == nil else { return body }
        return .stream(stream.limited(to: limit))
    }
}

extension Route {
    /// As the client wrote it, or rewritten; the query stays.
    fileprivate func target(of request: HTTPServerRequest, _ path: RequestPath) -> [UInt8] {
        guard let rewrite else { return Array(request.head.targetBytes) }
        return rewrite.fillPath(path, of: self.path) + OwnAnswer.query(request.head)
    }
}

/// Whether each upstream answered lately, for the administration endpoint.
final class UpstreamHealth: Sendable {
    struct State: Sendable, Equatable {
        var successes = 0
        var failures = 0
        var lastFailure: String?
        var isFailing = false
    }

    private static let maximum = 1_024
    private let states = Mutex<[String: State]>([:])

    var all: [String: State] { states.withLock { $0 } }

    func noteSuccess(_ upstream: String) {
        change(upstream) { ($0.successes, $0.isFailing) = ($0.successes + 1, false) }
    }

    func note(_ upstream: String, failure: HTTPFailure) {
        change(upstream) { state in
            state.failures += 1
            state.isFailing = true
            state.lastFailure = failure.description
        }
    }

    private func change(_ upstream: String, _ change: (inout State) -> Void) {
        states.withLock { states in
            guard states[upstream] != nil || states.count < Self.maximum else { return }
            change(&states[upstream, default: State()])
        }
    }
}
