internal import Core
internal import Reactor

/// A connection to an endpoint that speaks HTTP/2: many exchanges at once, as many as the peer allows.
///
/// It leaves its pool when the peer says GOAWAY, when its numbers for streams are used up, or when it seems dead; what is
/// in flight ends as the peer lets it. Confined to its reactor, which is what makes it Sendable.
final class HTTP2ClientConnection: HTTP2Connection, @unchecked Sendable {
    /// Whatever the peer allows.
    private static let mostStreams = 256
    private static let streamWindow = 256 << 10
    private static let connectionWindow = 4 << 20

    private let pool: HTTPClientPool
    let configuration: HTTPClientConfiguration
    private let isSecure: Bool
    private let fields = HTTP2FieldEncoder()
    private var active = 0
    /// Nothing new is begun here.
    private(set) var isLeaving = false
    private(set) var idleSince: Deadline
    private(set) var lastHeard: Deadline
    private(set) var exchanges = 0

    init(
        _ transport: any ByteStream, pool: HTTPClientPool, configuration: HTTPClientConfiguration, isSecure: Bool
    ) throws(HTTPFailure) {
        self.pool = pool
        self.configuration = configuration
        self.isSecure = isSecure
        idleSince = transport.reactor.turn
        lastHeard = idleSince
        try super.init(
            transport,
            HTTP2Announcement(
                isServer: false, maximumConcurrentStreams: 0, streamWindow: Self.streamWindow,
                connectionWindow: Self.connectionWindow,
                maximumHeaderListBytes: configuration.limits.maximumHeadBytes),
            stall: configuration.stallTimeout, linger: .seconds(1))
    }

    // MARK: Places

    var hasRoom: Bool {
        !isLeaving && !isBroken && active < min(Self.mostStreams, session.peerMaximumStreams) && session.mayBeginStreams
    }
    var isUnused: Bool { active == 0 }

    /// A place for one exchange, to be given back by `leave`.
    func enter() { active += 1 }

    func leave() {
        active -= 1
        idleSince = reactor.turn
        if isLeaving && active == 0 { retire() }
        pool.hasRoomAgain()
    }

    /// No new exchanges; when none is left, the end.
    func retire() {
        isLeaving = true
        guard active == 0 else { return }
        session.terminate(HTTP2ErrorCode.none)
        sendSoon()
    }

    // MARK: The loop

    func serve() async {
        start()
        do throws(StreamFailure) {
            while true {
                switch try step() {
                case .progress:
                    lastHeard = reactor.turn
                    try await waitForPeer()
                    continue
                case .paused:
                    await Reactor.nextTurn()
                    continue
                case .quiet:
                    try await transport.waitReadable(deadline: .never)
                    continue
                case .over: break
                }
                break
            }
        } catch {
            // Whoever waits for an answer learns it from `finish`.
        }
        isLeaving = true
        await finish()
        transport.close()
        pool.forget(self)
    }

    // MARK: Exchanges

    func begin(
        _ request: HTTPClientRequest, host: String, on stream: HTTP2ClientStream, length: Int?, deadline: Deadline
    ) -> Bool {
        fields.removeAll()
        fields.add(":method", Array(request.method.description.utf8))
        fields.add(":scheme", Array((isSecure ? "https" : "http").utf8))
        fields.add(":authority", request.authority ?? Array(host.utf8)[...])
        fields.add(":path", request.target.map { HTTPSyntax.isTarget($0) ? $0 : UInt8(ascii: "?") })
        if let name = request.timeoutField, deadline != .never {
            fields.add(name, decimal: HTTPRequestEncoder.milliseconds(deadline - reactor.turn))
        }
        if let length, length > 0 || request.method.meansContent {
            fields.add("content-length", decimal: length)
        }
        let id = session.request(stream, fields, request.headers, request.added, hasContent: length != 0)
        guard id > 0 else {
            retire()
            return false
        }
        stream.id = id
        streams[id] = stream
        exchanges += 1
        sendSoon()
        return true
    }

    override func fieldsBegan(on id: Int32) {
        guard let stream = streams[id] as? HTTP2ClientStream else { return }
        section = HTTP2FieldSection(stream.hasHead ? .trailers : .response, limits: configuration.limits)
    }

    override func fieldsEnded(on id: Int32, endsStream: Bool) {
        guard let section = takeSection(), let stream = streams[id] as? HTTP2ClientStream else { return }
        do throws(HTTPRefusal) {
            if stream.hasHead {
                try section.finishTrailers()
                guard endsStream, stream.end() else { throw .lengthMismatch }
            } else {
                try stream.accept(
                    section.finishResponse(endsStream: endsStream, answersHead: stream.answersHead),
                    endsStream: endsStream)
            }
        } catch {
            stream.fail(.refused(error))
            session.reset(id, HTTP2ErrorCode.protocolError)
        }
    }

    /// nghttp2 itself closes the streams that the peer will not answer, as refused.
    override func peerGoesAway(after lastStream: Int32, code: UInt32) { isLeaving = true }
    override func peerSettingsArrived() { pool.hasRoomAgain() }

    override func streamClosed(_ stream: HTTP2Stream, _ code: UInt32) {
        (stream as? HTTP2ClientStream)?.ended(code)
    }
}
