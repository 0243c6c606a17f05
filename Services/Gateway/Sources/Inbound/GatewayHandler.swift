import Contracts
import Core
import HTTP
import Inspection
import Reactor
import Telemetry
import WebSocket

/// The way of every request, in order: who is it → is a decision in force against them → where does it go → may they go
/// there → is it an attack → the upstream. Whatever happened is recorded once, at the end.
///
/// The gateway's own surface (`/v1/`, `/_infinite/`) stands before enforcement: an operator must be able to undo a ban
/// that hit their own address, and everything there is authenticated and validated by itself.
final class GatewayHandler: HTTPHandler {
    let configuration: GatewayConfiguration
    let lanes: [RequestLane]
    let engine: InspectionEngine
    let proxy: UpstreamProxy
    let api: APIDispatcher
    let page: LivePage
    let recorder: RequestRecorder
    private let clients: ClientAddressPolicy
    private static let forwardedFor = HTTPFieldName("X-Forwarded-For")
    let rates: RateGate
    let sockets: WebSocketTunnel
    let challenges: ChallengeGate
    let stepUp: StepUpGate
    private let log: Logger

    init(
        _ configuration: GatewayConfiguration, lanes: [RequestLane], engine: InspectionEngine, proxy: UpstreamProxy,
        api: APIDispatcher, page: LivePage, recorder: RequestRecorder, rates: RateGate,
        challenges: ChallengeGate, log: Logger
    ) {
        self.configuration = configuration
        self.lanes = lanes
        self.engine = engine
        self.proxy = proxy
        self.api = api
        self.page = page
        self.recorder = recorder
        self.rates = rates
        sockets = WebSocketTunnel(judgedBytes: configuration.inspectedBodyBytes)
        self.challenges = challenges
        stepUp = StepUpGate(challenges: challenges, signInPage: configuration.signInPage)
        self.log = log
        clients = ClientAddressPolicy(
            trustedHops: configuration.trustedHops, trustedNetworks: configuration.trustedNetworks)
    }

