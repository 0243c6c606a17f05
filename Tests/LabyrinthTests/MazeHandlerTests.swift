import Core
import Foundation
import HTTP
import Reactor
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import labyrinth

/// The service's listener as the gateway sees it.
private final class OpenMaze: Sendable {
    let group: ReactorGroup
    let server: HTTPServer
    let client: HTTPClient
    let address: SocketAddress
    private let recorded: Recorded
    let clock = ManualClock(Timestamp(seconds: 1_000))

    final class Recorded: Sendable {
        let steps = Mutex<[IntruderStep]>([])
    }

    init(tarpit: Tarpit) async throws {
        group = try ReactorGroup(count: 1)
        let recorded = Recorded()
        self.recorded = recorded
        let handler = MazeHandler(
            secret: "a secret of sixteen bytes or more", tarpit: tarpit, rememberedIntruders: 100, clock: clock,
            metrics: LabyrinthMetrics(MetricsRegistry()),
            record: { step in recorded.steps.withLock { $0.append(step) } })
        server = HTTPServer(HTTPServerConfiguration(address: .loopback(port: 0)), group: group, handler: handler)
        address = try await server.start()
        client = HTTPClient(group: group)
    }

    deinit { group.shutdown() }

    var steps: [IntruderStep] { recorded.steps.withLock { $0 } }

    func send(
        _ method: HTTPMethod, _ target: String, headers: HTTPHeaders, body: [UInt8] = []
    ) async throws -> (HTTPResponseHead, [UInt8]) {
        let request = HTTPClientRequest(
            method, target, host: "shop.example", headers: headers, body: body.isEmpty ? .none : .bytes(body))
        let response = try await client.send(
            request, to: HTTPEndpoint(address), deadline: .after(.seconds(20)))
        return (response.head, try await response.body.collect(upTo: 1 << 20, deadline: .after(.seconds(20))))
    }
}

private let quick = Tarpit(first: .zero, perStep: .zero, longest: .zero, seats: 0)
private let intruder = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9fa0b1"

@Suite struct MazeHandlerTests {
    @Test func aStepIsAnsweredCountedAndToldWithWhatTheGatewayKnows() async throws {
        let maze = try await OpenMaze(tarpit: quick)
        let headers: HTTPHeaders = [
            "infinite-intruder": intruder, "infinite-decision": "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9fa0b2",
            "infinite-request": "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9fa0b3", "X-Forwarded-For": "198.51.100.1, 203.0.113.9",
            "User-Agent": "sqlmap/1.7.2", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ]
        let (head, body) = try await maze.send(.get, "/item?id=1'+union+select+1", headers: headers)
        #expect(head.status == .ok)
        #expect(head.headers["cache-control"] == "no-store")
        maze.clock.advance(by: .seconds(7))
        let link = try #require(MazeTests.links(in: Page(body: body)).first)
        let (_, second) = try await maze.send(.get, link, headers: headers)
        #expect(second != body)

        let steps = maze.steps
        #expect(steps.map(\.trap) == [.database, .database])
        #expect(steps.map(\.room.depth) == [0, 1])
        #expect(steps.map(\.dwell) == [.zero, .seconds(7)])
        #expect(steps.map(\.intruder.stepCount) == [1, 2])
        let first = try #require(steps.first)
        #expect(first.intruder.id.description == intruder)
        #expect(first.intruder.address == IPAddress("203.0.113.9"))
        #expect(first.intruder.decision?.description.hasSuffix("b2") == true)
        #expect(first.request?.description.hasSuffix("b3") == true)
        #expect(first.trace?.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(first.intruder.tool == "sqlmap")
        #expect(first.path == Array("/item".utf8))
        #expect(first.query == Array("id=1'+union+select+1".utf8))
        #expect(first.pageBytes == body.count)
    }

    @Test(arguments: [nil, "", "me", "0190a0b1-c2d3-7e4f-8a5b"] as [String?])
    func whoIsNotNamedByTheGatewayFindsNothing(name: String?) async throws {
        let maze = try await OpenMaze(tarpit: quick)
        var headers = HTTPHeaders()
        if let name { headers.add("infinite-intruder", name) }
        let (head, body) = try await maze.send(.get, "/admin", headers: headers)
        #expect(head.status == .notFound)
        #expect(!String(decoding: body, as: UTF8.self).lowercased().contains("intruder"))
        #expect(maze.steps.isEmpty)
    }

    @Test func stolenSecretsGiveTheThiefAway() async throws {
        let maze = try await OpenMaze(tarpit: quick)
        let (_, page) = try await maze.send(.get, "/.env", headers: ["infinite-intruder": intruder])
        let text = String(decoding: page, as: UTF8.self)
        let key = try #require(text.components(separatedBy: "APP_KEY=").last?.prefix { $0 != "\n" })
        let (head, _) = try await maze.send(
            .post, "/login", headers: ["infinite-intruder": intruder], body: Array("username=root&password=\(key)".utf8)
        )
        #expect(head.status == .found)
        #expect(maze.steps.map(\.intruder.intent) == [.stealingData, .takingOver])
    }

    @Test func nothingOfARequestIsRepeated() async throws {
        let maze = try await OpenMaze(tarpit: quick)
        for target in ["/<script>alert(1)</script>", "/api/%22%7D?x=<b>", "/files/%0d%0aSet-Cookie:a=b", "/login?<i>"] {
            let (head, body) = try await maze.send(
                .get, target.replacingOccurrences(of: "<", with: "%3C").replacingOccurrences(of: ">", with: "%3E"),
                headers: ["infinite-intruder": intruder, "User-Agent": "<script>"])
            #expect(head.status == .ok)
            #expect(head.headers["set-cookie"] == nil)
            let text = String(decoding: body, as: UTF8.self)
            #expect(!text.contains("<script") && !text.contains("%3C") && !text.contains("alert"))
        }
    }

    @Test func answersAreHeldBackAsLongAsTheTarpitSays() async throws {
        let maze = try await OpenMaze(
            tarpit: Tarpit(first: .milliseconds(40), perStep: .milliseconds(30), longest: .milliseconds(90), seats: 10))
        var delays: [Duration] = []
        for _ in 0..<4 {
            let began = Deadline.now
            _ = try await maze.send(.get, "/", headers: ["infinite-intruder": intruder])
            delays.append(Deadline.now - began)
        }
        let expected: [Duration] = [.milliseconds(40), .milliseconds(70), .milliseconds(90), .milliseconds(90)]
        #expect(maze.steps.map(\.delay) == expected)
        #expect(zip(delays, expected).allSatisfy { $0 >= $1 })
    }
}
