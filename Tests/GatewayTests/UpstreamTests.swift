import Contracts
import Core
import Foundation
import HTTP
import Reactor
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import gateway

@Suite(.timeLimit(.minutes(2))) struct UpstreamTests {
    @Test func `Requests go round, and an endpoint that refuses costs nobody anything`() async throws {
        let servers = try await UpstreamServers(3)
        let gateway = try await GatewayFixture.before(servers)
        await servers.stop(1)
        var answered: Set<String> = []
        for _ in 0..<60 {
            let answer = try await gateway.send(.post, "/", body: .bytes([1, 2, 3]))
            #expect(answer.status == 200)
            answered.insert(answer.body)
        }
        #expect(answered == ["0", "2"])
        #expect(gateway.directory.table.current.upstreams["shop"]?.board.outliers[1].ejections == 1)
    }

    @Test func `A connection that ends before the answer is tried elsewhere for GET, and told for POST`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(servers, "outlier: { consecutive_failures: 0 }")
        servers.set(0, .silent)
        for _ in 0..<10 { #expect(try await gateway.send(.get, "/").body == "1") }
        var statuses: [Int: Int] = [:]
        for _ in 0..<10 { statuses[try await gateway.send(.post, "/", body: .bytes([1])).status, default: 0] += 1 }
        #expect(statuses[502] == 5 && statuses[200] == 5, "\(statuses)")
    }

    @Test func `A 503 is tried elsewhere when the routes say so, and passed on when all say it`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(
            servers, "retries: { on: [connect, reset, 503] }, outlier: { consecutive_failures: 0 }")
        servers.set(0, .status(503))
        for _ in 0..<10 { #expect(try await gateway.send(.get, "/").status == 200) }
        servers.set(1, .status(503))
        let answer = try await gateway.send(.get, "/")
        #expect(answer.status == 503)
        #expect(answer.head.headers["x-server"] != nil, "the upstream's own answer, not ours")
    }

    @Test func `An upstream that only fails is not buried under retries`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(
            servers, "retries: { budget: 0.1 }, outlier: { consecutive_failures: 0 }")
        servers.set(0, .silent)
        servers.set(1, .silent)
        for _ in 0..<100 { #expect(try await gateway.send(.get, "/").status == 502) }
        let sent = servers.seen(0).requests + servers.seen(1).requests
        #expect(sent <= 100 + 10 + 10, "the reserve, and a tenth of the requests: \(sent)")
    }

    @Test func `The timeout bounds all attempts together and is told to the upstream`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(servers, route: "timeout: 300ms")
        servers.set(0, .slow(.seconds(20)))
        servers.set(1, .slow(.seconds(20)))
        let began = Deadline.now
        #expect(try await gateway.send(.get, "/").status == 504)
        #expect(Deadline.now - began < .seconds(15))
        let timeouts = servers.seen(0).timeouts + servers.seen(1).timeouts
        #expect(timeouts.count == 1 && timeouts.allSatisfy { (1...300).contains($0) })
    }

    @Test func `Half an answer ends the client's connection instead of looking whole`() async throws {
        let servers = try await UpstreamServers(1)
        let gateway = try await GatewayFixture.before(servers)
        servers.set(0, .half)
        await #expect(throws: HTTPFailure.self) { try await gateway.send(.get, "/") }
        try await eventually("it is recorded") { gateway.seen.value.observed.first?.outcome == .upstreamFailed }
    }

    @Test func `A body that was only begun to be read goes to the next endpoint whole`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(servers)
        await servers.stop(0)
        for _ in 0..<4 {
            let answer = try await gateway.send(
                .post, "/", headers: ["Content-Type": "application/octet-stream"],
                body: .bytes([UInt8](repeating: 7, count: 500_000)))
            #expect(answer.status == 200)
        }
        #expect(servers.seen(1).bodies == [500_000, 500_000, 500_000, 500_000])
    }

    @Test func `An answer that comes before the body was read reaches the client`() async throws {
        let servers = try await UpstreamServers(1)
        let gateway = try await GatewayFixture.before(servers)
        servers.set(0, .status(413))
        let answer = try await gateway.send(
            .post, "/early", headers: ["Content-Type": "application/octet-stream"],
            body: .bytes([UInt8](repeating: 7, count: 9_000_000)))
        #expect(answer.status == 413)
    }

    @Test func `A client that leaves takes its upstream request with it`() async throws {
        let servers = try await UpstreamServers(1)
        let gateway = try await GatewayFixture.before(servers)
        servers.set(0, .slow(.seconds(60)))
        guard case .address(let address) = gateway.endpoint.location else { return }
        let reactor = gateway.group.reactors[0]
        try await reactor.perform { () async throws in
            let socket = try await StreamSocket.connect(to: address, on: reactor, deadline: .after(.seconds(5)))
            try await socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", deadline: .after(.seconds(5)))
            try await eventually("the upstream works on it") { servers.seen(0).requests == 1 }
            socket.close()
        }
        try await eventually("the upstream is told to stop") { servers.seen(0).wasCancelled }
        try await eventually("it is recorded as abandoned") {
            gateway.seen.value.observed.first?.outcome == .abandoned
        }
        #expect(gateway.directory.table.current.upstreams["shop"]?.requestsUnderWay == 0)
    }

    @Test func `More requests than the bulkhead takes are refused at once`() async throws {
        let servers = try await UpstreamServers(1)
        let gateway = try await GatewayFixture.before(servers, "limits: { requests: 2 }")
        servers.set(0, .slow(.milliseconds(700)))
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 { group.addTask { try await gateway.send(.get, "/").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 2)
        #expect(statuses.count { $0 == 503 } == 4)
    }

    @Test func `A breaker leaves a failing upstream alone and lets it come back`() async throws {
        let servers = try await UpstreamServers(1)
        let gateway = try await GatewayFixture.before(
            servers, "breaker: { error_rate: 0.5, minimum_requests: 10, open_for: 1s, probes: 2 }")
        servers.set(0, .status(503))
        for _ in 0..<30 { #expect(try await gateway.send(.get, "/").status == 503) }
        // Ten, and a probe or two where the thirty took longer than the breaker rests.
        #expect((10...14).contains(servers.seen(0).requests))
        servers.set(0, .well)
        try await eventually("it closes again") { try await gateway.send(.get, "/").status == 200 }
        for _ in 0..<20 { #expect(try await gateway.send(.get, "/").status == 200) }
    }

    @Test func `Active checks take an endpoint out and bring it back`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(
            servers, "health: { interval: 100ms, timeout: 1s, unhealthy_after: 2, healthy_after: 2, expect: 200 }")
        let board = try #require(gateway.directory.table.current.upstreams["shop"]?.board)
        servers.set(0, .status(500))
        try await eventually("it is out") { !board.states.current[0].isHealthy }
        for _ in 0..<10 { #expect(try await gateway.send(.get, "/").body == "1") }
        servers.set(0, .well)
        try await eventually("it is back") { board.states.current[0].isHealthy }
        let answers = try await (0..<10).asyncMap { _ in try await gateway.send(.get, "/").body }
        #expect(Set(answers) == ["0", "1"])
    }

    @Test func `When no endpoint is well all are asked`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(
            servers, "health: { path: /health, interval: 100ms, expect: 299 }")
        let board = try #require(gateway.directory.table.current.upstreams["shop"]?.board)
        try await eventually("both are out") { !board.states.current.contains { $0.isHealthy } }
        #expect(try await gateway.send(.get, "/").status == 200)
    }

    @Test func `One client stays with one endpoint, by header and by cookie`() async throws {
        let servers = try await UpstreamServers(4)
        for (key, header) in [("header:X-User", "X-User"), ("cookie:sid", "Cookie")] {
            let gateway = try await GatewayFixture.before(
                servers, "balance: { kind: consistent_hash, key: \"\(key)\" }")
            var met: Set<String> = []
            for user in 0..<60 {
                let value = header == "Cookie" ? "a=b; sid=u\(user)" : "u\(user)"
                let answers = try await (0..<3).asyncMap { _ in
                    try await gateway.send(.get, "/", headers: HTTPHeaders([(header, value)])).body
                }
                #expect(Set(answers).count == 1)
                met.formUnion(answers)
            }
            #expect(met.count == 4)
        }
    }

    @Test func `HTTP/2 is spoken to an upstream that the routes say speaks it`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(servers, "protocol: http2")
        for _ in 0..<10 {
            let answer = try await gateway.send(
                .put, "/", headers: ["Content-Type": "application/octet-stream"],
                body: .bytes([UInt8](repeating: 7, count: 200_000)))
            #expect(answer.status == 200)
        }
        #expect(servers.seen(0).versions == [.http2])
        #expect(servers.seen(0).bodies.allSatisfy { $0 == 200_000 })
    }

    private final class Load: Sendable {
        let isOver = Mutex(false)
        let failed = Mutex<[Int]>([])
        let served = Mutex(0)
    }

    @Test func `Upstreams restart one after the other under load without a failed request`() async throws {
        let servers = try await UpstreamServers(3)
        let gateway = try await GatewayFixture.before(servers, reactors: 2)
        let load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<16 {
                group.addTask {
                    while !load.isOver.withLock({ $0 }) {
                        let answer = try await gateway.send(
                            worker % 2 == 0 ? .get : .put, "/", body: .bytes([1]))
                        load.served.withLock { $0 += 1 }
                        if answer.status != 200 { load.failed.withLock { $0.append(answer.status) } }
                    }
                }
            }
            for round in 0..<9 {
                await servers.stop(round % 3)
                let before = load.served.withLock { $0 }
                try await eventually("requests go on") { load.served.withLock { $0 } > before + 100 }
                try await servers.start(round % 3)
                try await eventually("requests go on") { load.served.withLock { $0 } > before + 200 }
            }
            load.isOver.withLock { $0 = true }
            try await group.waitForAll()
        }
        #expect(load.failed.withLock { $0 } == [], "of \(load.served.withLock { $0 })")
    }

    @Test func `The administration port tells what is known of each endpoint`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await GatewayFixture.before(servers, reactors: 2)
        await servers.stop(1)
        for _ in 0..<30 { _ = try await gateway.send(.get, "/") }
        let bytes = await UpstreamReport(gateway.directory, group: gateway.group).json()
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: [[String: Any]]])
        let shop = try #require(report["upstreams"]?.first { $0["upstream"] as? String == "shop" })
        let endpoints = try #require(shop["endpoints"] as? [[String: Any]])
        #expect(endpoints.map { $0["state"] as? String } == ["usable", "ejected"])
        #expect(endpoints.last?["last_failure"] as? String == "nobody listens at that address")
        let text = String(decoding: gateway.registry.exposition(), as: UTF8.self)
        #expect(text.contains(#"gateway_upstream_ejections_total{upstream="other"} 1"#))
    }
}

