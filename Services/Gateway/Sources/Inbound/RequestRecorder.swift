import Contracts
import Core
import HTTP
import Inspection
import Reactor
import Telemetry

/// Says once, at a request's end, what happened: to the metrics, to the bus, to whoever looks at the live page.
struct RequestRecorder: Sendable {
    /// Attacker-controlled text is cut: an event is evidence, not a copy of the request.
    private static let longestText = 2_048

    let metrics: GatewayMetrics
    let feed: LiveFeed
    var accessLog: AccessLog?
    /// May drop; never waits.
    let observed: @Sendable (RequestObserved, IPAddress) -> Void
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
        observed(observation(exchange, request, response, microseconds), exchange.client)
        if exchange.blockReason != .unspecified { blocked(refusal(exchange, request, response), exchange.trace) }
        feed.request(exchange, request, status: response.status?.code ?? 0, microseconds: microseconds)
    }

    private func observation(
        _ exchange: Exchange, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ microseconds: Int
    ) -> RequestObserved {
        let headers = request.head.headers
        var event = RequestObserved()
        event.requestID = exchange.id
        event.observedAt = request.receivedAt
        event.clientAddress = exchange.client
        event.clientPort = UInt32(request.peer.port ?? 0)
        event.method = Array(request.head.method.description.utf8)
        event.host = Array(exchange.host.utf8)
        event.path = Self.cut(request.head.pathBytes)
        event.query = Self.query(request.head)
        event.userAgent = Self.cut(headers.valueBytes(of: "user-agent"))
        event.referer = Self.cut(headers.valueBytes(of: "referer"))
        event.contentType = Self.cut(headers.valueBytes(of: "content-type"))
        event.status = UInt32(response.status?.code ?? 0)
        event.outcome = exchange.outcome
        event.route = exchange.route
        event.upstream = exchange.upstream
        event.requestBytes = UInt64(max(exchange.requestBytes, request.body.length ?? 0))
        event.responseBytes = UInt64(response.bytesWritten)
        event.durationMicroseconds = UInt32(clamping: microseconds)
        event.upstreamMicroseconds = UInt32(clamping: exchange.upstreamTook.wholeNanoseconds / 1_000)
        event.inspectionNanoseconds = UInt32(clamping: exchange.inspectionTook.wholeNanoseconds)
        event.inspectionScore = exchange.verdict.score
        event.findings = exchange.verdict.findings.map(RuleFinding.init)
        event.userID = exchange.caller?.user ?? .unset
        event.sessionID = exchange.caller?.session ?? .unset
        event.decisionID = exchange.decision?.decision ?? .unset
        if exchange.outcome == .diverted { event.intruderID = IntruderIdentity.of(exchange.client) }
        (event.traceHigh, event.traceLow, event.span) = (
            exchange.trace.traceHigh, exchange.trace.traceLow, exchange.trace.span
        )
        event.protocolVersion = Self.version(request.head.version)
        event.isSecure = request.isSecure
        return event
    }

    private static func version(_ version: HTTPVersion) -> ProtocolVersion {
        switch version {
        case .http10: .http10
        case .http11: .http11
        case .http2: .http2
        }
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
        event.path = Self.cut(request.head.pathBytes)
        event.query = Self.query(request.head)
        event.userAgent = Self.cut(request.head.headers.valueBytes(of: "user-agent"))
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

    private static func query(_ head: HTTPRequestHead) -> [UInt8] {
        guard let mark = head.targetBytes.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        return cut(head.targetBytes[(mark + 1)...])
    }

    private static func cut(_ bytes: ArraySlice<UInt8>?) -> [UInt8] { Array((bytes ?? []).prefix(longestText)) }
}

extension RuleFinding {
    init(_ finding: Finding) {
        self.init()
        ruleID = finding.ruleID
        category = AttackCategory(finding.category)
        variable = Array(
            (finding.parameter.isEmpty ? finding.variable.name : "\(finding.variable.name):\(finding.parameter)").utf8
                .prefix(256))
        matched = Array(finding.matched.prefix(256))
        offset = UInt32(clamping: finding.offset)
        weight = finding.weight
    }
}

extension AttackCategory {
    init(_ category: FindingCategory) {
        self =
            switch category {
            case .sqlInjection: .sqlInjection
            case .crossSiteScripting: .crossSiteScripting
            case .commandInjection: .commandInjection
            case .codeInjection, .lookupInjection: .codeInjection
            case .pathTraversal: .pathTraversal
            case .serverSideRequestForgery: .requestForgery
            case .remoteFileInclusion: .fileInclusion
            case .xmlExternalEntity: .xmlExternalEntity
            case .templateInjection: .templateInjection
            case .noSQLInjection: .nosqlInjection
            case .directoryInjection: .ldapInjection
            case .headerInjection, .protocolAbuse: .protocolAbuse
            case .scanner: .scanner
            }
    }
}
