internal import Core
internal import Reactor

/// A connection that speaks HTTP/2, from either side: moves bytes between the stream and the session, and content
/// between the session and the streams.
///
/// The owner's task reads and feeds the session. Handlers of streams only touch the session; what they said in one turn of
/// the loop leaves at its end, in one write and without a task. One of our own writes what the socket did not take, and
/// ends the connection. While the peer does not take what it is owed, nothing more is read from it.
///
/// Confined to its reactor, which is what makes it Sendable.
class HTTP2Connection: HTTP2SessionListener, TurnEnder, @unchecked Sendable {
    private static let mostOutput = 32 << 10
    /// Frames that wait to be sent (answers to pings and settings, resets) before reading stops.
    private static let mostQueuedFrames = 512

    /// Of a DATA frame sent, to count as traffic that makes up for window updates.
    private static let usefulContent = 1_024

    final let transport: any ByteStream
    final let reactor: Reactor
    final let session: HTTP2Session
    final let stall: Duration
    private final let linger: Duration
    final var streams: [Int32: HTTP2Stream] = [:]
    /// Received, and not fed to the session before the next turn.
    private final var held: [UInt8]?
    /// The fields that are being received, of one stream at a time.
    final var section: HTTP2FieldSection?
    private final var flood: HTTP2FloodGuard
    private final let somethingToSend: ReactorSignal
    private final let sent: ReactorSignal
    /// What is to be sent is being asked for, by the writer or at a turn's end.
    private final var isSending = false
    private final var isReceiving = false
    /// Something is to be said at the turn's end.
    private final var isDue = false
    /// What the socket has not taken at a turn's end: the writer's to send.
    private final var rest: (output: [UInt8], sent: Int)?
    /// The session can say nothing more.
    private final var isMute = false
    private final var writer: TaskHandle?
    /// Why the session was ended by us.
    private(set) final var violation: UInt32?
    /// The writer has nothing to say any more.
    private(set) final var hasSaidAll = false
    private final var peerHasEnded = false
    private(set) final var isBroken = false

    init(
        _ transport: any ByteStream, _ announcement: HTTP2Announcement, stall: Duration, linger: Duration
    ) throws(HTTPFailure) {
        self.transport = transport
        self.stall = stall
        self.linger = linger
        reactor = transport.reactor
        session = try HTTP2Session(announcement)
        flood = HTTP2FloodGuard(at: reactor.turn)
        somethingToSend = ReactorSignal(on: reactor)
        sent = ReactorSignal(on: reactor)
        super.init()
    }

    // MARK: Reading

    enum Step {
        case progress, quiet, over
        /// The rest of what was received waits for the next turn.
        case paused
    }

