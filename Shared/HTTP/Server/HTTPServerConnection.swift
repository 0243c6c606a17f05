internal import Core
internal import Reactor

/// One client's connection: requests in, responses out, in order.
///
/// Timeline of an exchange: the head is read → the handler runs, reading the body and writing the response as it likes →
/// what the handler left unread is drained, if little, else the connection ends → the next head. The connection survives
/// an exchange only when both messages ended where their framing says.
///
/// Confined to its reactor, which is what makes it Sendable.
final class HTTPServerConnection: HTTPBodySource, HTTPServedConnection, @unchecked Sendable {
    private enum Response {
        case none
        /// Started, nothing sent yet.
        case pending(head: [UInt8], HTTPBodyFraming)
        case sending(HTTPBodyFraming)
        case finished
        case handedOver
    }

    /// What a handler may leave unread of a body before it is cheaper to close.
    private static let drainLimit = 64 << 10
    /// What is read and thrown away before the connection closes: a client that reads only when it has sent all would lose
    /// the answer otherwise. `linger` bounds the time.
    private static let lingerLimit = 16 << 20

    let stream: any ByteStream
    /// `stream` itself when nothing lies between it and the socket.
    private let socket: StreamSocket?
    private let origin: HTTPConnectionOrigin
    let reactor: Reactor
    let worker: HTTPServerWorker
    let input: HTTPInput

    /// Waiting for a request that has not begun: may be closed at any time.
    var isIdle = true

    /// Only with `abandonAfter`: the socket below everything, and the task that serves it.
    private var watched: (socket: StreamSocket, task: ConnectionTask)?

    // One exchange.
    private var exchange: UInt64 = 0
    private var decoder = HTTPBodyDecoder(.none)
    private var bodyDeadline = Deadline.never
    private var owesContinue = false
    private var answersHead = false
    private(set) var peerVersion = HTTPVersion.http11
    private(set) var keepsAlive = true
    private var hasPeerAnnouncedEnd = false
    private var response = Response.none
    private var status: HTTPStatus?
    private var contentBytes = 0

    /// `received` is what somebody has read already to see which version it is.
    init(_ stream: any ByteStream, received: [UInt8] = [], from origin: HTTPConnectionOrigin, worker: HTTPServerWorker)
    {
        self.stream = stream
        socket = stream as? StreamSocket
        self.origin = origin
        reactor = stream.reactor
        self.worker = worker
        input = HTTPInput(stream, received: received)
    }

    var configuration: HTTPServerConfiguration { worker.configuration }
    var timeouts: HTTPServerTimeouts { worker.configuration.timeouts }

    // MARK: The loop

    /// One frame for all of an exchange that nearly every exchange needs: each further asynchronous call would cost it a
    /// hundred instructions and, when it wakes, cold memory. What is rare stands in functions of its own, whose frames
    /// exist only when they are called.
    ///
    /// `@concurrent`, because then the task's executor is looked for once, when the connection begins, and not after each
    /// call again, which takes a lock: 220 instructions each.
    @concurrent
    func serve() async -> HTTPServing {
        do throws(HTTPFailure) {
            while mayReadOn {
                var arrival = try input.look()
                let deadline = reactor.turn + timeouts.idle
                while case .nothing = arrival {
                    let outcome: WaitOutcome
                    if let below = input.below {
                        let tired = reactor.turn + timeouts.rest
                        outcome = unsafe await _unsafeInheritExecutor_withUnsafeContinuation {
                            below.beginWait(unsafe Waker(continuation: $0), until: min(tired, deadline))
                        }
                        if case .expired = outcome, tired < deadline, isIdle {
                            return .resting(below, until: deadline)
                        }
                    } else {
                        outcome = await input.waitForBytes(until: deadline)
                    }
                    arrival = try input.look(after: outcome)
                }
                guard case .bytes(let count) = arrival else { break }
                isIdle = false
                let request: HTTPServerRequest
                if let whole = try readWhole(count) { request = whole } else { request = try await readRest() }
                do {
                    try await worker.handler.handle(request, HTTPResponseWriter(self, exchange: exchange))
                } catch {
                    try await answer(error, to: request)
                }
                if !endsCleanly { try await complete() }
                guard keepsAlive else { break }
            }
            await sayGoodbye()
        } catch {
            await end(after: error)
        }
        stream.close()
        return .over
    }

