internal import Core
internal import Reactor
internal import TLS

/// One client's connection in HTTP/2: every stream's handler is a task of its own on the connection's reactor.
///
/// Bounds: so many streams as announced; twice as many handlers, because a stream that was reset is gone before its
/// handler is; each stream's unread content within its window, that of all within the connection's; what is to be sent
/// as `HTTP2Stream` says.
final class HTTP2ServerConnection: HTTP2Connection, HTTPServedConnection, @unchecked Sendable {
    // Sendable: see HTTP2Connection.
    /// How often streams are looked after that nobody waits for any more.
    private static let round = Duration.seconds(5)
    /// Between the two steps of leaving: long enough for what is on its way.
    private static let notice = Duration.seconds(1)
    /// Fairness: so many streams of one client begin in a turn of the loop, then everybody else has theirs.
    private static let mostBegunInTurn = 32

    let worker: HTTPServerWorker
    private let origin: HTTPConnectionOrigin
    var peer: SocketAddress { origin.peer }
    var certificate: TLSPeerCertificate? { origin.certificate }
    var isSecure: Bool { origin.isSecure }
    /// Complete with the first request.
    private(set) var manner: HTTPConnectionManner

    /// When what has begun must be complete: the first settings, a header section.
    private var sectionDeadline: Deadline
    private var hasSettings = false
    private var begun = (count: 0, turn: Deadline.never)
    private var runningHandlers = 0
    private var lastActivity: Deadline
    private var nextRound: Deadline
    private let handlersEnded: ReactorSignal

    init(
        _ transport: any ByteStream, from origin: HTTPConnectionOrigin, worker: HTTPServerWorker
    ) throws(HTTPFailure) {
        self.origin = origin
        self.worker = worker
        manner = origin.manner
        let now = transport.reactor.turn
        sectionDeadline = now + worker.configuration.timeouts.head
        lastActivity = now
        nextRound = now + Self.round
        handlersEnded = ReactorSignal(on: transport.reactor)
        let settings = worker.configuration.version2
        try super.init(
            transport,
            HTTP2Announcement(
                isServer: true, maximumConcurrentStreams: settings.maximumConcurrentStreams,
                streamWindow: settings.streamWindowBytes, connectionWindow: settings.connectionWindowBytes,
                maximumHeaderListBytes: worker.configuration.limits.maximumHeadBytes,
                allowsExtendedConnect: settings.allowsExtendedConnect),
            stall: worker.configuration.timeouts.write, linger: worker.configuration.timeouts.linger)
    }

    private var timeouts: HTTPServerTimeouts { worker.configuration.timeouts }
    private var settings: HTTP2ServerSettings { worker.configuration.version2 }

    // MARK: The loop

    func serve() async -> HTTPServing {
        start()
        do throws(StreamFailure) {
            while try await goOn() {}
        } catch {
            // The peer is gone, or the writer has closed the stream: either way nothing more is to be read.
        }
        await finish()
        await waitForHandlers()
        transport.close()
        return .over
    }

    /// False at the end.
    private func goOn() async throws(StreamFailure) -> Bool {
        switch try step() {
        case .progress:
            if reactor.turn >= nextRound { guard lookAround() else { return false } }
            try await waitForPeer()
            return true
        case .paused:
            if reactor.turn >= nextRound { guard lookAround() else { return false } }
            await Reactor.nextTurn()
            return true
        case .over:
            return false
        case .quiet:
            do throws(StreamFailure) {
                try await transport.waitReadable(deadline: nextDeadline)
            } catch .deadlineExceeded {
                return lookAround()
            }
            return true
        }
    }

    private var isQuiet: Bool { streams.isEmpty && runningHandlers == 0 }
    /// Nobody waits for anything: the connection may end at any time.
    var isIdle: Bool { isQuiet && section == nil }

    private var nextDeadline: Deadline {
        if section != nil || !hasSettings { return sectionDeadline }
        return isQuiet ? lastActivity + timeouts.idle : max(nextRound, reactor.turn + .milliseconds(1))
    }

    /// Ends what takes too long: the connection (then false), or a stream whose handler has ended and whose client does
    /// not read.
    private func lookAround() -> Bool {
        let now = reactor.turn
        nextRound = now + Self.round
        if section != nil || !hasSettings { return sectionDeadline > now }
        if isQuiet { return lastActivity + timeouts.idle > now }
        for case let stream as HTTP2ServerStream in streams.values
        where stream.isStalled(since: now, for: timeouts.write) {
            reset(stream, HTTP2ErrorCode.cancel)
        }
        return true
    }

