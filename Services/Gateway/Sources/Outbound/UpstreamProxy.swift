import Contracts
import Core
import HTTP
import Reactor
import Telemetry
import WebSocket

/// Forwards requests and streams answers back, holding one piece of a body at a time.
final class UpstreamProxy: Sendable {
    /// The labyrinth has no reason to be slow but its own tarpit.
    private static let labyrinthTimeout = Duration.seconds(60)
    private static let labyrinthBodyLimit = 1 << 20
    static let labyrinthName = "labyrinth"

    let directory: UpstreamDirectory
    private let lanes: [UpstreamDirectory.Lane]
    private let labyrinth: LiveUpstream
    private let mirrors: TrafficMirrors
    private let metrics: GatewayMetrics
    private let answers: AnswerRelay
    private let log: Logger

    init(
        directory: UpstreamDirectory, labyrinth: SocketAddress, group: ReactorGroup, metrics: GatewayMetrics,
        log: Logger
    ) throws(GatewayFailure) {
        self.directory = directory
        lanes = group.reactors.map { _ in UpstreamDirectory.Lane(directory) }
        self.labyrinth = try LiveUpstream(
            Upstream(name: Self.labyrinthName, endpoints: ["\(labyrinth)"]), group: group, zone: nil, metrics: metrics)
        mirrors = TrafficMirrors(metrics: metrics)
        self.metrics = metrics
        answers = AnswerRelay(metrics: metrics)
        self.log = log
    }

    func forward(
        _ request: HTTPServerRequest, _ body: OutgoingBody, _ route: Route, _ path: RequestPath,
        _ response: HTTPResponseWriter, _ exchange: inout Exchange
    ) async throws {
        let reactor = reactor
        let side = side(route, exchange, on: reactor)
        exchange.upstream = side?.upstream ?? route.upstream
        let call = try call(exchange.upstream, request, exchange, timeout: route.timeout, on: reactor)
        let outgoing = outgoing(route, path, request, exchange)
        mirror(route, outgoing, body, request, exchange, on: reactor)
        do {
            try await relay(outgoing, body, call, request, response, &exchange)
        } catch {
            side?.note(error)
            throw error
        }
        side?.note(exchange.upstreamTook, isError: response.status?.isServerError ?? true)
    }

    /// What the upstream does not accept is answered as it answers it. Returns how the connection ended, if it began.
    func open(
        _ wanted: WebSocketHandshake.Request, _ request: HTTPServerRequest, _ route: Route, _ path: RequestPath,
        _ response: HTTPResponseWriter, _ exchange: inout Exchange, through tunnel: WebSocketTunnel,
        judge: WebSocketRelay.Judge?
    ) async throws -> WebSocketRelay.End? {
        let call = try call(route.upstream, request, exchange, timeout: route.timeout, on: reactor)
        let (asking, key) = WebSocketTunnel.ask(outgoing(route, path, request, exchange), wanted)
        let answer = try await call.send(asking, .none)
        defer { call.finish(answer) }
        exchange.upstreamTook = answer.took
        guard let upstream = answer.response.upgraded else {
            try await answers.relay(answer.response, request, response, exchange)
            return nil
        }
        return try await tunnel.carry(
            upstream, answer.response.head, wanted, key: key, response, &exchange, judge: judge)
    }

    /// The client's request, with what the route says about it.
    private func outgoing(
        _ route: Route, _ path: RequestPath, _ request: HTTPServerRequest, _ exchange: Exchange
    ) -> HTTPClientRequest {
        var headers = requestHeaders(request, exchange)
        headers.apply(route.requestFields)
        // A page that comes compressed cannot be given a link.
        if route.hiddenLinks != nil { headers.remove("accept-encoding") }
        var outgoing = HTTPClientRequest(request.head, headers)
        if let host = route.upstreamHost { outgoing.host = host }
        if route.rewrite != nil { outgoing.target = route.target(of: request, path) }
        return outgoing
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
        let body: OutgoingBody =
            request.body.isEmpty
            ? .none : .stream(ReplayableBody([], then: request.body, limit: Self.labyrinthBodyLimit))
        let call = UpstreamCall(
            upstream: labyrinth, lane: labyrinth.lane, key: 0, deadline: .after(Self.labyrinthTimeout), log: log)
        try await relay(HTTPClientRequest(request.head, headers), body, call, request, response, &exchange)
    }

    func stop() async {
        await directory.stop()
        await labyrinth.client.stop()
    }

    // MARK: Where to