    func close() { stream.close() }
    var hasServed: Bool { exchange > 0 }

    // MARK: A client that leaves

    func watchPeer(of socket: StreamSocket, _ task: ConnectionTask) {
        watched = (socket, task)
        socket.whenPeerEnds { [weak self] in self?.peerEnded() }
    }

    private func peerEnded() {
        guard let watched, let patience = configuration.abandonAfter, !isIdle else { return }
        let abandoned = exchange
        reactor.run { [weak self] in
            try? await Reactor.sleep(for: patience)
            guard let self, self.exchange == abandoned, !self.isIdle else { return }
            watched.task.handle?.cancel()
        }
    }

    /// Begins an exchange.
    @inline(never)
    func request(_ head: consuming HTTPRequestHead) -> HTTPServerRequest {
        begin(head)
        let body = body(head.framing)
        return HTTPServerRequest(
            head: head, peer: origin.peer, isSecure: origin.isSecure, certificate: origin.certificate,
            manner: origin.manner, receivedAt: worker.now(), body: body)
    }

    private func begin(_ head: HTTPRequestHead) {
        exchange &+= 1
        decoder = HTTPBodyDecoder(head.framing, limits: configuration.limits)
        bodyDeadline = head.framing == .none ? .never : .after(timeouts.body)
        owesContinue = head.expectsContinue
        answersHead = head.method == .head
        peerVersion = head.version
        keepsAlive = head.keepsAlive
        hasPeerAnnouncedEnd = !head.keepsAlive
        response = .none
        status = nil
        contentBytes = 0
        if let watched, watched.socket.hasPeerEnded { peerEnded() }
    }

    private func body(_ framing: HTTPBodyFraming) -> HTTPBody {
        switch framing {
        case .none: .empty
        case .length(let length): HTTPBody(length: length, source: self, exchange: exchange)
        case .chunked, .untilClose: HTTPBody(length: nil, source: self, exchange: exchange)
        }
    }

    /// What a handler threw. Once a response has begun there is no honest way to go on but to break off.
    @inline(never)
    private func answer(_ error: any Error, to request: HTTPServerRequest) async throws(HTTPFailure) {
        if let failure = error as? HTTPFailure, failure.isOfConnection { throw failure }
        let problem = Problem(describing: error)
        if !(error is Failure) && problem.status.isServerError { configuration.onFailure?(error, request.head) }
        guard case .none = response else { throw .stream(.closed) }
        try await HTTPResponseWriter(self, exchange: exchange).respond(problem)
    }

    /// The usual end of an exchange, which needs no waiting: the response is whole and the body read.
    private var endsCleanly: Bool {
        guard case .finished = response, decoder.isComplete else { return false }
        exchange &+= 1
        return true
    }

    /// After the handler: the response has to be whole and the body read, or the connection ends.
    @inline(never)
    private func complete() async throws(HTTPFailure) {
        switch response {
        case .none:
            throw .misused("the handler returned without a response")
        case .pending, .sending:
            try await finish(exchange)
        case .handedOver:
            keepsAlive = false
        case .finished:
            break
        }
        exchange &+= 1
        if keepsAlive && !decoder.isComplete { try await drainBody() }
    }

    private func drainBody() async throws(HTTPFailure) {
        var left = Self.drainLimit
        while left > 0, let piece = try await input.readPiece(&decoder, deadline: bodyDeadline) { left -= piece.count }
        if !decoder.isComplete { keepsAlive = false }
    }

    // MARK: The end

    /// The peer may still be sending: closing now would reset the connection under an answer it has not read. One that
    /// announced the end itself is not (RFC 9112 §9.6), so where nothing else has come there is nothing to wait for.
    @inline(never)
    private func sayGoodbye() async {
        if case .handedOver = response { return }
        guard !input.hasEnded, exchange > 0, !decoder.isComplete || input.hasKeptBytes || !keepsAlive else { return }
        if hasPeerAnnouncedEnd && decoder.isComplete && !input.mayHaveMore { return }
        await stream.shutdownWrite()
        await input.drain(upTo: Self.lingerLimit, deadline: .after(timeouts.linger))
    }

