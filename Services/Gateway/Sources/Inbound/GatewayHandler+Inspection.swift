import Contracts
import Core
import HTTP
import Inspection
import WebSocket

/// What a route's inspection looks at: the beginning of a request before the upstream sees a byte of it, the rest of a
/// large body while it goes there, a WebSocket's messages one by one.
extension GatewayHandler {
    @inline(never)
    func uninspected(_ active: ActiveRoute, _ request: HTTPServerRequest) -> OutgoingBody {
        guard !request.body.isEmpty else { return .none }
        return .stream(ReplayableBody([], then: request.body, limit: active.route.bodyLimit.bytes))
    }

    /// Judges the request with the beginning of its body and returns the body, complete again.
    @inline(never)
    func inspect(
        _ active: ActiveRoute, _ request: HTTPServerRequest, _ exchange: Exchange, _ lane: RequestLane
    ) async throws -> OutgoingBody {
        var beginning: [UInt8] = []
        // What follows a WebSocket's opening are its messages.
        var isWhole = request.body.isEmpty || request.head.method == .connect
        while !isWhole && beginning.count < configuration.inspectedBodyBytes {
            guard let piece = try await request.body.next() else {
                isWhole = true
                break
            }
            if beginning.isEmpty { beginning = piece } else { beginning += piece }
        }
        exchange.requestBytes = beginning.count
        let watch = judge(beginning, isWhole: isWhole, active, request, exchange, lane)
        if isWhole { return beginning.isEmpty ? .none : .bytes(beginning) }
        return .stream(
            ReplayableBody(beginning, then: request.body, limit: active.route.bodyLimit.bytes, watch: watch))
    }

    /// Returns who is to judge what follows, if something does and that is wanted.
    @inline(__always)
    private func judge(
        _ beginning: [UInt8], isWhole: Bool, _ active: ActiveRoute, _ request: HTTPServerRequest,
        _ exchange: Exchange, _ lane: RequestLane
    ) -> BodyWatch? {
        let began = Deadline.now
        var inspected = InspectedRequest(request.head, body: beginning)
        inspected.isBodyWhole = isWhole || beginning.count == request.body.length
        var connection: SecLangConnection?
        if lane.asksRuleSet(active.policy) {
            connection = SecLangConnection(request, exchange.client, exchange.idText)
            inspected.nameHost(request.head)
        }
        exchange.verdict = lane.inspect(inspected, active.policy, by: engine, connection)
        exchange.inspectionTook = .now - began
        exchange.trial = lane.tryCandidate(
            inspected, active.policy, by: engine, connection, beside: exchange.verdict)
        guard !inspected.isBodyWhole, configuration.inspectsWholeBodies else { return nil }
        return BodyWatch(
            inspected, exchange.verdict, connection, lane, active.policy, engine,
            windowBytes: configuration.inspectedBodyBytes)
    }

    /// Forwards with an eye on the rest of a large body.
    @inline(never)
    func forward(
        _ watch: BodyWatch, _ body: OutgoingBody, _ active: ActiveRoute, _ path: RequestPath,
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        do {
            try await proxy.forward(request, body, active, path, response, exchange)
            exchange.take(watch)
        } catch {
            exchange.take(watch)
            guard watch.hasStopped else { throw error }
            exchange.outcome = .blocked
            exchange.blockReason = .inspection
            // An upstream that answered before it had all: its answer ends here.
            guard !response.hasStarted else { throw error }
            try await block(
                .blocked, .inspection, "The request looks like an attack and was stopped.", response, request, exchange
            )
        }
    }

    /// Its messages are judged one by one, like bodies.
    @inline(never)
    func openWebSocket(
        _ active: ActiveRoute, _ path: RequestPath, _ request: HTTPServerRequest, _ response: HTTPResponseWriter,
        _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        let wanted: WebSocketHandshake.Request
        do throws(WebSocketRefusal) {
            wanted = try WebSocketHandshake.read(request.head)
        } catch {
            exchange.outcome = .refused
            let problem = Problem(.upgradeRequired, detail: error.description, requestID: exchange.idText)
            return try await response.respond(problem, headers: ["Sec-WebSocket-Version": "13"])
        }
        let messages = WebSocketMessages(lane, active.policy, engine)
        let judge: WebSocketRelay.Judge? = active.policy.mode == .off ? nil : { @Sendable in messages.judge($0) }
        let end = try await proxy.open(
            wanted, request, active, path, response, exchange, through: sockets,
            judge: judge)
        exchange.verdict = messages.verdict
        guard end == .judged else { return }
        exchange.outcome = .blocked
        exchange.blockReason = .inspection
    }
}

extension SecLangConnection {
    /// Of addresses only what rules ask for.
    fileprivate init(_ request: HTTPServerRequest, _ client: IPAddress, _ id: String) {
        self.init(
            version: request.head.version.description, remoteAddress: client.description, uniqueID: id,
            epochSeconds: Int(request.receivedAt.seconds))
    }
}

extension InspectedRequest {
    init(_ head: HTTPRequestHead, body: [UInt8]) {
        let headers = head.headers
        self.init(
            method: head.method.description, target: Array(head.targetBytes),
            headers: (0..<headers.count).map { Header(headers.name(at: $0), Array(headers.valueBytes(at: $0))) },
            body: body)
    }

    /// HTTP/2 says the host in `:authority`; rules look for it among the fields.
    fileprivate mutating func nameHost(_ head: HTTPRequestHead) {
        guard head.version == .http2, !head.headers.contains("host"), let host = head.host else { return }
        headers.append(Header("host", host))
    }
}
