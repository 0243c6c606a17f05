import Contracts
import Core
import HTTP
import Reactor
import TLS
import Telemetry
import WebSocket

/// Forwards requests and streams answers back, holding one piece of a body at a time.
final class UpstreamProxy: Sendable {
    /// The labyrinth has no reason to be slow but its own tarpit.
    private static let labyrinthTimeout = Duration.seconds(60)
    private static let labyrinthBodyLimit = 1 << 20
    static let labyrinthName = "labyrinth"

    private static let forwardedFor = HTTPFieldName("X-Forwarded-For")
    private static let forwardedProto = HTTPFieldName("X-Forwarded-Proto")
    private static let forwardedHost = HTTPFieldName("X-Forwarded-Host")
    private static let requestID = HTTPFieldName("X-Request-Id")
    private static let traceParent = HTTPFieldName("traceparent")
    private static let timeout = HTTPFieldName("X-Request-Timeout-Ms")
    /// What the first five take at the most, beside the host.
    private static let ownFieldBytes = 256
    private static let ownFieldCount = 5

    let directory: UpstreamDirectory
    private let lanes: [UpstreamDirectory.Lane]
    private let labyrinth: LiveUpstream
    private let mirrors: TrafficMirrors
    let metrics: GatewayMetrics
    let answers: AnswerRelay
    let caches: AnswerCaches
    private let log: Logger

    init(
        directory: UpstreamDirectory, labyrinth: SocketAddress, group: ReactorGroup, caches: AnswerCaches,
        metrics: GatewayMetrics, log: Logger
    ) throws(GatewayFailure) {
        self.directory = directory
        lanes = group.reactors.map { _ in UpstreamDirectory.Lane(directory) }
        self.labyrinth = try LiveUpstream(
            Upstream(name: Self.labyrinthName, endpoints: ["\(labyrinth)"]), group: group, zone: nil, metrics: metrics)
        mirrors = TrafficMirrors(metrics: metrics)
        self.metrics = metrics
        self.caches = caches
        answers = AnswerRelay(metrics: metrics)
        self.log = log
    }

    func forward(
        _ request: HTTPServerRequest, _ body: OutgoingBody, _ active: ActiveRoute, _ path: RequestPath,
        _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        if active.hasCache || active.isBesideCache && !request.head.method.isSafe {
            return try await forwardBesideCache(request, body, active, path, response, exchange)
        }
        let reactor = reactor
        let side = side(active, exchange, on: reactor)
        if let side { exchange.upstream = side.upstream }
        let call = try call(exchange.upstream, request, exchange, timeout: active.route.timeout, on: reactor)
        let outgoing = outgoing(active, path, request, exchange)
        mirror(active, outgoing, body, request, exchange, on: reactor)
        do {
            try await relay(outgoing, body, call, request, response, exchange)
        } catch {
            side?.note(error)
            throw error
        }
        side?.note(exchange.upstreamTook, isError: response.status?.isServerError ?? true)
    }

    /// What the upstream does not accept is answered as it answers it. Returns how the connection ended, if it began.
    @inline(never)
    func open(
        _ wanted: WebSocketHandshake.Request, _ request: HTTPServerRequest, _ active: ActiveRoute,
        _ path: RequestPath, _ response: HTTPResponseWriter, _ exchange: Exchange, through tunnel: WebSocketTunnel,
        judge: WebSocketRelay.Judge?
    ) async throws -> WebSocketRelay.End? {
        let call = try call(active.route.upstream, request, exchange, timeout: active.route.timeout, on: reactor)
        let (asking, key) = WebSocketTunnel.ask(outgoing(active, path, request, exchange), wanted)
        let answer = try await call.send(asking, .none)
        defer { call.finish(answer) }
        exchange.upstreamTook = answer.took
        guard let upstream = answer.response.upgraded else {
            try await answers.relay(UpstreamAnswer(answer.response), request, response, exchange)
            return nil
        }
        return try await tunnel.carry(
            upstream, answer.response.head, wanted, key: key, response, exchange, judge: judge)
    }

    /// The client's request, with what the route says about it.
    @inline(never)
    func outgoing(
        _ active: ActiveRoute, _ path: RequestPath, _ request: HTTPServerRequest, _ exchange: Exchange
    ) -> HTTPClientRequest {
        var headers = HopByHop.request(request.head.headers).withoutPasses()
        if active.changesRequests {
            headers.apply(active.route.requestFields)
            // A page that comes compressed cannot be given a link.
            if active.route.hiddenLinks != nil { headers.remove("accept-encoding") }
        }
        var outgoing = HTTPClientRequest(
            forwarding: request.head, headers: headers, adding: ownFields(request, exchange))
        outgoing.timeoutField = Self.timeout
        if let host = active.route.upstreamHost { outgoing.authority = Array(host.utf8)[...] }
        if let rewrite = active.route.rewrite {
            outgoing.target = (rewrite.fillPath(path, of: active.route.path) + OwnAnswer.query(request.head))[...]
        }
        return outgoing
    }

