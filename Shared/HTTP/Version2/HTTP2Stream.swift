internal import Core
internal import Reactor

/// One stream's content in both directions, and the waits for it.
///
/// In: what was received waits here until it is asked for, at most as much as the stream's window allows, because the
/// window opens again only then. Out: one piece waits here until the peer's windows have taken it, so whoever writes
/// faster than the peer reads is held up.
///
/// Confined to its connection's reactor, which is what makes it Sendable.
class HTTP2Stream: @unchecked Sendable {
    /// What may wait to be sent while its writer goes on.
    private static let mostPending = 16 << 10

    let connection: HTTP2Connection
    /// 0 until there is one.
    final var id: Int32

    // In.
    private final var received: [UInt8] = []
    private final var receivedBytes = 0
    private final var announcedBytes: Int?
    private final var hasEnded = false
    private final var arrival: ReactorSignal?

    // Out.
    private final var pending: [UInt8] = []
    private final var sentOfPending = 0
    private final var endsAfterPending = false
    /// nghttp2 asked for content and got none.
    private final var isAsleep = false
    private final var departure: ReactorSignal?
    private(set) final var progressed: Deadline

    private(set) final var isClosed = false
    private final var closingFailure = HTTPFailure.stream(.closed)

    init(_ connection: HTTP2Connection, id: Int32) {
        self.connection = connection
        self.id = id
        progressed = connection.reactor.turn
    }

    // MARK: In

    /// Whether all of the message has arrived.
    final var isWholeReceived: Bool { hasEnded }
    final var hasUnreadContent: Bool { !received.isEmpty }

    final func expect(_ framing: HTTPBodyFraming) {
        switch framing {
        case .none: announcedBytes = 0
        case .length(let length): announcedBytes = length
        case .chunked, .untilClose: announcedBytes = nil
        }
    }

    /// False when more came than was announced (RFC 9113 §8.1.1).
    final func receive(_ content: UnsafeRawBufferPointer) -> Bool {
        receivedBytes += content.count
        if let announcedBytes, receivedBytes > announcedBytes { return false }
        if received.isEmpty { received.reserveCapacity(content.count + 2) }
        unsafe received.append(contentsOf: content)
        arrival?.signal()
        return true
    }

    /// False when less came than was announced.
    final func end() -> Bool {
        if let announcedBytes, receivedBytes != announcedBytes { return false }
        hasEnded = true
        arrival?.signal()
        return true
    }

    final func nextReceived(deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
        while received.isEmpty {
            if hasEnded { return nil }
            if isClosed { throw closingFailure }
            do throws(StreamFailure) {
                try await waitForArrival(deadline: deadline)
            } catch {
                throw isClosed ? closingFailure : .stream(error)
            }
        }
        return takeReceived()
    }

    /// Until there may be something to take, or the message has ended.
    final func waitForArrival(deadline: Deadline) async throws(StreamFailure) {
        if !received.isEmpty || hasEnded { return }
        if isClosed { throw .reset }
        let arrival = arrival ?? ReactorSignal(on: connection.reactor)
        self.arrival = arrival
        try await arrival.wait(deadline: deadline)
    }

    final func takeReceived(upTo limit: Int) -> [UInt8] {
        guard received.count > limit else { return takeReceived() }
        let piece = Array(received.prefix(limit))
        received.removeFirst(limit)
        connection.consumed(limit, of: self)
        return piece
    }

    /// What is there, without waiting.
    final func takeReceived() -> [UInt8] {
        var piece: [UInt8] = []
        swap(&piece, &received)
        if !piece.isEmpty { connection.consumed(piece.count, of: self) }
        return piece
    }

    final var contentBytesReceived: Int { receivedBytes }

    // MARK: Out

    final var pendingBytes: Int { pending.count - sentOfPending }
    final var hasSentAll: Bool { pendingBytes == 0 }

    /// More content; the last of it when `isLast`. Nothing waits here.
    final func offer(_ piece: consuming [UInt8], isLast: Bool) {
        if sentOfPending == pending.count {
            pending = piece
            sentOfPending = 0
            progressed = connection.reactor.turn
        } else {
            pending.append(contentsOf: piece)
        }
        endsAfterPending = isLast
        if isAsleep {
            isAsleep = false
            connection.session.resume(id)
        }
        connection.sendSoon()
    }

    final var hasRoom: Bool { pendingBytes <= Self.mostPending }
    final var hasOfferedAll: Bool { endsAfterPending }

    /// Until the peer has taken nearly all of what was offered, or all when `completely`.
    final func waitForRoom(stall: Duration, completely: Bool = false) async throws(HTTPFailure) {
        while pendingBytes > (completely ? 0 : Self.mostPending) {
            do throws(StreamFailure) {
                try await waitForDeparture(deadline: progressed + stall)
            } catch .deadlineExceeded where progressed + stall > connection.reactor.turn {
                continue
            } catch {
                throw isClosed ? closingFailure : .stream(error)
            }
        }
        if isClosed && !endsAfterPending { throw closingFailure }
    }

    final func waitForDeparture(deadline: Deadline) async throws(StreamFailure) {
        if isClosed { throw .closed }
        let departure = departure ?? ReactorSignal(on: connection.reactor)
        self.departure = departure
        try await departure.wait(deadline: deadline)
    }

    /// How much nghttp2 may have of it now, and whether that is the last; nil when there is nothing yet.
    final func contentToSend(_ room: Int) -> (count: Int, isLast: Bool)? {
        let count = min(room, pendingBytes)
        let isLast = endsAfterPending && count == pendingBytes
        if count == 0 && !isLast {
            isAsleep = true
            return nil
        }
        return (count, isLast)
    }

    /// nghttp2 has written the frame's header; now its content.
    final func moveContent(_ count: Int, to output: inout [UInt8]) {
        output.append(contentsOf: pending[sentOfPending..<sentOfPending + count])
        sentOfPending += count
        progressed = connection.reactor.turn
        if sentOfPending == pending.count {
            pending = []
            sentOfPending = 0
        }
        if pendingBytes <= Self.mostPending { departure?.signal() }
    }

    // MARK: The end

    /// The stream is no more: what waits learns why. What was received can still be read.
    final func close(_ failure: HTTPFailure) {
        guard !isClosed else { return }
        isClosed = true
        closingFailure = failure
        arrival?.close()
        departure?.close()
        if !hasEnded { received = [] }
        if !endsAfterPending || pendingBytes > 0 {
            pending = []
            sentOfPending = 0
        }
    }

    /// What `close` left unread, which the connection's window is still waiting for.
    final var unreadBytes: Int { received.count }
}
