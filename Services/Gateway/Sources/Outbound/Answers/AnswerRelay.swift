import Compression
import Contracts
import Core
import HTTP

/// An upstream's answer on its way to the client: first its head, with what the route says about it, then its content,
/// one piece in memory at a time.
struct AnswerRelay: Sendable {
    private static let requestID = HTTPFieldName("X-Request-Id")
    private static let contentTypeOptions = HTTPFieldName("X-Content-Type-Options")
    /// What these two take.
    private static let ownFieldBytes = 96

    let metrics: GatewayMetrics
    private let memory = CompressionMemory()

    func relay(
        _ answer: UpstreamAnswer, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        let isDiverted = exchange.outcome == .diverted
        var headers = HopByHop.response(answer.headers, isDiverted: isDiverted)
        let added = isDiverted ? HTTPHeaders() : ownFields(beside: headers, exchange)
        if !isDiverted {
            if let rate = exchange.rate { headers.add(rate) }
            if let active = exchange.active, active.changesAnswers {
                return try await relay(answer, headers.followed(by: added), active, request, response, exchange)
            }
        }
        let length = announced(answer, headers, request)
        if length == nil || request.head.method == .head {
            try await start(answer.status, headers, adding: added, length: length, response)
        } else {
            let first = try await answer.body.nextOfUpstream()
            // Most answers came as a whole, and leave as one.
            if length == first?.count ?? 0 {
                return try await response.respond(answer.status, headers: headers, adding: added, body: first ?? [])
            }
            try response.start(answer.status, headers: headers, adding: added, length: length)
            if let first { try await response.write(first) }
        }
        while let piece = try await answer.body.nextOfUpstream() { try await response.write(piece) }
        try await response.finish()
    }

    private func ownFields(beside headers: HTTPHeaders, _ exchange: Exchange) -> HTTPHeaders {
        var added = HTTPHeaders()
        added.addLines(bytes: Self.ownFieldBytes, fields: 2) { lines in
            lines.add(Self.requestID, own: exchange.idBytes[...])
            if !headers.contains(Self.contentTypeOptions) { lines.add(Self.contentTypeOptions, "nosniff") }
        }
        return added
    }

    /// Of an answer in chunks nobody knows when its first comes: a stream of events may have nothing to say for long.
    private func start(
        _ status: HTTPStatus, _ headers: HTTPHeaders, adding added: HTTPHeaders = HTTPHeaders(), length: Int?,
        _ response: HTTPResponseWriter
    ) async throws {
        try response.start(status, headers: headers, adding: added, length: length)
        if length == nil { try await response.flush() }
    }

    private func announced(_ answer: UpstreamAnswer, _ headers: HTTPHeaders, _ request: HTTPServerRequest) -> Int? {
        request.head.method == .head ? headers["content-length"].flatMap { Int($0) } : answer.body.length
    }

    // MARK: With filters

    private func relay(
        _ answer: UpstreamAnswer, _ received: HTTPHeaders, _ active: ActiveRoute, _ request: HTTPServerRequest,
        _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        var headers = received
        let length = announced(answer, headers, request)
        let facts = AnswerCompression.Facts(answer.status, headers, request, length: length)
        var piece = try await firstPiece(of: answer, active, facts)
        let content = try AnswerContent(active.route, facts, beginning: piece, exchange, memory, metrics, &headers)
        headers.apply(
            active.route, isSecure: request.isSecure, timing: active.route.tellsTiming ? exchange.serverTiming : nil)
        try await start(answer.status, headers, length: content.length(of: length), response)
        if piece == nil { piece = try await answer.body.nextOfUpstream() }
        while let current = piece {
            // The end of what an upstream sends in chunks is not known: what it has sent must not wait for it.
            let changed = try content.change(current, flush: answer.body.length == nil)
            if !changed.isEmpty { try await response.write(changed) }
            piece = try await answer.body.nextOfUpstream()
        }
        let end = try content.end()
        if !end.isEmpty { try await response.write(end) }
        try await response.finish()
    }

    /// Whether a page gets a hidden link shows in its first bytes; nobody else has to wait for them.
    private func firstPiece(
        of answer: UpstreamAnswer, _ active: ActiveRoute, _ facts: AnswerCompression.Facts
    ) async throws -> [UInt8]? {
        guard active.route.hiddenLinks != nil, AnswerContent.mayHoldLinks(facts) else { return nil }
        return try await answer.body.nextOfUpstream()
    }
}

extension AnswerCompression.Facts {
    init(_ status: HTTPStatus, _ headers: HTTPHeaders, _ request: HTTPServerRequest, length: Int?) {
        self.init(
            status: status.code, isHead: request.head.method == .head, length: length,
            contentType: headers["content-type"], contentEncoding: headers["content-encoding"],
            cacheControl: headers["cache-control"], hasRange: headers.contains("content-range"),
            accepted: request.head.headers["accept-encoding"])
    }
}

extension Exchange {
    /// Server-Timing (W3C), in milliseconds.
    var serverTiming: String {
        let parts = [
            ("gateway", Deadline.now - began - upstreamTook), ("inspection", inspectionTook),
            ("upstream", upstreamTook),
        ]
        return parts.map { "\($0.0);dur=\(Double($0.1.wholeNanoseconds / 1_000) / 1_000)" }.joined(separator: ", ")
    }
}
