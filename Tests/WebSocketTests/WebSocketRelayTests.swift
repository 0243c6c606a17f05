import Core
import Foundation
import HTTP
import Reactor
import TestSupport
import Testing
import WebSocket

/// A relay between Python's `websockets` on both sides.
@Suite(.timeLimit(.minutes(2))) struct WebSocketRelayTests {
    @Test func `an independent client and server understand each other through the relay`() async throws {
        let upstream = try Peer(["serve"])
        defer { upstream.stop() }
        let port = try #require(UInt16(try upstream.line()))
        let endpoint = try #require(HTTPEndpoint("http://127.0.0.1:\(port)"))
        let group = try ReactorGroup(count: 1)
        let client = HTTPClient(group: group)
        let server = HTTPServer(
            HTTPServerConfiguration(address: .loopback(port: 0)), group: group,
            handler: HTTPHandlerFunction { request, response in
                try await relay(request, response, client, endpoint)
            })
        let address = try await server.start()
        let driver = try Peer(["drive", "ws://\(address)/chat"])
        defer { driver.stop() }
        let scenarios = [
            "text", "compressed", "uncompressed", "fragments", "ping", "subprotocol", "closed_by_server",
            "closed_by_client", "upstream_vanishes", "attack_in_a_message", "too_large", "many",
        ]
        for scenario in scenarios {
            let line = try driver.line()
            #expect(line == "\(scenario): ok")
        }
        await server.stop(deadline: .after(.seconds(5)))
        #expect(server.connectionCount == 0)
        await client.stop()
    }
}

@Sendable private func relay(
    _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ client: HTTPClient, _ endpoint: HTTPEndpoint
) async throws {
    let wanted = try WebSocketHandshake.read(request.head)
    let ask = WebSocketHandshake.ask(protocols: wanted.protocols)
    var outgoing = HTTPClientRequest(.get, request.head.target, headers: ask.headers)
    outgoing.upgrade = "websocket"
    let answer = try await client.send(outgoing, to: endpoint, deadline: .after(.seconds(10)))
    let chosen = try WebSocketHandshake.check(answer.head, key: ask.key, protocols: wanted.protocols)
    let upstream = try #require(answer.upgraded)
    let near = try await response.upgrade(
        to: "websocket",
        headers: WebSocketHandshake.answer(wanted, protocolName: chosen, compresses: wanted.offersCompression))
    var configuration = WebSocketRelay.Configuration()
    configuration.judgedBytes = 1_024
    _ = await WebSocketRelay(
        client: near, upstream: upstream, compressesToClient: wanted.offersCompression, configuration: configuration,
        judge: { String(decoding: $0, as: UTF8.self).contains("forbidden") }
    ).run()
}

/// `peer.py` with its output in our hands.
private final class Peer {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var buffered = ""

    init(_ arguments: [String]) throws {
        let top = URL(fileURLWithPath: Repository.root)
        process.executableURL = top.appendingPathComponent(".venv/bin/python")
        process.arguments = [top.appendingPathComponent("Tests/WebSocketTests/peer.py").path] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// The next line it prints; empty once it has ended.
    func line() throws -> String {
        while true {
            if let end = buffered.firstIndex(of: "\n") {
                defer { buffered = String(buffered[buffered.index(after: end)...]) }
                return String(buffered[..<end])
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { return "" }
            buffered += String(decoding: more, as: UTF8.self)
        }
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.terminate()
        process.waitUntilExit()
    }
}
