import Core
import HTTP
import Inspection
import Reactor
import Synchronization
import WebSocket

/// WebSockets through the gateway: the upstream agrees first, then the client is told, then messages are carried, each
/// side held to the protocol by itself. Clients may come over HTTP/1.1 or HTTP/2 (RFC 8441) and compress; upstreams are
/// asked over HTTP/1.1, without compression.
final class WebSocketTunnel: Sendable {
    private let configuration: WebSocketRelay.Configuration
    private let open = Mutex<[ObjectIdentifier: WebSocketRelay]>([:])

    init(judgedBytes: Int) {
        var configuration = WebSocketRelay.Configuration()
        configuration.judgedBytes = judgedBytes
        self.configuration = configuration
    }

    /// The client's request as the upstream shall see it, with the key that the answer has to prove it read.
    static func ask(_ request: HTTPClientRequest, _ wanted: WebSocketHandshake.Request) -> (HTTPClientRequest, String) {
        let (headers, key) = WebSocketHandshake.ask(protocols: wanted.protocols)
        var asking = request
        asking.method = .get
        asking.headers = asking.headers.filter { index in
            let name = asking.headers.name(at: index).lowercased()
            return !name.hasPrefix("sec-websocket-") && !name.hasPrefix(":")
        }
        for index in 0..<headers.count { asking.headers.add(headers.name(at: index), headers.value(at: index)) }
        asking.upgrade = "websocket"
        return (asking, key)
    }

    /// Returns when the connection is over.
    func carry(
        _ upstream: any ByteStream, _ answer: HTTPResponseHead, _ wanted: WebSocketHandshake.Request, key: String,
        _ response: HTTPResponseWriter, _ exchange: Exchange, judge: WebSocketRelay.Judge?
    ) async throws -> WebSocketRelay.End {
        let client: any ByteStream
        do {
            let chosen = try WebSocketHandshake.check(answer, key: key, protocols: wanted.protocols)
            var headers = WebSocketHandshake.answer(
                wanted, protocolName: chosen, compresses: wanted.offersCompression)
            headers.add("X-Request-Id", exchange.idText)
            client = try await response.upgrade(to: "websocket", headers: headers)
        } catch {
            upstream.close()
            throw error is WebSocketRefusal ? UpstreamFailure.failed(.refused(.malformedStatus)) : error
        }
        exchange.answeredAfter = .now - exchange.began
        let relay = WebSocketRelay(
            client: client, upstream: upstream, compressesToClient: wanted.offersCompression,
            configuration: configuration, judge: judge)
        open.withLock { $0[ObjectIdentifier(relay)] = relay }
        defer { open.withLock { $0[ObjectIdentifier(relay)] = nil } }
        return await relay.run()
    }

    /// Tells both sides of every open one that we go away.
    func stop() {
        for relay in open.withLock({ Array($0.values) }) { relay.stop() }
    }
}

/// Judges the messages of one WebSocket's client as bodies of requests, and keeps the verdict that ended it.
///
/// Confined to its connection's reactor, which is what makes it Sendable.
final class WebSocketMessages: @unchecked Sendable {
    private let lane: RequestLane
    private let policy: InspectionPolicy
    private let engine: InspectionEngine
    private(set) var verdict = InspectionVerdict.clean

    init(_ lane: RequestLane, _ policy: InspectionPolicy, _ engine: InspectionEngine) {
        self.lane = lane
        self.policy = policy
        self.engine = engine
    }

    /// True stops the message. One that is only suspicious is remembered until a graver one comes.
    func judge(_ message: [UInt8]) -> Bool {
        let request = InspectedRequest(method: "POST", target: Array("/".utf8), body: message)
        // Not by the rule set: its rules ask for the header fields of a request, which a message has not.
        let judged = lane.inspect(request, policy, by: engine)
        if judged.score > verdict.score { verdict = judged }
        return judged.action == .block
    }
}