    /// The client is led into the labyrinth and must not notice: same host, same path, no word of the gateway's own.
    @inline(never)
    func divert(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        exchange.upstream = Self.labyrinthName
        var outgoing = HTTPClientRequest(
            forwarding: request.head, headers: HopByHop.request(request.head.headers).withoutPasses(),
            adding: ownFields(request, exchange))
        outgoing.timeoutField = Self.timeout
        outgoing.added.add("infinite-intruder", IntruderIdentity.of(exchange.client).description)
        outgoing.added.add("infinite-request", exchange.idText)
        if let decision = exchange.decision {
            outgoing.added.add("infinite-decision", decision.decision.description)
        }
        let body: OutgoingBody =
            request.body.isEmpty
            ? .none : .stream(ReplayableBody([], then: request.body, limit: Self.labyrinthBodyLimit))
        let call = UpstreamCall(
            upstream: labyrinth, lane: labyrinth.lane, key: 0, deadline: .after(Self.labyrinthTimeout), log: log)
        try await relay(outgoing, body, call, request, response, exchange)
    }

    func stop() async {
        await directory.stop()
        await labyrinth.client.stop()
    }

    // MARK: Where to

    var reactor: Reactor {
        guard let reactor = Reactor.current, lanes.indices.contains(reactor.index) else {
            preconditionFailure("requests are handled on the reactors of the gateway's group")
        }
        return reactor
    }

    @inline(never)
    func call(
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
    struct Side {
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

    @inline(never)
    func side(_ active: ActiveRoute, _ exchange: Exchange, on reactor: Reactor) -> Side? {
        guard active.route.split != nil, let split = lanes[reactor.index].split(active.route.name) else { return nil }
        let lane = split.lane(reactor.index)
        return Side(split: split, arm: split.arm(for: KeyHash(exchange.client.bytes).mixed, on: lane), lane: lane)
    }

    @inline(never)
    func mirror(
        _ active: ActiveRoute, _ outgoing: HTTPClientRequest, _ body: OutgoingBody, _ request: HTTPServerRequest,
        _ exchange: Exchange, on reactor: Reactor
    ) {
        guard let mirror = active.route.mirror,
            let call = try? call(mirror.upstream, request, exchange, timeout: active.route.timeout, on: reactor)
        else { return }
        guard mirror.share >= 1 || call.lane.random.fraction() < mirror.share else { return }
        mirrors.send(outgoing, body, to: call, on: reactor)
    }

    // MARK: There and back

    /// Nobody else's can stand beside them: see `HopByHop`.
    @inline(never)
    private func ownFields(_ request: HTTPServerRequest, _ exchange: Exchange) -> HTTPHeaders {
        var headers = HTTPHeaders()
        let host = request.head.hostBytes
        headers.addLines(bytes: Self.ownFieldBytes + (host?.count ?? 0), fields: Self.ownFieldCount) { lines in
            lines.add(Self.forwardedFor, exchange.client.description)
            lines.add(Self.forwardedProto, request.isSecure ? "https" : "http")
            if let host { lines.add(Self.forwardedHost, host) }
            lines.add(Self.requestID, own: exchange.idBytes[...])
            lines.add(Self.traceParent, own: exchange.trace.text[...])
        }
        if let certificate = request.certificate {
            headers.add("X-Client-Certificate-Subject", certificate.subject)
            headers.add("X-Client-Certificate-SHA256", Hex.encode(certificate.sha256Fingerprint))
        }
        return headers
    }

    @inline(__always)
    func relay(
        _ outgoing: consuming HTTPClientRequest, _ body: OutgoingBody, _ call: UpstreamCall,
        _ request: HTTPServerRequest,
        _ response: HTTPResponseWriter, _ exchange: Exchange, _ course: CacheCourse? = nil
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
        exchange.upstreamTook = answer.arrived - began
        metrics.upstreamDuration.observe(answer.took)
        do {
            if let course {
                try await relay(answer.response, course, request, response, exchange)
            } else {
                try await answers.relay(UpstreamAnswer(answer.response), request, response, exchange)
            }
        } catch {
            if case UpstreamFailure.brokeOff(let failure) = error, failure != .stream(.cancelled) {
                call.brokeOff(answer, failure)
            }
            await answer.response.body.abandon()
            throw error
        }
    }
}

extension HTTPHeaders {
    /// A pass is the gateway's own; upstreams have no use for it.
    fileprivate func withoutPasses() -> HTTPHeaders {
        guard let first = index(of: Self.cookie),
            (first..<count).contains(where: { isName(Self.cookie, at: $0) && Self.holdsPass(valueBytes(at: $0)) })
        else { return self }
        var kept: [String] = []
        for field in values(of: "cookie") {
            let pairs = field.split(separator: ";").map { String($0.drop { $0 == " " }) }
            kept += pairs.filter { !$0.hasPrefix(ChallengePass.cookiePrefix) }
        }
        var headers = self
        headers.remove("cookie")
        if !kept.isEmpty { headers.add("Cookie", kept.joined(separator: "; ")) }
        return headers
    }

    private static let cookie = HTTPFieldName("Cookie")
    private static let passPrefix = Array(ChallengePass.cookiePrefix.utf8)

    private static func holdsPass(_ cookie: ArraySlice<UInt8>) -> Bool {
        let (cookie, prefix) = (cookie.span, passPrefix.span)
        guard cookie.count >= prefix.count else { return false }
        for start in 0...cookie.count - prefix.count where cookie[start] == prefix[0] {
            var length = 1
            while length < prefix.count, cookie[start + length] == prefix[length] { length += 1 }
            if length == prefix.count { return true }
        }
        return false
    }

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
