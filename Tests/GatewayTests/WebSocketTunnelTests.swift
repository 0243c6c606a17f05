import Core
import HTTP
import Reactor
import TestSupport
import Testing
import WebSocket

@testable import gateway

/// A WebSocket through the gateway to an upstream that says everything twice.
@Suite(.timeLimit(.minutes(3))) struct WebSocketTunnelTests {
    @Sendable private static func echo(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        let wanted = try WebSocketHandshake.read(request.head)
        let stream = try await response.upgrade(
            to: "websocket", headers: WebSocketHandshake.answer(wanted, protocolName: nil, compresses: false))
        var receiver = WebSocketReceiver(.server)
        var sender = WebSocketSender(.server)
        while !receiver.isClosed {
            let input = try await stream.read(upTo: 4_096, deadline: .after(.seconds(20)))
            if input.isEmpty { return }
            var events: [WebSocketEvent] = []
            var output: [UInt8] = []
            try receiver.receive(input.span, now: .now, into: &events)
            for event in events { sender.append(event, to: &output) }
            try await stream.write(output, deadline: .after(.seconds(20)))
        }
    }

    /// Opens one, sends the texts one after the other, and returns what came back until the end or `count` events.
    private static func talk(_ gateway: GatewayFixture, _ texts: [String]) async throws -> [WebSocketEvent] {
        let (headers, key) = WebSocketHandshake.ask(protocols: [])
        var request = HTTPClientRequest(.get, "/chat", headers: headers)
        request.upgrade = "websocket"
        let answer = try await gateway.client.send(request, to: gateway.endpoint, deadline: .after(.seconds(20)))
        #expect(try WebSocketHandshake.check(answer.head, key: key, protocols: []) == nil)
        let stream = try #require(answer.upgraded)
        return try await stream.reactor.perform {
            defer { stream.close() }
            var receiver = WebSocketReceiver(.client)
            var sender = WebSocketSender(.client)
            var events: [WebSocketEvent] = []
            for text in texts {
                var output: [UInt8] = []
                sender.append(.data(.text, bytes: Array(text.utf8), isStart: true, isEnd: true), to: &output)
                try await stream.write(output, deadline: .after(.seconds(20)))
                let before = events.count
                while events.count == before {
                    let input = try await stream.read(upTo: 4_096, deadline: .after(.seconds(20)))
                    if input.isEmpty { return events }
                    try receiver.receive(input.span, now: .now, into: &events)
                }
            }
            return events
        }
    }

    @Test func `messages pass both ways, and one that is an attack ends the connection with 1008`() async throws {
        let gateway = try await GatewayFixture(upstream: { try await Self.echo($0, $1) })
        let events = try await Self.talk(gateway, ["good morning", "1' UNION SELECT password FROM users--"])
        #expect(events.first == .data(.text, bytes: Array("good morning".utf8), isStart: true, isEnd: true))
        guard case .close(let code, _) = events.last else {
            Issue.record("the attack was answered with \(events)")
            return
        }
        #expect(code == .policyViolation)
        try await eventually("the block is told") { gateway.seen.value.blocked.count == 1 }
        #expect(gateway.seen.value.upstream.first?.headers["sec-websocket-extensions"] == nil)
    }

    @Test func `a handshake that is none is told what is missing, and an upstream that speaks none answers for itself`()
        async throws
    {
        let gateway = try await GatewayFixture()
        let incomplete = try await gateway.send(.get, "/chat", headers: ["Sec-WebSocket-Version": "13"])
        #expect(incomplete.status == 200)
        var request = HTTPClientRequest(.get, "/chat", headers: ["Sec-WebSocket-Version": "8"])
        request.upgrade = "websocket"
        let old = try await gateway.client.send(request, to: gateway.endpoint, deadline: .after(.seconds(20)))
        #expect(old.status.code == 426)
        #expect(old.head.headers["sec-websocket-version"] == "13")
        request.headers = WebSocketHandshake.ask(protocols: []).headers
        let plain = try await gateway.client.send(request, to: gateway.endpoint, deadline: .after(.seconds(20)))
        #expect(plain.status.code == 200)
        #expect(plain.upgraded == nil)
    }
}
