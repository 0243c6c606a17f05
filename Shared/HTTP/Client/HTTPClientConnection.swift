internal import Core
internal import Reactor

/// One connection to an endpoint, used by one exchange at a time.
///
/// It goes back to its pool when the response's body was read to its end and nothing stands against reuse; in every other
/// case it is closed. Confined to its reactor, which is what makes it Sendable.
///
/// A body that cannot leave at once is sent by a task of its own, so that an answer is read as soon as it comes: a peer
/// may answer before it has read everything (413, 401 …), and then sending goes on until the answer was read. That task
/// never outlives the exchange: it may be reading from somebody's connection.
final class HTTPClientConnection: HTTPBodySource, @unchecked Sendable {
    private enum Phase { case unused, busy, closed }

    /// Interim responses (1xx) before the real one; more are an attack.
    private static let maximumInterim = 8

    private let stream: any ByteStream
    private let pool: HTTPClientPool
    private let configuration: HTTPClientConfiguration
    private let input: HTTPInput

    private var phase = Phase.unused
    private var exchange: UInt64 = 0
    private var decoder = HTTPBodyDecoder(.none)
    private var keepsAlive = true
    private var hasSentAll = false
    private(set) var hasSentAny = false
    private var sending: TaskHandle?
    /// What ended the sending task: the body's own failure counts more than the peer's silence.
    private var bodyFailure: HTTPFailure?
    private var hasReceivedAny = false

    init(_ stream: any ByteStream, pool: HTTPClientPool, configuration: HTTPClientConfiguration) {
        self.stream = stream
        self.pool = pool
        self.configuration = configuration
        input = HTTPInput(stream)
    }

    /// Whoever dropped the response's body without reading it gave up the connection with it.
    deinit {
        guard phase == .busy else { return }
        stream.close()
        let pool = PoolReference(pool)
        if stream.reactor.isCurrent { pool.forget() } else { stream.reactor.run { pool.forget() } }
    }

    /// Carries a pool back to its reactor; used there only.
    private struct PoolReference: @unchecked Sendable {
        private let pool: HTTPClientPool
        init(_ pool: HTTPClientPool) { self.pool = pool }
        func forget() { pool.forget() }
    }

    // MARK: Reuse

    func isReusable() -> Bool { phase == .unused && !isDisturbed() }
    func isDisturbed() -> Bool { input.isDisturbed() }

    func discard() {
        guard phase != .closed else { return }
        phase = .closed
        stream.close()
        pool.forget()
    }

    /// After a failed exchange: see `HTTPClient` for the rule.
    func mayRepeat(_ request: HTTPClientRequest) -> Bool {
        if case .stream = request.body { return false }
        guard exchange > 1, !hasReceivedAny else { return false }
        return !hasSentAny || request.method.isIdempotent
    }

    // MARK: An exchange

    /// Part of the caller's frame, like what it consists of, because an exchange is waited for here.
    @inline(__always)
    func exchange(
        _ request: HTTPClientRequest, to endpoint: HTTPEndpoint, deadline: Deadline
    ) async throws(HTTPFailure) -> HTTPResponseHead {
        begin()
        do throws(HTTPFailure) {
            try send(request, to: endpoint, deadline: deadline)
            let head = try await readHead(request, deadline: deadline)
            if phase != .busy { await endSending() }
            return head
        } catch {
            await endSending()
            throw bodyFailure ?? error
        }
    }

    @inline(__always)
    private func readHead(
        _ request: HTTPClientRequest, deadline: Deadline
    ) async throws(HTTPFailure) -> HTTPResponseHead {
        for _ in 0..<Self.maximumInterim {
            guard let count = try await input.waitForMessage(until: deadline) else { throw .truncated }
            hasReceivedAny = true
            let head: HTTPResponseHead
            if let whole = try readWhole(count, answering: request.method) {
                head = whole
            } else {
                head = try await readRest(answering: request.method, deadline: deadline)
            }
            if head.status.isInformational && head.status != .switchingProtocols { continue }
            return accept(head, handsOver: request.upgrade != nil)
        }
        throw .refused(.malformedStatus)
    }

    @inline(never)
    private func readWhole(_ count: Int, answering method: HTTPMethod) throws(HTTPFailure) -> HTTPResponseHead? {
        try input.readWhole(count, HTTPResponseParser(answering: method, limits: configuration.limits))
    }

    @inline(never)
    private func readRest(
        answering method: HTTPMethod, deadline: Deadline
    ) async throws(HTTPFailure) -> HTTPResponseHead {
        try await input.readKept(
            HTTPResponseParser(answering: method, limits: configuration.limits), deadline: deadline)
    }

    private func begin() {
        phase = .busy
        exchange &+= 1
        hasSentAny = false
        hasSentAll = false
        hasReceivedAny = false
        bodyFailure = nil
    }

    private func accept(_ head: HTTPResponseHead, handsOver: Bool) -> HTTPResponseHead {
        if handsOver && head.status == .switchingProtocols {
            leavePool()
            return head
        }
        // A switch of protocols that nobody asked for makes the rest of the stream meaningless.
        keepsAlive = head.keepsAlive && head.status != .switchingProtocols
        decoder = HTTPBodyDecoder(head.framing, limits: configuration.limits)
        if decoder.isComplete { complete() }
        return head
    }