    @inline(never)
    private func end(after failure: HTTPFailure) async {
        switch failure {
        case .refused(let refusal):
            configuration.onRefusal?(refusal, origin.peer)
            await refuse(Problem(refusal.status, detail: refusal.explanation))
        case .stream(.deadlineExceeded):
            await refuse(Problem(.requestTimeout, detail: "The request did not arrive in time."))
        case .misused:
            await refuse(Problem(.internalServerError))
        default:
            break
        }
    }

    private func refuse(_ problem: Problem) async {
        guard status == nil || !isAnswering else { return }
        keepsAlive = false
        exchange &+= 1
        response = .none
        do throws(HTTPFailure) {
            try await HTTPResponseWriter(self, exchange: exchange).respond(problem)
        } catch {
            return
        }
        await stream.shutdownWrite()
        await input.drain(upTo: Self.lingerLimit, deadline: .after(timeouts.linger))
    }

    private var isAnswering: Bool {
        switch response {
        case .none, .finished: false
        case .pending, .sending, .handedOver: true
        }
    }

    // MARK: The request's body

    func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        guard exchange == self.exchange else { throw .misused("a request's body was read after its handler returned") }
        if owesContinue {
            owesContinue = false
            if !input.hasKeptBytes, case .none = response { try await send(Self.continueLine) }
        }
        let piece = try await input.readPiece(&decoder, deadline: min(deadline, bodyDeadline))
        if let piece {
            bodyDeadline = bodyDeadline + .seconds(1) * (Double(piece.count) / Double(timeouts.minimumBodyRate))
        }
        return piece
    }

    private static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    // MARK: The response

    func responseStatus(of exchange: UInt64) -> HTTPStatus? { exchange == self.exchange ? status : nil }
    func responseBytes(of exchange: UInt64) -> Int { exchange == self.exchange ? contentBytes : 0 }

    /// What the kernel did not take at once; nil when there is nothing left to do.
    func respond(
        _ exchange: UInt64, _ status: HTTPStatus, _ headers: HTTPHeaders, _ added: HTTPHeaders, _ body: [UInt8]
    ) throws(HTTPFailure) -> HTTPUnsentResponse? {
        try claim(exchange, status)
        contentBytes = body.count
        var output = worker.takeOutput()
        appendHead(status, headers, added, status.forbidsBody ? .none : .length(body.count), to: &output)
        return try sendAll(&output, status.forbidsBody || answersHead ? [] : body)
    }

    func respond(_ exchange: UInt64, _ prepared: HTTPStaticResponse) throws(HTTPFailure) -> HTTPUnsentResponse? {
        try claim(exchange, prepared.status)
        contentBytes = prepared.body.count
        var output = worker.takeOutput()
        output.append(contentsOf: prepared.head)
        appendTail(to: &output)
        if !answersHead { output.append(contentsOf: prepared.body) }
        return try sendAll(&output, [])
    }

    /// One try, without waiting, which is all that most responses need. A small body is copied behind its head: the kernel
    /// takes one piece for less than two.
    private func sendAll(_ head: inout [UInt8], _ content: [UInt8]) throws(HTTPFailure) -> HTTPUnsentResponse? {
        let isSmall = content.count <= 2 << 10
        if isSmall { head.append(contentsOf: content) }
        let body = isSmall ? [] : content
        let sent: Int
        do throws(StreamFailure) {
            if let socket {
                sent = try socket.tryWrite(head, body, skipping: 0) ?? 0
            } else if keepsAlive {
                sent = try stream.tryWrite(head, body, skipping: 0) ?? 0
            } else {
                sent = try stream.tryWriteLast(head, body) ?? 0
            }
        } catch {
            throw .stream(error)
        }
        guard sent == head.count + body.count, socket != nil || !stream.hasUnsentBytes else {
            return HTTPUnsentResponse(head: head, body: body, sent: sent)
        }
        worker.giveBack(&head)
        response = .finished
        return nil
    }

    func finish(_ unsent: HTTPUnsentResponse) async throws(HTTPFailure) {
        try await send(unsent.head, unsent.body, skipping: unsent.sent)
        response = .finished
    }

    func start(
        _ exchange: UInt64, _ status: HTTPStatus, _ headers: HTTPHeaders, _ added: HTTPHeaders, _ length: Int?
    ) throws(HTTPFailure) {
        try claim(exchange, status)
        let framing: HTTPBodyFraming
        if status.forbidsBody {
            framing = .none
        } else if let length {
            framing = .length(length)
        } else if peerVersion == .http11 {
            framing = .chunked
        } else {
            framing = .untilClose
            keepsAlive = false
        }
        var head: [UInt8] = []
        head.reserveCapacity(512)
        appendHead(status, headers, added, framing, to: &head)
        response = .pending(head: head, answersHead ? .none : framing)
    }

    func write(_ exchange: UInt64, _ piece: consuming [UInt8]) async throws(HTTPFailure) {
        guard exchange == self.exchange else { throw .misused("a response was written after its handler returned") }
        var (prefix, framing) = try openForContent()
        guard !piece.isEmpty, framing != .none else { return }
        contentBytes += piece.count
        switch framing {
        case .chunked:
            HTTPResponseEncoder.append(hexadecimal: piece.count, to: &prefix)
            HTTPResponseEncoder.append("\r\n", to: &prefix)
            HTTPResponseEncoder.append("\r\n", to: &piece)
        case .length(let left):
            guard piece.count <= left else { throw .misused("more content was written than announced") }
            framing = .length(left - piece.count)
        case .none, .untilClose:
            break
        }
        response = .sending(framing)
        try await send(prefix, piece)
    }

    func flush(_ exchange: UInt64) async throws(HTTPFailure) {
        guard exchange == self.exchange, case .pending(let head, let framing) = response else { return }
        response = .sending(framing)
        try await send(head)
    }

    func finish(_ exchange: UInt64) async throws(HTTPFailure) {
        guard exchange == self.exchange else { throw .misused("a response was finished after its handler returned") }
        if case .finished = response { return }
        var (rest, framing) = try openForContent()
        if framing == .chunked { HTTPResponseEncoder.append("0\r\n\r\n", to: &rest) }
        if case .length(let left) = framing, left > 0 { throw .misused("less content was written than announced") }
        response = .finished
        if !rest.isEmpty { try await send(rest) }
    }

    func upgrade(_ exchange: UInt64, _ name: String, _ headers: HTTPHeaders) async throws(HTTPFailure) -> any ByteStream
    {
        try claim(exchange, .switchingProtocols)
        var head: [UInt8] = []
        HTTPResponseEncoder.appendStatusLine(.switchingProtocols, to: &head)
        HTTPResponseEncoder.appendFields(of: headers, to: &head)
        HTTPResponseEncoder.append("Connection: Upgrade\r\nUpgrade: \(name)\r\n\r\n", to: &head)
        response = .handedOver
        try await send(head)
        return PrefixedStream(input.takeKept(), then: stream)
    }

    private func claim(_ exchange: UInt64, _ status: HTTPStatus) throws(HTTPFailure) {
        guard exchange == self.exchange else { throw .misused("a response was begun after its handler returned") }
        guard case .none = response else { throw .misused("a second response was begun") }
        self.status = status
        response = .sending(.none)
        // Nobody asked for a body that the handler does not want: whether it comes is the client's guess.
        if owesContinue || (decoder.remaining ?? .max) > Self.drainLimit { keepsAlive = false }
        if worker.isStopping { keepsAlive = false }
    }

    private func openForContent() throws(HTTPFailure) -> (prefix: [UInt8], HTTPBodyFraming) {
        switch response {
        case .pending(let head, let framing): return (head, framing)
        case .sending(let framing): return ([], framing)
        case .none, .finished, .handedOver: throw .misused("content was written outside of a started response")
        }
    }
}
