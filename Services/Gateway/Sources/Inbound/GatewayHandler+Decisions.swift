import Contracts
import Core
import HTTP
import Telemetry

/// What decisions in force, rules and routes ask of a request before it goes on.
extension GatewayHandler {
    /// Whether the request is answered with that.
    @inline(never)
    func enforce(
        _ enforcement: Enforcement, _ request: HTTPServerRequest, _ response: HTTPResponseWriter,
        _ exchange: Exchange, _ lane: RequestLane
    ) async throws -> Bool {
        switch enforcement.action {
        case .ban:
            enforcement.hits.note()
            try await block(
                .banned, .ban, "Requests from your address are refused for now.", response, request, exchange)
        case .divert:
            enforcement.hits.note()
            exchange.outcome = .diverted
            try await proxy.divert(request, response, exchange)
        case .throttle:
            let wait = rates.refuseThrottled(
                enforcement.subject, exchange.client, allowedPerSecond: enforcement.allowedPerSecond ?? 1,
                now: exchange.began, lane)
            guard let wait else { return false }
            enforcement.hits.note()
            try await refuse(until: wait, .throttle, response, exchange)
        case .challenge:
            guard try await challenge("decision:\(enforcement.decision)", request, response, exchange) else {
                return false
            }
            enforcement.hits.note()
        case .stepUp:
            if stepUp.isMet(enforcement, request, exchange, lane) { return false }
            enforcement.hits.note()
            (exchange.outcome, exchange.blockReason) = (.challenged, .challenge)
            try await stepUp.ask(request, response, exchange)
        }
        return true
    }

    /// Who it is beyond an address is asked only while a decision names somebody so.
    func enforcements(
        on request: HTTPServerRequest, _ exchange: Exchange, _ lane: RequestLane
    ) -> [Enforcement] {
        let table = lane.enforcementsInForce
        guard !table.isEmpty else { return [] }
        var target = EnforcementTarget(address: exchange.client)
        if table.namesCallers {
            // A token that is not good says nothing: it neither frees nor condemns anybody.
            let caller = exchange.caller ?? (try? lane.caller(of: request, exchange))
            (target.account, target.session) = (caller?.user.description, caller?.session)
        }
        if table.namesKeys, let key = request.head.headers.valueBytes(of: configuration.apiKeyField) {
            target.apiKey = EnforcementSubject.digest(ofKey: key)
        }
        return table.decisions(on: target, now: request.receivedAt)
    }

    /// Whether the client was asked for a proof, because it shows no pass for what asks.
    @inline(never)
    func challenge(
        _ scope: String, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws -> Bool {
        if challenges.hasPassed(request, exchange, scope: scope) {
            recorder.metrics.challenges["passed"].increment()
            return false
        }
        (exchange.outcome, exchange.blockReason) = (.challenged, .challenge)
        try await challenges.ask(request, response, exchange, scope: scope)
        return true
    }

    @inline(never)
    func refuse(
        until wait: Duration, _ reason: BlockReason, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        exchange.outcome = .throttled
        exchange.blockReason = reason
        var problem = Problem(
            .tooManyRequests, detail: "Too many requests came from you; wait before the next.",
            requestID: exchange.idText)
        problem.retryAfterSeconds = max(1, wait.roundedUpSeconds)
        var headers: HTTPHeaders = ["X-Request-Id": exchange.idText]
        if let rate = exchange.rate { headers.add(rate) }
        try await response.respond(problem, headers: headers)
    }
}
