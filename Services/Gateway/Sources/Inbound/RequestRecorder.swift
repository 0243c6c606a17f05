import Contracts
import Core
import HTTP
import Inspection
import Reactor
import Telemetry

/// Says once, at a request's end, what happened: to the metrics, to the bus, to whoever looks at the live page.
struct RequestRecorder: Sendable {
    let metrics: GatewayMetrics
    let feed: LiveFeed
    var accessLog: AccessLog?
    /// May drop; never waits.
    let observed: @Sendable (ObservedRequest) -> Void
    /// Kept until the broker has it.
    let blocked: @Sendable (RequestBlocked, TraceContext) -> Void

    func record(
        _ exchange: Exchange, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, on lane: RequestLane
    ) {
        metrics.count(exchange.outcome)
        guard !exchange.isLongLived else { return }
        let took = exchange.answeredAfter ?? (Deadline.now - exchange.began)
        metrics.duration.observe(took)
        if exchange.inspectionTook > .zero { metrics.inspectionDuration.observe(exchange.inspectionTook) }
        accessLog?.write(exchange, request, response, took: took)
        let microseconds = Int(took.wholeNanoseconds / 1_000)
        lane.count(exchange.liveOutcome, microseconds: microseconds)
        let status = response.status?.code ?? 0
        observed(
            ObservedRequest(
                exchange: exchange, request: request, status: status, responseBytes: response.bytesWritten,
                microseconds: microseconds))
        if exchange.blockReason != .unspecified { blocked(refusal(exchange, request, response), exchange.trace) }
        feed.request(exchange, request, status: status, microseconds: microseconds)
    }

    private func refusal(
        _ exchange: Exchange, _ request: HTTPServerRequest, _ response: HTTPResponseWriter
    ) -> RequestBlocked {
        var event = RequestBlocked()
        event.requestID = exchange.id
        event.blockedAt = .now
        event.reason = exchange.blockReason
        event.clientAddress = exchange.client
        event.method = Array(request.head.method.description.utf8)
        event.host = Array(exchange.host.utf8)
        event.path = Array(ObservedRequest.cut(request.head.pathBytes))
        event.query = Array(ObservedRequest.cut(request.head.queryBytes))
        event.userAgent = Array(ObservedRequest.cut(request.head.headers.valueBytes(of: "user-agent")))
        event.route = exchange.route
        event.status = UInt32(response.status?.code ?? 0)
        event.inspectionScore = exchange.verdict.score
        event.findings = exchange.verdict.findings.map(RuleFinding.init)
        event.userID = exchange.caller?.user ?? .unset
        event.sessionID = exchange.caller?.session ?? .unset
        event.decisionID = exchange.decision?.decision ?? .unset
        event.incidentID = exchange.decision?.incident ?? .unset
        (event.traceHigh, event.traceLow, event.span) = (
            exchange.trace.traceHigh, exchange.trace.traceLow, exchange.trace.span
        )
        return event
    }
}

extension RuleFinding {
    init(_ finding: Finding) {
        self.init()
        ruleID = finding.ruleID
        category = AttackCategory(rawValue: Int32(finding.category.contractNumber))
        variable = Array(finding.place.utf8.prefix(256))
        matched = Array(finding.matched.prefix(256))
        offset = UInt32(clamping: finding.offset)
        weight = finding.weight
    }
}