    private func waitForHandlers() async {
        while runningHandlers > 0 {
            do throws(StreamFailure) {
                try await handlersEnded.waitForClose(orSignalUntil: .never)
            } catch {
                return
            }
        }
    }

    // MARK: Leaving

    func close() { abort() }

    /// RFC 9113 §6.8: a notice first, so that requests on their way are still served, then the last word.
    func drain() {
        guard hasSettings else { return session.goAway() }
        session.announceShutdown()
        sendSoon()
        reactor.run { [self] in
            try? await Reactor.sleep(for: Self.notice)
            session.goAway()
            sendSoon()
        }
    }

    // MARK: Requests

    override func fieldsBegan(on stream: Int32) {
        let isRequest = streams[stream] == nil
        section = HTTP2FieldSection(isRequest ? .request : .trailers, limits: worker.configuration.limits)
        sectionDeadline = reactor.turn + timeouts.head
        if isRequest { countBegun() }
    }

    /// Who sends many at once, to take them back perhaps, waits for the others.
    private func countBegun() {
        if begun.turn != reactor.turn { begun = (0, reactor.turn) }
        begun.count += 1
        if begun.count > Self.mostBegunInTurn { session.pause() }
    }

    override func fieldsEnded(on id: Int32, endsStream: Bool) {
        guard let section = takeSection() else { return }
        if let stream = streams[id] {
            acceptTrailers(section, of: stream, endsStream: endsStream)
        } else if runningHandlers < settings.maximumConcurrentStreams * 2 {
            begin(section, on: id, endsStream: endsStream)
        } else {
            session.reset(id, HTTP2ErrorCode.refusedStream)
        }
    }

    private func begin(_ section: consuming HTTP2FieldSection, on id: Int32, endsStream: Bool) {
        let stream = HTTP2ServerStream(self, id: id)
        streams[id] = stream
        lastActivity = reactor.turn
        if manner.http2 == 0 { manner.http2 = KeyHash.mix(session.announced.mixed ^ section.pseudoOrder) | 1 }
        if endsStream { _ = stream.end() }
        do throws(HTTPRefusal) {
            let head = try section.finishRequest(
                endsStream: endsStream, allowsExtendedConnect: settings.allowsExtendedConnect)
            runningHandlers += 1
            stream.run(head)
        } catch {
            worker.configuration.onRefusal?(error, peer)
            stream.refuse(error)
        }
    }

    /// Checked, and dropped like those of HTTP/1.1.
    private func acceptTrailers(_ section: HTTP2FieldSection, of stream: HTTP2Stream, endsStream: Bool) {
        do throws(HTTPRefusal) {
            try section.finishTrailers()
            guard endsStream else { throw .malformedTrailer }
            guard stream.end() else { throw .lengthMismatch }
        } catch {
            worker.configuration.onRefusal?(error, peer)
            session.reset(stream.id, HTTP2ErrorCode.protocolError)
        }
    }

    func handlerEnded() {
        runningHandlers -= 1
        lastActivity = reactor.turn
        if runningHandlers == 0 { handlersEnded.signal() }
    }

    override func streamClosed(_ stream: HTTP2Stream, _ code: UInt32) {
        lastActivity = reactor.turn
        if code != HTTP2ErrorCode.none, let stream = stream as? HTTP2ServerStream { stream.giveUp() }
    }

    override func peerSettingsArrived() { hasSettings = true }

    override func frameSent(_ frame: HTTP2Frame, code: UInt32) {
        super.frameSent(frame, code: code)
        guard frame.endsStream, let stream = streams[frame.stream] as? HTTP2ServerStream else { return }
        stream.endWasSent()
    }

    // MARK: Responses

    func submit(
        _ stream: HTTP2ServerStream, _ status: HTTPStatus, _ headers: HTTPHeaders, _ added: HTTPHeaders, length: Int?,
        hasContent: Bool
    ) {
        let fields = worker.fieldEncoder
        fields.removeAll()
        fields.add(":status", decimal: status.code)
        if let length { fields.add("content-length", decimal: length) }
        fields.add("date", worker.dateValue())
        session.respond(stream, fields, headers, added, hasContent: hasContent)
        sendSoon()
    }

    func askToContinue(_ stream: HTTP2ServerStream) {
        let fields = worker.fieldEncoder
        fields.removeAll()
        fields.add(":status", decimal: 100)
        session.inform(stream.id, fields)
        sendSoon()
    }

    override func takeBuffer() -> [UInt8] { worker.takeOutput() }
    override func giveBack(_ buffer: inout [UInt8]) { worker.giveBack(&buffer) }
}