    func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        let lane = lane()
        let exchange = lane.begin(request, client: client(of: request))
        do {
            try await answer(request, response, exchange, lane)
        } catch {
            do {
                try await answer(error, request, response, exchange)
            } catch {
                // The connection ends with it; that it happened is known all the same.
                recorder.record(exchange, request, response, on: lane)
                throw error
            }
        }
        recorder.record(exchange, request, response, on: lane)
    }

    @inline(never)
    private func client(of request: HTTPServerRequest) -> IPAddress {
        // A unix peer is on this machine.
        let peer = request.peer.ipAddress ?? .v4Loopback
        guard configuration.trustedHops > 0 else { return peer }
        return clients.client(peer: peer, forwardedFor: request.head.headers.allValueBytes(of: Self.forwardedFor))
    }

    private func lane() -> RequestLane {
        guard let current = Reactor.current, let lane = lanes.first(where: { $0.reactor === current }) else {
            preconditionFailure("requests are handled on the reactors of the gateway's group")
        }
        return lane
    }

    // The usual way stands in one frame: `answer`, `route` and `follow` are parts of `handle`. What is rare has frames of
    // its own, which keeps that one small: the memory of frames stays with a connection's task while it rests.

    @inline(__always)
    private func answer(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        let pathBytes = request.head.pathBytes
        let path = RequestPath(pathBytes)
        let verdict = judgeByFirewall(path, request, exchange, lane)
        if verdict == .deny {
            return try await block(
                .blocked, .firewall, "Requests from your network, or to this place, are not accepted.", response,
                request, exchange)
        }
        if pathBytes.starts(with: LivePage.root.utf8) {
            return try await answerPage(request, response, exchange, lane)
        }
        if pathBytes.starts(with: APIDispatcher.root.utf8) {
            exchange.outcome = .answered
            return try await api.answer(request, response, exchange, lane)
        }
        // The gravest first. Who has met what it asks for has not met the others.
        for enforcement in enforcements(on: request, exchange, lane) {
            exchange.decision = enforcement
            if try await enforce(enforcement, request, response, exchange, lane) { return }
            exchange.decision = nil
        }
        if verdict == .challenge,
            try await challenge("rule:\(exchange.firewallRule ?? "")", request, response, exchange)
        {
            return
        }
        try await route(path, request, response, exchange, lane)
    }

    @inline(never)
    private func answerPage(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        exchange.outcome = .answered
        if request.head.method == .post && request.head.path == ChallengePage.path {
            return try await challenges.take(request, response, exchange)
        }
        try await page.answer(request, response, exchange, lane)
    }

    /// What the first rule says that takes the request.
    private func judgeByFirewall(
        _ path: RequestPath?, _ request: HTTPServerRequest, _ exchange: Exchange, _ lane: RequestLane
    ) -> FirewallAction? {
        let verdict = lane.firewall(
            exchange.client, host: exchange.host, method: request.head.method.description, path: path)
        guard let verdict else { return nil }
        verdict.note()
        recorder.metrics.firewall[verdict.action.rawValue].increment()
        exchange.firewallRule = verdict.rule.name
        return verdict.action
    }

    // MARK: Routes

    @inline(__always)
    private func route(
        _ path: RequestPath?, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange,
        _ lane: RequestLane
    ) async throws {
        guard let path else {
            exchange.outcome = .refused
            return try await refuse(.badRequest, "Servers would read this path in different ways.", response, exchange)
        }
        guard let active = lane.route(request.head, host: exchange.host, path: path) else {
            exchange.outcome = .unrouted
            return try await refuse(.notFound, "No route of this gateway takes this host and path.", response, exchange)
        }
        exchange.take(active)
        try await follow(active, path, request, response, exchange, lane)
    }

    @inline(__always)
    private func follow(
        _ active: ActiveRoute, _ path: RequestPath, _ request: HTTPServerRequest, _ response: HTTPResponseWriter,
        _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        if active.route.hiddenLinks?.leads(path) == true {
            exchange.outcome = .diverted
            return try await proxy.divert(request, response, exchange)
        }
        if active.route.isChallenged, try await challenge("route:\(active.route.name)", request, response, exchange) {
            return
        }
        try authorize(active, request, exchange, lane)
        // A token that nothing else asks for still says who is counted, when it is a good one.
        if active.countsByUser && exchange.caller == nil { _ = try? lane.caller(of: request, exchange) }
        exchange.rate = rates.judge(active, request, exchange, lane)
        if let answer = exchange.rate?.answer, !answer.isAdmitted {
            return try await refuse(until: answer.retryAfter, .rateLimit, response, exchange)
        }
        if let answer = active.route.answer {
            exchange.outcome = .answered
            return try await OwnAnswer.respond(answer, request, response, exchange, active, path)
        }
        if let length = request.body.length, length > active.route.bodyLimit.bytes {
            throw HTTPFailure.tooLarge(limit: active.route.bodyLimit.bytes)
        }
        let body =
            active.policy.mode == .off
            ? uninspected(active, request) : try await inspect(active, request, exchange, lane)
        if exchange.verdict.action == .block {
            return try await block(
                .blocked, .inspection, "The request looks like an attack and was stopped.", response, request, exchange
            )
        }
        exchange.outcome = .proxied
        if WebSocketHandshake.isWanted(request.head) {
            return try await openWebSocket(active, path, request, response, exchange, lane)
        }
        if let watch = body.watch {
            return try await forward(watch, body, active, path, request, response, exchange)
        }
        try await proxy.forward(request, body, active, path, response, exchange)
    }

    @inline(never)
    private func refuse(
        _ status: HTTPStatus, _ detail: String, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        let problem = Problem(status, detail: detail, requestID: exchange.idText)
        try await response.respond(problem, headers: ["X-Request-Id": exchange.idText])
    }

    @inline(never)
    private func authorize(
        _ active: ActiveRoute, _ request: HTTPServerRequest, _ exchange: Exchange, _ lane: RequestLane
    ) throws {
        guard active.route.requiredRole != nil || active.route.requiredScope != nil else { return }
        exchange.outcome = .blocked
        exchange.blockReason = .unauthenticated
        let caller = try exchange.caller ?? lane.caller(of: request, exchange)
        exchange.blockReason = .forbidden
        if let role = active.route.requiredRole.flatMap(CallerRole.init), !caller.has(role) {
            throw Failure(.forbidden, "This needs the role \(role.rawValue).")
        }
        if let scope = active.route.requiredScope, !caller.scopes.contains(scope) {
            throw Failure(.forbidden, "This needs a token with the scope \(scope).")
        }
        exchange.blockReason = .unspecified
    }

    // MARK: Refusals

    @inline(never)
    func block(
        _ outcome: RequestOutcome, _ reason: BlockReason, _ detail: String, _ response: HTTPResponseWriter,
        _ request: HTTPServerRequest, _ exchange: Exchange
    ) async throws {
        exchange.outcome = outcome
        exchange.blockReason = reason
        try await BlockPage.respond(.forbidden, detail, to: request, response, requestID: exchange.idText)
    }

    @inline(never)
    private func answer(
        _ error: any Error, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        guard !response.hasStarted else {
            if exchange.outcome == .proxied {
                exchange.outcome = error is UpstreamFailure && !Task.isCancelled ? .upstreamFailed : .abandoned
            }
            throw error
        }
        // The client has left, so this task was told to end: nobody is there to be answered.
        if Task.isCancelled {
            exchange.outcome = .abandoned
            throw HTTPFailure.stream(.cancelled)
        }
        if let failure = error as? UpstreamFailure {
            exchange.outcome = .upstreamFailed
            log.warning(
                "an upstream did not answer",
                ["request": .string(exchange.idText), "route": .string(exchange.route), "error": .error(failure)])
        } else if let failure = error as? HTTPFailure {
            exchange.outcome = .refused
            // The client's own connection broke: nobody is left to be told.
            if case .stream = failure { throw failure }
        } else if !(error is Failure) && !(error is TokenFailure) {
            log.error("a request failed unexpectedly", ["request": .string(exchange.idText), "error": .error(error)])
        }
        let problem = Problem(gateway: error, requestID: exchange.idText)
        var headers: HTTPHeaders = ["X-Request-Id": exchange.idText]
        if problem.status == .unauthorized { headers.add("WWW-Authenticate", "Bearer") }
        try await response.respond(problem, headers: headers)
    }
}

extension Problem {
    init(gateway error: any Error, requestID: String) {
        switch error {
        case TokenFailure.noKeysYet:
            self.init(.serviceUnavailable, detail: TokenFailure.noKeysYet.description, requestID: requestID)
            retryAfterSeconds = 1
        case let failure as TokenFailure:
            self.init(.unauthorized, detail: failure.description, requestID: requestID)
        case UpstreamFailure.failed(.stream(.deadlineExceeded)):
            self.init(
                .gatewayTimeout, detail: "The service behind this gateway did not answer in time.", requestID: requestID
            )
        case UpstreamFailure.full:
            self.init(
                .serviceUnavailable, detail: "The service behind this gateway is busy; try again.", requestID: requestID
            )
            retryAfterSeconds = 1
        case UpstreamFailure.resting:
            self.init(
                .serviceUnavailable,
                detail: "The service behind this gateway fails too often and is left alone for a moment; try again.",
                requestID: requestID)
            retryAfterSeconds = 5
        case is UpstreamFailure:
            self.init(
                .badGateway, detail: "The service behind this gateway could not be reached.", requestID: requestID)
        default:
            self.init(describing: error, requestID: requestID)
        }
    }
}
