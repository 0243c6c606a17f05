internal import Core
package import Reactor

/// Carries a WebSocket between a client and the service behind us, each side held to the protocol by itself.
///
/// Three tasks: one for each direction, and the caller's, which writes the goodbyes when both have ended. A direction is
/// the only writer of the stream it leads to while it lasts, so nobody else writes there before. An idle connection
/// holds two waiting tasks and no buffer.
///
/// Confined to its reactor, which is what makes it Sendable.
package final class WebSocketRelay: @unchecked Sendable {
    /// Judges the beginning of a client's message; true stops it and ends the connection.
    package typealias Judge = @Sendable (_ message: [UInt8]) -> Bool

    package struct Configuration: Sendable {
        package var limits = WebSocketLimits()
        /// How much of each message the judge sees at most. 0: none is judged.
        package var judgedBytes = 0
        /// Without a byte in a direction, after which the connection ends. Pings count.
        package var idle = Duration.seconds(600)
        package var write = Duration.seconds(30)
        /// How long the other side may take to say goodbye.
        package var farewell = Duration.seconds(3)

        package init() {}
    }

    /// What ended it, for the record.
    package enum End: Sendable, Equatable {
        /// Both said goodbye, or one left.
        case closed
        case stopped
        case refused(WebSocketFailure)
        /// The judge said so.
        case judged
        case idle
    }

    private let configuration: Configuration
    private let judge: Judge?
    private let reactor: Reactor
    private var client: Side
    private var upstream: Side
    private var directions: [TaskHandle] = []
    private var end: End?
    /// Where a close frame arrived in its own time, the other direction may still carry the answer to it.
    private var isClosing = false

    private struct Side {
        let stream: any ByteStream
        var sender: SenderBox
    }

    /// A copyable holder: two tasks refer to the same sender, one after the other.
    private final class SenderBox {
        var sender: WebSocketSender
        /// A write that was broken off may have left half a frame: nothing can follow it.
        var isMidWrite = false
        init(_ sender: consuming WebSocketSender) { self.sender = sender }
    }

    package init(
        client: any ByteStream, upstream: any ByteStream, compressesToClient: Bool, configuration: Configuration,
        judge: Judge?
    ) {
        self.configuration = configuration
        self.judge = configuration.judgedBytes > 0 ? judge : nil
        reactor = client.reactor
        self.client = Side(stream: client, sender: SenderBox(WebSocketSender(.server, compresses: compressesToClient)))
        self.upstream = Side(stream: upstream, sender: SenderBox(WebSocketSender(.client)))
        allowsCompression = compressesToClient
    }

    private let allowsCompression: Bool

    /// Returns when the connection is over and both streams are closed.
    package func run() async -> End {
        directions = [
            reactor.run { [self] in
                await carry(
                    client, to: upstream,
                    WebSocketReceiver(.server, limits: configuration.limits, allowsCompression: allowsCompression),
                    judge)
            },
            reactor.run { [self] in
                await carry(upstream, to: client, WebSocketReceiver(.client, limits: configuration.limits), nil)
            },
        ]
        await withTaskCancellationHandler {
            for direction in directions { await direction.value() }
        } onCancel: {
            stop()
        }
        await sayGoodbye()
        client.stream.close()
        upstream.stream.close()
        return end ?? .closed
    }

    /// Politely: both sides are told that we go away (1001). From any thread.
    package func stop() { reactor.run { [self] in finish(.stopped) } }

    private func finish(_ reason: End) {
        if end == nil { end = reason }
        for direction in directions { direction.cancel() }
    }

    // MARK: One direction

    private func carry(
        _ source: Side, to sink: Side, _ receiver: consuming WebSocketReceiver, _ judge: Judge?
    ) async {
        var held = HeldMessage(limit: configuration.judgedBytes, judge: judge)
        var output: [UInt8] = []
        do throws(StreamFailure) {
            while end == nil && !receiver.isClosed {
                let input = try await source.stream.read(upTo: 64 << 10, deadline: patience)
                guard !input.isEmpty else { return finish(.closed) }
                let failure = receive(input, &receiver, &held, sink.sender, &output)
                if !output.isEmpty {
                    sink.sender.isMidWrite = true
                    try await sink.stream.write(output, deadline: .after(configuration.write))
                    sink.sender.isMidWrite = false
                    output.removeAll(keepingCapacity: false)
                }
                if let failure { return finish(failure) }
            }
            if receiver.isClosed { waitForAnswer() }
        } catch {
            finish(error == .deadlineExceeded && !isClosing ? .idle : .closed)
        }
    }

    private var patience: Deadline { .after(isClosing ? configuration.farewell : configuration.idle) }

    /// What came before a fault is still carried.
    private func receive(
        _ input: [UInt8], _ receiver: inout WebSocketReceiver, _ held: inout HeldMessage, _ sink: SenderBox,
        _ output: inout [UInt8]
    ) -> End? {
        var events: [WebSocketEvent] = []
        var failure: End?
        do {
            try receiver.receive(input.span, now: reactor.turn, into: &events)
        } catch {
            failure = .refused(error)
        }
        for event in events {
            guard held.pass(event, { sink.sender.append($0, to: &output) }) else { return .judged }
        }
        return failure
    }

    /// One side has said goodbye. The other answers soon, or is not waited for.
    private func waitForAnswer() {
        guard !isClosing else { return finish(.closed) }
        isClosing = true
        reactor.run { [self] in
            try? await Reactor.sleep(for: configuration.farewell)
            finish(.closed)
        }
    }

    // MARK: The end

    private func sayGoodbye() async {
        let (toClient, toUpstream) = farewells
        await sayGoodbye(upstream, toUpstream)
        await sayGoodbye(client, toClient)
    }

    private var farewells: (client: WebSocketEvent, upstream: WebSocketEvent) {
        let goingAway = WebSocketEvent.close(.goingAway, reason: [])
        switch end ?? .closed {
        case .closed, .stopped, .idle: return (goingAway, goingAway)
        case .judged: return (.close(.policyViolation, reason: Array("refused by policy".utf8)), goingAway)
        case .refused(let failure):
            return (.close(failure.closeCode, reason: Array(failure.description.utf8)), goingAway)
        }
    }

    /// Closing at once could reset the connection under the frame: the peer gets a moment to end its side first.
    private func sayGoodbye(_ side: Side, _ event: WebSocketEvent) async {
        guard !side.sender.isMidWrite else { return }
        var output: [UInt8] = []
        side.sender.sender.append(event, to: &output)
        let deadline = Deadline.after(configuration.farewell)
        do throws(StreamFailure) {
            if !output.isEmpty { try await side.stream.write(output, deadline: deadline) }
            await side.stream.shutdownWrite()
            var left = 256 << 10
            while left > 0 {
                let rest = try await side.stream.read(upTo: 16 << 10, deadline: deadline)
                if rest.isEmpty { return }
                left -= rest.count
            }
        } catch {
            return
        }
    }
}

/// Holds a message back until the judge has seen as much of it as it wants to see.
private struct HeldMessage {
    let limit: Int
    let judge: WebSocketRelay.Judge?
    private var kind = WebSocketMessageKind.text
    private var bytes: [UInt8] = []
    private var isHolding = false

    init(limit: Int, judge: WebSocketRelay.Judge?) {
        self.limit = limit
        self.judge = judge
    }

    /// False when the judge stops the message.
    mutating func pass(_ event: WebSocketEvent, _ send: (WebSocketEvent) -> Void) -> Bool {
        guard let judge, case .data(let kind, let piece, let isStart, let isEnd) = event else {
            send(event)
            return true
        }
        if isStart {
            isHolding = true
            self.kind = kind
            bytes = []
        }
        guard isHolding else {
            send(event)
            return true
        }
        bytes += piece
        guard isEnd || bytes.count >= limit else { return true }
        isHolding = false
        guard !judge(Array(bytes.prefix(limit))) else { return false }
        send(.data(kind, bytes: bytes, isStart: true, isEnd: isEnd))
        bytes = []
        return true
    }
}
