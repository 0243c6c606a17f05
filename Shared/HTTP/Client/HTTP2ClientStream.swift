internal import Core
internal import Reactor

/// One exchange over HTTP/2. Confined to its connection's reactor, which is what makes it Sendable.
final class HTTP2ClientStream: HTTP2Stream, @unchecked Sendable {
    /// Interim responses (1xx) before the real one; more are an attack.
    private static let maximumInterim = 8

    let client: HTTP2ClientConnection
    private var request: HTTPClientRequest
    private var head: HTTPResponseHead?
    private var interim = 0
    private let headArrived: ReactorSignal
    private var failure: HTTPFailure?
    private var sending: TaskHandle?
    /// What the body's own source said: it counts more than the peer's silence.
    private var bodyFailure: HTTPFailure?
    private var hasTakenBody = false
    private var hasLeft = false
    /// RFC 9113 §8.7: the peer said that nothing was done.
    private(set) var isRefused = false
    private(set) var hasSentAny = false

    /// A place on the connection was taken for it.
    init(_ connection: HTTP2ClientConnection, _ request: HTTPClientRequest) {
        client = connection
        self.request = request
        headArrived = ReactorSignal(on: connection.reactor)
        super.init(connection, id: 0)
    }

    var answersHead: Bool { request.method == .head }
    var hasHead: Bool { head != nil }

    /// Whether sending it again repeats nothing, or nothing that matters: see `HTTPClient` for the rule.
    var mayRepeat: Bool {
        if case .stream = request.body { return isRefused && !hasTakenBody }
        if isRefused || !hasSentAny { return true }
        return head == nil && client.isLeaving && client.exchanges > 1 && request.method.isIdempotent
    }

    // MARK: The exchange

    func exchange(host: String, deadline: Deadline) async throws(HTTPFailure) -> HTTPResponseHead {
        let began = client.reactor.turn
        guard client.begin(request, host: host, on: self, length: announcedLength, deadline: deadline) else {
            leave()
            throw .stream(.closed)
        }
        hasSentAny = true
        send()
        do throws(StreamFailure) {
            while head == nil && failure == nil { try await headArrived.wait(deadline: deadline) }
        } catch {
            // Silence since the request left: the peer, not only this answer, may be gone.
            if error == .deadlineExceeded && client.lastHeard < began { client.retire() }
            fail(.stream(error))
            client.reset(self, HTTP2ErrorCode.cancel)
        }
        if let head {
            if isWholeReceived { await giveUp() }
            return head
        }
        await endSending()
        throw bodyFailure ?? failure ?? .stream(.closed)
    }

    private var announcedLength: Int? {
        switch request.body {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .stream(let body): body.length
        }
    }

    private func send() {
        switch request.body {
        case .none: break
        case .bytes(let bytes):
            request.body = .none
            if !bytes.isEmpty { offer(bytes, isLast: true) }
        case .stream(let body):
            if body.length != 0 { sending = client.reactor.run { [self] in await send(body) } }
        }
    }

    /// A task of its own, so that an answer is read as soon as it comes.
    private func send(_ body: HTTPBody) async {
        do throws(HTTPFailure) {
            var left = body.length
            while let piece = try await body.next() {
                hasTakenBody = true
                left = left.map { $0 - piece.count }
                offer(piece, isLast: left == 0)
                try await waitForRoom(stall: client.configuration.stallTimeout)
            }
            if left != 0 { offer([], isLast: true) }
        } catch {
            guard !isClosed && !Task.isCancelled else { return }
            bodyFailure = error
            fail(error)
            client.reset(self, HTTP2ErrorCode.cancel)
        }
    }

    private func endSending() async {
        guard let sending else { return }
        sending.cancel()
        await sending.value()
        self.sending = nil
    }

    // MARK: What arrives

    func accept(_ head: HTTPResponseHead, endsStream: Bool) throws(HTTPRefusal) {
        if head.status.isInformational {
            interim += 1
            guard head.status != .switchingProtocols, interim <= Self.maximumInterim, !endsStream else {
                throw .malformedStatus
            }
            return
        }
        expect(head.framing)
        if endsStream { guard end() else { throw .lengthMismatch } }
        self.head = head
        headArrived.signal()
    }

    func fail(_ failure: HTTPFailure) {
        if self.failure == nil { self.failure = failure }
        headArrived.signal()
    }

    /// The stream is no more.
    func ended(_ code: UInt32) {
        isRefused = code == HTTP2ErrorCode.refusedStream
        sending?.cancel()
        if head == nil { fail(.stream(code == HTTP2ErrorCode.none ? .closed : .reset)) }
        leave()
    }

    private func leave() {
        guard !hasLeft else { return }
        hasLeft = true
        client.leave()
    }

    // MARK: The response's body

    func responseBody(_ framing: HTTPBodyFraming) -> HTTPBody {
        switch framing {
        case .none: .empty
        case .length(let length): HTTPBody(length: length, source: HTTP2ResponseBody(self), exchange: 0)
        case .chunked, .untilClose: HTTPBody(length: nil, source: HTTP2ResponseBody(self), exchange: 0)
        }
    }

    /// nil at the end.
    func nextPiece(deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        let limit = client.configuration.limits.maximumBodyBytes
        do throws(HTTPFailure) {
            let piece = try await nextReceived(deadline: min(deadline, .after(client.configuration.stallTimeout)))
            guard contentBytesReceived <= limit else { throw .refused(.bodyTooLarge) }
            if piece == nil { await giveUp() }
            return piece
        } catch {
            await giveUp()
            throw failure ?? error
        }
    }

    /// Nobody will read the rest, or there is none: what is still sent ends as well.
    func giveUp() async {
        if !isClosed { client.reset(self, HTTP2ErrorCode.cancel) }
        await endSending()
    }

    func drop() {
        if !isClosed { client.reset(self, HTTP2ErrorCode.cancel) }
        sending?.cancel()
    }
}

/// The reader's end of a stream: whoever drops it unread gives up the stream with it.
private final class HTTP2ResponseBody: HTTPBodySource {
    private let stream: HTTP2ClientStream

    init(_ stream: HTTP2ClientStream) { self.stream = stream }

    deinit {
        let stream = stream
        stream.client.reactor.onLoop { _ in stream.drop() }
    }

    func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        if stream.client.reactor.isCurrent { return try await stream.nextPiece(deadline: deadline) }
        return try await stream.client.reactor.perform { () async throws(HTTPFailure) in
            try await self.stream.nextPiece(deadline: deadline)
        }
    }

    func abandon(_ exchange: UInt64) async {
        if stream.client.reactor.isCurrent { return await stream.giveUp() }
        await stream.client.reactor.perform { await self.stream.giveUp() }
    }
}
