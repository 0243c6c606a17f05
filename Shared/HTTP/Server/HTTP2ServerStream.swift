internal import Core
internal import Reactor

/// One request and its response in HTTP/2: what `HTTPServerConnection` is to an exchange of HTTP/1.1.
final class HTTP2ServerStream: HTTP2Stream, HTTPBodySource, @unchecked Sendable {
    // Sendable: see HTTP2Stream.
    private enum Response {
        case none
        /// Begun; so much is still to come where that was announced.
        case sending(left: Int?)
        case finished
        case handedOver
    }

    private let server: HTTP2ServerConnection
    private var task: HTTP2HandlerTask?
    private var response = Response.none
    private(set) var status: HTTPStatus?
    private(set) var contentBytes = 0
    private var bodyDeadline = Deadline.never
    private var owesContinue = false
    private var answersHead = false
    private var answersConnect = false
    /// No content may follow, so the head itself ended the stream.
    private var endsWithHead = false
    private var hasHandlerBegun = false
    /// The handler has returned.
    private var isOver = false
    private var hasSentEnd = false

    init(_ connection: HTTP2ServerConnection, id: Int32) {
        server = connection
        super.init(connection, id: id)
    }

    private var configuration: HTTPServerConfiguration { server.worker.configuration }

    // MARK: The handler

    func run(_ head: HTTPRequestHead) {
        expect(head.framing)
        bodyDeadline = head.framing == .none ? .never : .after(configuration.timeouts.body)
        owesContinue = head.expectsContinue
        answersHead = head.method == .head
        answersConnect = head.connectProtocol != nil
        task = server.worker.handlers.run(self, request(head))
    }

    /// Called by the task.
    func serve(_ request: HTTPServerRequest) async {
        // Who has taken its request back before this turn came does not get its work done, nor an upstream asked for it:
        // otherwise resets would cost us what they do not cost their sender (CVE-2023-44487).
        if !isClosed {
            hasHandlerBegun = true
            do {
                try await server.worker.handler.handle(request, HTTPResponseWriter(self))
            } catch {
                answer(error, to: request.head)
            }
            await complete(request)
        }
        isOver = true
        _ = takeReceived()
        if hasSentEnd { endWasSent() }
        task = nil
        server.handlerEnded()
    }

    private func request(_ head: HTTPRequestHead) -> HTTPServerRequest {
        let body: HTTPBody =
            switch head.framing {
            case .none: .empty
            case .length(let length): HTTPBody(length: length, source: self, exchange: 0)
            case .chunked, .untilClose: HTTPBody(length: nil, source: self, exchange: 0)
            }
        return HTTPServerRequest(
            head: head, peer: server.peer, isSecure: server.isSecure, certificate: server.certificate,
            manner: server.manner, receivedAt: server.worker.now(), body: body)
    }

    /// What a handler threw. Once a response has begun there is no honest way to go on but to break off.
    private func answer(_ error: any Error, to head: HTTPRequestHead) {
        guard !isClosed else { return }
        let problem: Problem
        switch error as? HTTPFailure {
        case .refused(let refusal):
            configuration.onRefusal?(refusal, server.peer)
            problem = Problem(refusal.status, detail: refusal.explanation)
        case .stream(.deadlineExceeded):
            problem = Problem(.requestTimeout, detail: "The request did not arrive in time.")
        case .stream, .truncated:
            return breakOff(HTTP2ErrorCode.cancel)
        default:
            problem = Problem(describing: error)
            if !(error is Failure) && problem.status.isServerError { configuration.onFailure?(error, head) }
        }
        guard case .none = response else { return breakOff(HTTP2ErrorCode.internalError) }
        respondNow(problem)
    }

    private func respondNow(_ problem: Problem) {
        var headers = HTTPHeaders()
        headers.set("Content-Type", Problem.contentType)
        if let seconds = problem.retryAfterSeconds { headers.set("Retry-After", "\(seconds)") }
        try? respond(problem.status, headers, HTTPHeaders(), problem.json)
    }

    private func breakOff(_ code: UInt32) {
        response = .finished
        server.reset(self, code)
    }

    /// A request that no handler sees.
    func refuse(_ refusal: HTTPRefusal) {
        respondNow(Problem(refusal.status, detail: refusal.explanation))
        isOver = true
    }

    /// After the handler: the response has to be whole, and what is left of the request is nobody's.
    private func complete(_ request: HTTPServerRequest) async {
        do throws(HTTPFailure) {
            switch response {
            case .none:
                guard !isClosed else { break }
                configuration.onFailure?(HTTPFailure.misused("the handler returned without a response"), request.head)
                respondNow(Problem(.internalServerError))
            case .sending: try await finish()
            case .handedOver: offer([], isLast: true)
            case .finished: break
            }
        } catch {
            breakOff(HTTP2ErrorCode.internalError)
        }
    }