    private var reactor: Reactor {
        guard let reactor = Reactor.current, lanes.indices.contains(reactor.index) else {
            preconditionFailure("requests are handled on the reactors of the gateway's group")
        }
        return reactor
    }

    private func call(
        _ name: String, _ request: HTTPServerRequest, _ exchange: Exchange, timeout: Duration, on reactor: Reactor
    ) throws(UpstreamFailure) -> UpstreamCall {
        guard let upstream = lanes[reactor.index].upstream(name) else { throw .failed(.stream(.refused)) }
        return UpstreamCall(
            upstream: upstream, lane: upstream.lanes[reactor.index],
            key: Self.key(upstream.settings.balance, request.head, exchange), deadline: .after(timeout), log: log)
    }

    /// What consistent hashing goes by; a request without the field goes by its client.
    private static func key(_ balance: Balance, _ head: HTTPRequestHead, _ exchange: Exchange) -> UInt64 {
        guard case .consistentHash(let key, _) = balance else { return 0 }
        switch key {
        case .clientAddress: break
        case .header(let name):
            if let value = head.headers.valueBytes(of: name) { return KeyHash(value).mixed }
        case .cookie(let name):
            if let value = head.headers.cookie(name) { return KeyHash(value.utf8).mixed }
        }
        return KeyHash(exchange.client.bytes).mixed
    }

    // MARK: Splits and mirrors

    /// The side of a split that a request goes to.
    private struct Side {
        let split: LiveSplit
        let arm: Int
        let lane: LiveSplit.Lane
        let began = Deadline.now

        var upstream: String { split.settings.arms[arm].upstream }

        func note(_ took: Duration, isError: Bool) { lane.note(arm, took, isError: isError) }

        /// What went wrong on the client's side says nothing about this one.
        func note(_ error: any Error) {
            switch error {
            case UpstreamFailure.failed(.stream(.cancelled)): return
            case is UpstreamFailure: note(.now - began, isError: true)
            default: return
            }
        }
    }

    private func side(_ route: Route, _ exchange: Exchange, on reactor: Reactor) -> Side? {
        guard route.split != nil, let split = lanes[reactor.index].split(route.name) else { return nil }
        let lane = split.lane(reactor.index)
        return Side(split: split, arm: split.arm(for: KeyHash(exchange.client.bytes).mixed, on: lane), lane: lane)
    }

    private func mirror(
        _ route: Route, _ outgoing: HTTPClientRequest, _ body: OutgoingBody, _ request: HTTPServerRequest,
        _ exchange: Exchange, on reactor: Reactor
    ) {
        guard let mirror = route.mirror,
            let call = try? call(mirror.upstream, request, exchange, timeout: route.timeout, on: reactor)
        else { return }
        guard mirror.share >= 1 || call.lane.random.fraction() < mirror.share else { return }
        mirrors.send(outgoing, body, to: call, on: reactor)
    }

    // MARK: There and back

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
        _ outgoing: HTTPClientRequest, _ body: OutgoingBody, _ call: UpstreamCall, _ request: HTTPServerRequest,
        _ response: HTTPResponseWriter, _ exchange: inout Exchange
    ) async throws {
        let began = Deadline.now
        let answer: UpstreamCall.Answer
        do {
            answer = try await call.send(outgoing, body)
        } catch {
            exchange.upstreamTook = .now - began
            throw error
        }
        defer { call.finish(answer) }
        exchange.upstreamTook = .now - began
        metrics.upstreamDuration.observe(answer.took)
        do {
            try await answers.relay(answer.response, request, response, exchange)
        } catch {
            if case UpstreamFailure.brokeOff(let failure) = error, failure != .stream(.cancelled) {
                call.brokeOff(answer, failure)
            }
            await answer.response.body.abandon()
            throw error
        }
    }
}

extension Route {
    /// As the client wrote it, or rewritten; the query stays.
    fileprivate func target(of request: HTTPServerRequest, _ path: RequestPath) -> [UInt8] {
        guard let rewrite else { return Array(request.head.targetBytes) }
        return rewrite.fillPath(path, of: self.path) + OwnAnswer.query(request.head)
    }
}

extension HTTPHeaders {
    fileprivate func cookie(_ name: String) -> Substring? {
        for field in values(of: "cookie") {
            for pair in field.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2 && parts[0] == name { return parts[1] }
            }
        }
        return nil
    }
}

extension HTTPClientRequest {
    /// The client's request as it goes on: same method, target and host.
    fileprivate init(_ head: HTTPRequestHead, _ headers: HTTPHeaders) {
        self.init(head.method, "", host: head.host, headers: headers)
        target = Array(head.targetBytes)
    }
}