    /// One try to read, and what follows from it.
    final func step() throws(StreamFailure) -> Step {
        if let held {
            self.held = nil
            return unsafe held.span.bytes.withUnsafeBytes { unsafe feed($0) }
        }
        guard let count = unsafe try transport.tryRead(into: reactor.scratch) else { return .quiet }
        guard count > 0 else {
            peerHasEnded = true
            return .over
        }
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: reactor.scratch[..<count])
        return unsafe feed(bytes)
    }

    private final func feed(_ bytes: UnsafeRawBufferPointer) -> Step {
        isReceiving = true
        let taken = unsafe session.receive(bytes, for: self)
        isReceiving = false
        if taken == nil { session.terminate(violation ?? HTTP2ErrorCode.protocolError) }
        sendSoon()
        guard let taken, !session.hasEnded else { return .over }
        guard session.hasPaused else { return .progress }
        unsafe held = Array(bytes[taken...])
        return .paused
    }

    /// Holds the reader back while the peer does not read what it provoked.
    final func waitForPeer() async throws(StreamFailure) {
        while session.queuedFrames > Self.mostQueuedFrames && !isBroken {
            try await sent.wait(deadline: reactor.turn + stall)
        }
    }

    // MARK: Writing

    final func start() {
        writer = reactor.run { [self] in await write() }
    }

    final func sendSoon() {
        guard !isSending && !isReceiving && !isDue && rest == nil else { return }
        isDue = true
        reactor.atEndOfTurn(self)
    }

    final func turnEnds() {
        isDue = false
        guard !isSending && rest == nil else { return }
        do throws(StreamFailure) {
            if try sendNow() { return }
        } catch {
            isBroken = true
        }
        somethingToSend.signal()
    }

    /// In one try. False when the writer has to go on: the socket is full, or the connection is at its end.
    private final func sendNow() throws(StreamFailure) -> Bool {
        isSending = true
        defer { isSending = false }
        if session.output.capacity == 0 { session.reuse(takeBuffer()) }
        guard session.produce(upTo: Self.mostOutput, for: self), !isBroken else {
            isMute = true
            return false
        }
        var output = session.takeOutput()
        guard !output.isEmpty else {
            giveBack(&output)
            return !session.hasEnded
        }
        var count = 0
        while count < output.count, let taken = try transport.tryWrite(output, [], skipping: count) { count += taken }
        guard count == output.count, !transport.hasUnsentBytes else {
            rest = (output, count)
            return false
        }
        giveBack(&output)
        sent.signal()
        // Perhaps not all: then the writer goes on.
        return count < Self.mostOutput && !session.hasEnded
    }

    private final func write() async {
        do throws(StreamFailure) {
            while try await writeOnce() {}
            hasSaidAll = true
            sent.close()
            if !isBroken && !peerHasEnded {
                await transport.shutdownWrite()
                // Closing while the peer still sends would reset the connection under what it has not read.
                try await somethingToSend.waitForClose(orSignalUntil: .after(linger))
            }
        } catch {
            isBroken = true
            sent.close()
        }
        transport.close()
    }

    /// False when everything is said.
    private final func writeOnce() async throws(StreamFailure) -> Bool {
        isSending = true
        defer { isSending = false }
        if let (output, count) = rest {
            rest = nil
            try await transport.send(output, [], skipping: count, stall: stall)
            sent.signal()
            return true
        }
        guard !isMute else { return false }
        if session.output.capacity == 0 { session.reuse(takeBuffer()) }
        guard session.produce(upTo: Self.mostOutput, for: self), !isBroken else { return false }
        var output = session.takeOutput()
        guard output.isEmpty else {
            try await transport.send(output, [], stall: stall)
            giveBack(&output)
            sent.signal()
            return true
        }
        giveBack(&output)
        guard !session.hasEnded else { return false }
        isSending = false
        try await somethingToSend.waitForClose(orSignalUntil: .never)
        return true
    }

    func takeBuffer() -> [UInt8] { [] }
    func giveBack(_ buffer: inout [UInt8]) {}

    /// After the reader's end: what is to be said is said, as far as the peer listens, and every stream ends.
    final func finish() async {
        // nghttp2 may still point to the streams: they stay until the session is gone.
        for stream in Array(streams.values) {
            stream.close(.stream(.closed))
            streamClosed(stream, HTTP2ErrorCode.cancel)
        }
        if !hasSaidAll && !isBroken {
            session.terminate(violation ?? HTTP2ErrorCode.none)
            sendSoon()
        }
        if peerHasEnded && hasSaidAll { somethingToSend.close() }
        await discardInput()
        await writer?.value()
    }

    /// Until the peer ends, or the writer closes the stream.
    private final func discardInput() async {
        do throws(StreamFailure) {
            while !peerHasEnded && !isBroken {
                if let count = unsafe try transport.tryRead(into: reactor.scratch) {
                    if count == 0 { peerHasEnded = true }
                } else {
                    try await transport.waitReadable(deadline: .after(stall))
                }
            }
        } catch {
            peerHasEnded = true
        }
        if hasSaidAll { somethingToSend.close() }
    }

    /// At once: the socket goes, and with it everything that waits.
    final func abort() {
        isBroken = true
        somethingToSend.close()
        transport.close()
    }

    // MARK: Streams

    /// Called by a stream whose content was taken.
    final func consumed(_ count: Int, of stream: HTTP2Stream) {
        if stream.isClosed { session.consume(count) } else { session.consume(count, of: stream.id) }
        sendSoon()
    }

    final func reset(_ stream: HTTP2Stream, _ code: UInt32) {
        session.reset(stream.id, code)
        sendSoon()
    }

    private final func close(_ stream: HTTP2Stream, _ code: UInt32) {
        streams[stream.id] = nil
        let unread = stream.unreadBytes
        let isWhole = stream.isWholeReceived
        stream.close(.stream(code == HTTP2ErrorCode.none ? .closed : .reset))
        if !isWhole && unread > 0 { session.consume(unread) }
        streamClosed(stream, code)
    }

    func streamClosed(_ stream: HTTP2Stream, _ code: UInt32) {}

    /// The peer asks too much for too little.
    final func calm() -> Bool {
        violation = HTTP2ErrorCode.enhanceYourCalm
        return false
    }

    final func allows(_ event: HTTP2FloodGuard.Event) -> Bool { flood.allows(event, at: reactor.turn) || calm() }

    // MARK: What the session tells

    final override func frameBegan(_ frame: HTTP2Frame) -> Bool {
        switch frame.type {
        case 0: frame.length > 0 || frame.endsStream || allows(.idleFrame)
        // nghttp2 limits CONTINUATION (9), the section its size.
        case 1, 9: true
        case 3: allows(.reset)
        case 8: allows(.windowUpdate)
        default: allows(.idleFrame)
        }
    }

    final override func frameWasInvalid() -> Bool { allows(.reset) }

    final override func field(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        section?.add(name, value)
        return section?.isBearable ?? true || calm()
    }

    /// The section whose fields have all come.
    final func takeSection() -> HTTP2FieldSection? {
        var taken: HTTP2FieldSection?
        swap(&taken, &section)
        return taken
    }

    final override func received(_ content: UnsafeRawBufferPointer, on id: Int32) {
        guard let stream = streams[id], unsafe stream.receive(content) else {
            if streams[id] != nil { session.reset(id, HTTP2ErrorCode.protocolError) }
            return session.consume(content.count)
        }
        _ = allows(.useful)
    }

    final override func contentEnded(on id: Int32) {
        guard let stream = streams[id], !stream.end() else { return }
        session.reset(id, HTTP2ErrorCode.protocolError)
    }

    override func frameSent(_ frame: HTTP2Frame, code: UInt32) {
        // Small pieces may be all that the peer's dribbling windows let through.
        if frame.isData && frame.length >= Self.usefulContent { _ = allows(.useful) }
        // What made us reset is the peer's doing, and as cheap for it as a reset of its own.
        if frame.type == 3, code == HTTP2ErrorCode.protocolError, !flood.allows(.reset, at: reactor.turn) {
            violation = HTTP2ErrorCode.enhanceYourCalm
            session.terminate(HTTP2ErrorCode.enhanceYourCalm)
        }
    }

    final override func closed(_ id: Int32, code: UInt32) {
        guard let stream = streams[id] else { return }
        if code == HTTP2ErrorCode.none { _ = allows(.useful) }
        close(stream, code)
    }
}