    /// After a 101: the connection is another protocol's now, and no longer counts as one of the pool's.
    private func leavePool() {
        phase = .closed
        pool.forget()
    }

    /// What the server already said in the new protocol comes first.
    func takeStream() -> any ByteStream { PrefixedStream(input.takeKept(), then: stream) }

    func responseBody(_ framing: HTTPBodyFraming) -> HTTPBody {
        switch framing {
        case .none: .empty
        case .length(let length): HTTPBody(length: length, source: self, exchange: exchange)
        case .chunked, .untilClose: HTTPBody(length: nil, source: self, exchange: exchange)
        }
    }

    /// What came together with the head. Whose thread this is comes first: the rest belongs to the reactor.
    func pieceAtHand(of exchange: UInt64) throws(HTTPFailure) -> [UInt8]? {
        guard stream.reactor.isCurrent, exchange == self.exchange, phase == .busy, sending == nil else { return nil }
        do throws(HTTPFailure) {
            let piece = try input.keptPiece(&decoder)
            if piece != nil && decoder.isComplete { complete() }
            return piece
        } catch {
            discard()
            throw error
        }
    }

    func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        if stream.reactor.isCurrent { return try await readPiece(of: exchange, deadline: deadline) }
        return try await stream.reactor.perform { () async throws(HTTPFailure) in
            try await self.readPiece(of: exchange, deadline: deadline)
        }
    }

    private func readPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        guard exchange == self.exchange, phase == .busy else { return nil }
        do throws(HTTPFailure) {
            let piece = try await input.readPiece(
                &decoder, deadline: min(deadline, stream.reactor.turn + configuration.stallTimeout))
            if decoder.isComplete {
                complete()
                await endSending()
            }
            return piece
        } catch {
            discard()
            await endSending()
            throw error
        }
    }

    func abandon(_ exchange: UInt64) async {
        if stream.reactor.isCurrent { return await giveUp(exchange) }
        await stream.reactor.perform { await self.giveUp(exchange) }
    }

    private func giveUp(_ exchange: UInt64) async {
        guard exchange == self.exchange, phase == .busy else { return }
        discard()
        await endSending()
    }

    private func complete() {
        guard keepsAlive, hasSentAll, !input.hasEnded, !input.hasKeptBytes else { return discard() }
        phase = .unused
        pool.giveBack(self)
    }

    // MARK: Sending

    /// What the kernel takes at once is sent at once; a task of its own sends the rest.
    private func send(
        _ request: HTTPClientRequest, to endpoint: HTTPEndpoint, deadline: Deadline
    ) throws(HTTPFailure) {
        var head = pool.output.take()
        HTTPRequestEncoder.append(
            request, to: endpoint, timeLeft: deadline == .never ? nil : deadline - stream.reactor.turn, &head)
        switch request.body {
        case .none: try send(&head, [])
        case .bytes(let body): try send(&head, body)
        case .stream(let body):
            let head = head
            startSending { [self] () async throws(HTTPFailure) in try await stream(body, after: head) }
        }
    }

    private func send(_ head: inout [UInt8], _ body: [UInt8]) throws(HTTPFailure) {
        let sent: Int
        do throws(StreamFailure) {
            sent = try stream.tryWrite(head, body, skipping: 0) ?? 0
        } catch {
            throw .stream(error)
        }
        if sent > 0 { hasSentAny = true }
        if sent == head.count + body.count && !stream.hasUnsentBytes {
            hasSentAll = true
            pool.output.giveBack(&head)
        } else {
            let head = head
            startSending { [self] () async throws(HTTPFailure) in try await write(head, body, skipping: sent) }
        }
    }

    private func startSending(_ work: @escaping @Sendable () async throws(HTTPFailure) -> Void) {
        sending = stream.reactor.run { [self] in
            do throws(HTTPFailure) {
                try await work()
                hasSentAll = true
            } catch {
                // The peer's refusal to read shows in what it answers; a body that fails ends the exchange.
                if bodyFailure != nil { stream.close() }
            }
            sending = nil
        }
    }

    private func endSending() async {
        guard let sending else { return }
        sending.cancel()
        await sending.value()
    }

    private func stream(_ body: HTTPBody, after head: [UInt8]) async throws(HTTPFailure) {
        var prefix = head
        let isChunked = body.length == nil
        while var piece = try await next(of: body) {
            if isChunked {
                HTTPResponseEncoder.append(hexadecimal: piece.count, to: &prefix)
                HTTPResponseEncoder.append("\r\n", to: &prefix)
                HTTPResponseEncoder.append("\r\n", to: &piece)
            }
            try await write(prefix, piece)
            prefix = []
        }
        if isChunked { HTTPResponseEncoder.append("0\r\n\r\n", to: &prefix) }
        if !prefix.isEmpty { try await write(prefix) }
    }

    private func next(of body: HTTPBody) async throws(HTTPFailure) -> [UInt8]? {
        do throws(HTTPFailure) {
            return try await body.next()
        } catch {
            if phase == .busy && !Task.isCancelled { bodyFailure = error }
            throw error
        }
    }

    private func write(
        _ first: [UInt8], _ second: [UInt8] = [], skipping sent: Int = 0
    ) async throws(HTTPFailure) {
        do throws(StreamFailure) {
            try await stream.send(first, second, skipping: sent, stall: configuration.stallTimeout) {
                hasSentAny = true
            }
        } catch {
            throw .stream(error)
        }
    }
}
