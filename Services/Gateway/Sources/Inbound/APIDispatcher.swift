import Contracts
import Core
import HTTP
import JSON
import Telemetry

/// Which RPC of which service a call is for, without its types.
struct RPCName: Sendable {
    let service: ServiceName
    let name: String
    let requestSchema: String

    init(_ binding: HTTPBinding) {
        (service, name, requestSchema) = (binding.service, binding.rpcName, binding.requestSchema)
    }
    init<Request, Response>(_ method: RPCMethod<Request, Response>) {
        (service, name, requestSchema) = (method.service, method.name, Request.schema)
    }
}

/// The public API under `/v1/`: JSON in, a call over the bus, JSON out. What exists, who may call it and what its input
/// has to look like all come from the contracts.
struct APIDispatcher: Sendable {
    typealias Call = @Sendable (RPCName, [UInt8], Principal, TraceContext, Deadline) async throws -> [UInt8]

    static let root = "/v1/"
    private static let largestBody = 1 << 20

    private let bindings = HTTPBindingTable()
    private let calls: Call
    private let idempotency: IdempotentCalls?
    private let timeout: Duration
    private let metrics: GatewayMetrics

    /// - Parameter idempotency: nil where keys are kept nowhere; then a call with one is refused.
    init(timeout: Duration, metrics: GatewayMetrics, idempotency: IdempotentCalls? = nil, calls: @escaping Call) {
        self.timeout = timeout
        self.metrics = metrics
        self.idempotency = idempotency
        self.calls = calls
    }

    func answer(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        switch bindings.match(method: request.head.method.description, path: request.head.path) {
        case .unknownPath:
            throw Failure(.notFound, "The API has nothing at this path.")
        case .wrongMethod(let allowed):
            let methods = allowed.joined(separator: ", ")
            let problem = Problem(
                .methodNotAllowed, detail: "This path answers \(methods).", requestID: exchange.idText)
            try await response.respond(problem, headers: ["Allow": methods])
        case .found(let binding, let parameters):
            try await call(binding, parameters, request, response, exchange, lane)
        }
    }

    private func call(
        _ binding: HTTPBinding, _ parameters: [String: String], _ request: HTTPServerRequest,
        _ response: HTTPResponseWriter, _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        do {
            try authorize(binding.access, request, exchange, lane)
            let payload = try await payload(binding, parameters, request)
            let answer = try await answer(binding, payload, request, exchange)
            metrics.apiCalls["ok"].increment()
            try await respond(answer.body, isReplayed: answer.isReplayed, to: request, response, exchange)
        } catch let refusal as IdempotencyRefusal {
            metrics.apiCalls["refused"].increment()
            try await response.respond(
                Problem(refusal.status, detail: refusal.detail, requestID: exchange.idText),
                headers: ["X-Request-Id": exchange.idText])
        } catch {
            let isOurs = (error as? Failure).map { $0.kind.httpStatus.isServerError } ?? false
            metrics.apiCalls[isOurs ? "failed" : "refused"].increment()
            throw error
        }
    }

    /// The answer's body. Under a key the call is made once; what changes nothing, or has no caller, needs none.
    private func answer(
        _ binding: HTTPBinding, _ payload: [UInt8], _ request: HTTPServerRequest, _ exchange: Exchange
    ) async throws -> IdempotentCalls.Answer {
        let (name, principal, trace) = (RPCName(binding), exchange.principal, exchange.trace)
        let call: @Sendable () async throws -> [UInt8] = { [calls, timeout] in
            let answer = try await calls(name, payload, principal, trace, .after(timeout))
            var writer = JSONWriter()
            try binding.response.descriptor.writeJSON(of: answer, to: &writer)
            return writer.bytes
        }
        let fields = request.head.headers.values(of: "idempotency-key")
        guard !fields.isEmpty, !request.head.method.isSafe, binding.access != .everyone, let caller = exchange.caller
        else { return IdempotentCalls.Answer(body: try await call(), isReplayed: false) }
        guard fields.count == 1, let key = IdempotencyKey(fields[0]) else { throw IdempotencyRefusal.malformed }
        guard let idempotency else {
            throw Failure(.unavailable, "This gateway keeps no idempotency keys; send the call without one.")
        }
        return try await idempotency.make(
            key, fingerprint: IdempotencyKey.fingerprint(of: "\(name.service)/\(name.name)", payload: payload),
            for: caller.user, request: exchange.id, call)
    }

    /// What was read may be kept by its reader and asked for again by its tag; what a change answered is for once.
    private func respond(
        _ body: [UInt8], isReplayed: Bool, to request: HTTPServerRequest, _ response: HTTPResponseWriter,
        _ exchange: Exchange
    ) async throws {
        var headers: HTTPHeaders = ["X-Content-Type-Options": "nosniff", "X-Request-Id": exchange.idText]
        if isReplayed { headers.add("Idempotent-Replayed", "true") }
        guard request.head.method == .get else {
            headers.add("Content-Type", "application/json")
            headers.add("Cache-Control", "no-store")
            return try await response.respond(.ok, headers: headers, body: body)
        }
        let tag = EntityTag(of: body)
        headers.add("Cache-Control", "private, no-cache")
        headers.add("ETag", tag.text)
        if let condition = request.head.headers["if-none-match"], tag.isNamed(by: condition) {
            return try await response.respond(.notModified, headers: headers)
        }
        headers.add("Content-Type", "application/json")
        try await response.respond(.ok, headers: headers, body: body)
    }

    private func authorize(
        _ access: HTTPBinding.Access, _ request: HTTPServerRequest, _ exchange: Exchange, _ lane: RequestLane
    ) throws {
        guard access != .everyone else { return }
        let caller = try lane.caller(of: request, exchange)
        let needed: CallerRole? =
            switch access {
            case .everyone, .authenticated: nil
            case .viewer: .viewer
            case .editor: .editor
            case .admin: .admin
            case .service: .service
            }
        guard let needed, !caller.has(needed) else { return }
        throw Failure(.forbidden, "This call needs the role \(needed.rawValue).")
    }

    private func payload(
        _ binding: HTTPBinding, _ parameters: [String: String], _ request: HTTPServerRequest
    ) async throws -> [UInt8] {
        guard let query = PercentEncoding.query(request.head.query ?? "") else {
            throw Failure(.invalid, "The query is not percent-encoded UTF-8.")
        }
        do {
            return try binding.requestBytes(
                pathParameters: parameters, query: query, body: try await body(binding, request))
        } catch let mismatch as JSONMismatch {
            throw Failure(.invalid, mismatch.description)
        } catch let failure as JSONFailure {
            throw Failure(.invalid, failure.description)
        }
    }

    private func body(_ binding: HTTPBinding, _ request: HTTPServerRequest) async throws -> JSONValue? {
        let bytes = try await request.body.collect(upTo: Self.largestBody)
        if bytes.isEmpty { return binding.hasBody ? .object(JSONObject()) : nil }
        let type = request.head.headers["content-type"]?.prefix { $0 != ";" }.lowercased() ?? ""
        guard type == "application/json" else {
            throw Failure(.invalid, "The body has to be JSON; send Content-Type: application/json.")
        }
        return try JSONValue(parsing: bytes)
    }
}