@Suite(.timeLimit(.minutes(2))) struct SplitAndMirrorTests {
    private func gateway(_ servers: UpstreamServers, _ route: String) async throws -> GatewayFixture {
        let addresses = servers.addresses
        return try await GatewayFixture(
            trustedHops: 1,
            routesFile: """
                upstreams:
                  old: { endpoints: ["\(addresses[0])"], outlier: { consecutive_failures: 0 } }
                  new: { endpoints: ["\(addresses[1])"], retries: { attempts: 1 } }
                routes: [{ name: shop, \(route) }]
                """)
    }

    private static let split =
        "split: { sides: [{ upstream: old, weight: 70 }, { upstream: new, weight: 30 }], "
        + "rollback: { minimum_requests: 50 } }"

    private func send(_ gateway: GatewayFixture, _ client: Int) async throws -> GatewayFixture.Answer {
        try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "10.1.\(client / 256).\(client % 256)"])
    }

    @Test func `A new side that is fine keeps its share of clients`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await gateway(servers, Self.split)
        for client in 0..<400 { #expect(try await send(gateway, client).status == 200) }
        await gateway.directory.tick()
        #expect((80...160).contains(servers.seen(1).requests))
        #expect(gateway.directory.table.current.splits["shop"]?.isRolledBack(1) == false)
        #expect(try await send(gateway, 5).body == send(gateway, 5).body)
    }

    @Test func `A new side that fails is taken back, and a reload of the same routes does not bring it back`()
        async throws
    {
        let servers = try await UpstreamServers(2)
        let gateway = try await gateway(servers, Self.split)
        servers.set(1, .status(500))
        for client in 0..<400 { _ = try await send(gateway, client) }
        await gateway.directory.tick()
        let split = try #require(gateway.directory.table.current.splits["shop"])
        #expect(split.isRolledBack(1))
        #expect(!split.isRolledBack(0))
        try gateway.directory.apply(gateway.state.routing.current)
        let before = servers.seen(1).requests
        for client in 0..<100 { #expect(try await send(gateway, client).status == 200) }
        #expect(servers.seen(1).requests == before)
        let report = String(
            decoding: await UpstreamReport(gateway.directory, group: gateway.group).json(), as: UTF8.self)
        #expect(report.contains("taken back"))
        #expect(report.contains("errors: 100.0 % instead of 0.0 %"))
    }

    @Test func `A mirror gets the same request, and neither its answers nor its silence are noticed`() async throws {
        let servers = try await UpstreamServers(2)
        let gateway = try await gateway(servers, "upstream: old, mirror: { upstream: new }")
        for _ in 0..<5 {
            let answer = try await gateway.send(.post, "/", body: .bytes(Array("abc".utf8)))
            #expect(answer.body == "0")
        }
        try await eventually("the mirror has them too") { servers.seen(1).bodies == [3, 3, 3, 3, 3] }
        servers.set(1, .slow(.seconds(30)))
        let began = Deadline.now
        for _ in 0..<5 { #expect(try await gateway.send(.get, "/").status == 200) }
        #expect(Deadline.now - began < .seconds(10))
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