    /// RFC 9113 §8.1: the answer is complete without the rest of the request, which is asked not to come.
    func endWasSent() {
        hasSentEnd = true
        if isOver && !isWholeReceived && !isClosed { server.reset(self, HTTP2ErrorCode.none) }
    }

    /// The stream ended before its time: whoever works for it may stop.
    func giveUp() {
        if hasHandlerBegun { task?.cancel() }
    }

    /// The handler has ended, its response has not, and the client takes nothing of it.
    func isStalled(since now: Deadline, for limit: Duration) -> Bool {
        isOver && !hasSentAll && progressed + limit <= now
    }

    // MARK: The request's body

    func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        guard !isOver else { throw .misused("a request's body was read after its handler returned") }
        if owesContinue {
            owesContinue = false
            if !hasUnreadContent, !isWholeReceived, case .none = response { server.askToContinue(self) }
        }
        guard let piece = try await nextReceived(deadline: min(deadline, bodyDeadline)) else { return nil }
        guard contentBytesReceived <= configuration.limits.maximumBodyBytes else { throw .refused(.bodyTooLarge) }
        let seconds = Double(piece.count) / Double(configuration.timeouts.minimumBodyRate)
        bodyDeadline = bodyDeadline + .seconds(1) * seconds
        return piece
    }

    // MARK: The response

    func respond(
        _ status: HTTPStatus, _ headers: HTTPHeaders, _ added: HTTPHeaders, _ body: [UInt8]
    ) throws(HTTPFailure) {
        try claim(status)
        contentBytes = body.count
        let hasContent = !status.forbidsBody && !answersHead && !body.isEmpty
        response = .finished
        server.submit(
            self, status, headers, added, length: status.forbidsBody ? nil : body.count, hasContent: hasContent)
        if hasContent { offer(body, isLast: true) }
    }

    /// Returns when the client has taken nearly all of it.
    func settle() async throws(HTTPFailure) {
        try await waitForRoom(stall: configuration.timeouts.write, completely: contentBytes > 64 << 10)
    }

    func start(
        _ status: HTTPStatus, _ headers: HTTPHeaders, _ added: HTTPHeaders, _ length: Int?
    ) throws(HTTPFailure) {
        try claim(status)
        let isEmpty = status.forbidsBody || answersHead || length == 0
        response = .sending(left: isEmpty ? 0 : length)
        server.submit(
            self, status, headers, added, length: status.forbidsBody ? nil : length, hasContent: !isEmpty)
        if isEmpty { endsWithHead = true }
    }

    func write(_ piece: consuming [UInt8]) async throws(HTTPFailure) {
        guard !isOver else { throw .misused("a response was written after its handler returned") }
        guard case .sending(let left) = response else {
            throw .misused("content was written outside of a started response")
        }
        guard !piece.isEmpty else { return }
        if endsWithHead {
            if !answersHead && !(status?.forbidsBody ?? false) {
                throw .misused("more content was written than announced")
            }
            return
        }
        contentBytes += piece.count
        var isLast = false
        if let left {
            guard piece.count <= left else { throw .misused("more content was written than announced") }
            response = .sending(left: left - piece.count)
            isLast = piece.count == left
        }
        offer(piece, isLast: isLast)
        try await waitForRoom(stall: configuration.timeouts.write)
    }

    func flush() { server.sendSoon() }

    func finish() async throws(HTTPFailure) {
        guard !isOver else { throw .misused("a response was finished after its handler returned") }
        switch response {
        case .finished: return
        case .none, .handedOver: throw .misused("content was written outside of a started response")
        case .sending(let left):
            response = .finished
            if endsWithHead || left == 0 { return }
            guard left == nil else { throw .misused("less content was written than announced") }
            offer([], isLast: true)
        }
    }

    /// RFC 8441: what HTTP/1.1 does by 101 is done by 200 to an extended CONNECT.
    func upgrade(_ name: String, _ headers: HTTPHeaders) throws(HTTPFailure) -> any ByteStream {
        guard answersConnect else { throw .misused("only an extended CONNECT can become a tunnel in HTTP/2") }
        try claim(.ok)
        response = .handedOver
        bodyDeadline = .never
        server.submit(self, .ok, headers, HTTPHeaders(), length: nil, hasContent: true)
        return HTTP2Tunnel(self, peer: server.peer)
    }

    private func claim(_ status: HTTPStatus) throws(HTTPFailure) {
        guard !isOver else { throw .misused("a response was begun after its handler returned") }
        guard case .none = response else { throw .misused("a second response was begun") }
        if isClosed { throw .stream(.closed) }
        self.status = status
    }
}
