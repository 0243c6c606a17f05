import Contracts
import Core
import Foundation
import HTTP
import Reactor
import ServiceKit
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import gateway

/// A folder of its own for a routes file.
private struct RoutesFolder {
    let folder: TemporaryFolder
    var file: String { folder.file("routes.yaml") }

    init() throws { folder = try TemporaryFolder("routes") }

    func remove() { folder.remove() }

    static func text(_ name: String, upstream: String = "a:1") -> String {
        "routes: [{ name: \(name), upstream: \"\(upstream)\", response_headers: { set: { X-Version: \(name) } } }]\n"
    }

    func write(_ text: String) throws { try folder.write("routes.yaml", text) }
}

/// What the clients of a test say to each other.
private final class Load: Sendable {
    let isDone = Atomic<Bool>(false)
    let failures = Mutex<[String]>([])
    let answered = Atomic<Int>(0)
}

@Suite(.timeLimit(.minutes(5))) struct RoutesKeeperTests {
    private func names(_ keeper: RoutesKeeper) -> [String] {
        keeper.published.routing.current.routes.routes.map(\.route.name)
    }

    private func keeper(
        _ folder: RoutesFolder, metrics: GatewayMetrics = GatewayMetrics(MetricsRegistry()),
        changed: @escaping @Sendable (ConfigurationChanged) -> Void = { _ in }
    ) throws -> RoutesKeeper {
        try RoutesKeeper(path: folder.file, metrics: metrics, log: .silent, changed: changed)
    }

    @Test func `A good file is used, the same one is not news, a bad one is refused and told`() async throws {
        let folder = try RoutesFolder()
        defer { folder.remove() }
        try folder.write(RoutesFolder.text("one"))
        let metrics = GatewayMetrics(MetricsRegistry())
        let told = Mutex<[ConfigurationChanged]>([])
        let keeper = try keeper(folder, metrics: metrics) { change in told.withLock { $0.append(change) } }
        let first = keeper.inForce.digest
        #expect(await keeper.reload(because: "signal") == .same)
        try folder.write(RoutesFolder.text("two"))
        #expect(await keeper.reload(because: "signal") == .used)
        #expect(names(keeper) == ["two"])
        try folder.write("routes: [{ upstrem: x }]")
        #expect(await keeper.reload(because: "signal") == .refused)
        #expect(names(keeper) == ["two"])
        #expect(metrics.routesRefused.value == 1)
        let refused = try #require(keeper.refused)
        #expect(
            refused.problems.contains { $0.hasPrefix("\(folder.file):1:") && $0.contains("did you mean upstream?") })
        // Back to what is in force: nothing to do, and nothing wrong any more.
        try folder.write(RoutesFolder.text("two"))
        #expect(await keeper.reload(because: "signal") == .same)
        #expect(keeper.refused == nil && metrics.routesRefused.value == 0)
        let changes = told.withLock { $0 }
        #expect(changes.map(\.keys) == [["routes"]])
        #expect(changes.first?.previousDigest == first)
        #expect(changes.first?.currentDigest == keeper.inForce.digest)
    }

    @Test func `check-config reads the routes too`() throws {
        let folder = try RoutesFolder()
        defer { folder.remove() }
        var configuration = try GatewayFixture.configuration(routesFile: folder.file)
        try folder.write(RoutesFolder.text("one"))
        #expect(GatewayService.problems(with: configuration).isEmpty)
        try folder.write("routes: [{ upstrem: x }]")
        #expect(GatewayService.problems(with: configuration).first?.contains("did you mean upstream?") == true)
        configuration.routesFile = "/nowhere"
        #expect(GatewayService.problems(with: configuration).first?.contains("set routes_file") == true)
    }

    @Test func `A bad file at the start stops the start`() throws {
        let folder = try RoutesFolder()
        defer { folder.remove() }
        #expect(throws: GatewayFailure.self) { try keeper(folder) }
        try folder.write("routes: 5")
        #expect(throws: GatewayFailure.self) { try keeper(folder) }
    }

    @Test func `A ConfigMap that is swapped by its symlink is noticed, as is a file written in place`() async throws {
        let folder = try RoutesFolder()
        defer { folder.remove() }
        func publish(_ text: String) throws { try folder.folder.publish("routes.yaml", text) }
        try publish(RoutesFolder.text("one"))
        let keeper = try keeper(folder)
        let group = try ReactorGroup(count: 1)
        keeper.watch(on: group.reactors[0])
        defer { keeper.stop() }
        try publish(RoutesFolder.text("two"))
        try await eventually("the swapped file is used") { names(keeper) == ["two"] }
        try publish("routes: nonsense")
        try await eventually("the bad file is refused") { keeper.refused != nil }
        #expect(names(keeper) == ["two"])
        try publish(RoutesFolder.text("three"))
        try await eventually("the next file is used") { names(keeper) == ["three"] }
        try folder.folder.delete("routes.yaml")
        try folder.write(RoutesFolder.text("four"))
        try await eventually("the file in place of the link is used") { names(keeper) == ["four"] }
    }

    @Test func `A thousand reloads under load cost no request`() async throws {
        let folder = try RoutesFolder()
        defer { folder.remove() }
        let address = Mutex("a:1")
        let gateway = try await GatewayFixture(routing: { upstream in
            address.withLock { $0 = upstream }
            try folder.write(RoutesFolder.text("v0", upstream: upstream))
            return try self.keeper(folder)
        })
        let keeper = try #require(gateway.keeper)
        let upstream = address.withLock { $0 }
        let load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while !load.isDone.load(ordering: .relaxed) {
                        let answer = try await gateway.send(.get, "/shop?q=tea")
                        let version = answer.head.headers["x-version"]
                        if answer.status != 200 || version == nil {
                            load.failures.withLock { $0.append("\(answer.status) \(version ?? "-")") }
                        }
                        load.answered.add(1, ordering: .relaxed)
                    }
                }
            }
            var used = 0
            for version in 1...1_000 {
                try folder.write(RoutesFolder.text("v\(version)", upstream: upstream))
                if await keeper.reload(because: "test") == .used { used += 1 }
            }
            load.isDone.store(true, ordering: .relaxed)
            try await group.waitForAll()
            #expect(used == 1_000)
        }
        #expect(load.failures.withLock { $0 } == [])
        #expect(load.answered.load(ordering: .relaxed) > 20)
        #expect(try await gateway.send(.get, "/").head.headers["x-version"] == "v1000")
    }
}

@Suite(.timeLimit(.minutes(2))) struct AdministrationTests {
    private func gateway() async throws -> GatewayFixture {
        try await GatewayFixture(routes: { address in
            var items = Route(name: "items", hosts: ["shop.example"], path: "/items/{id}/*", upstream: address)
            items.methods = ["GET"]
            items.rewrite = try? PathTemplate("/v2/{id}{rest}", for: items.path, pieces: PathTemplate.forPaths)
            items.requestFields.set = [FieldEdits.Field("X-Api-Key", "sesame"), FieldEdits.Field("X-Tenant", "acme")]
            items.requiredScope = "items"
            var beta = Route(name: "beta", hosts: ["shop.example"], path: "/items/{id}/*", upstream: address)
            beta.fields = [FieldCondition("x-beta", .present)]
            return [Route(name: "all", upstream: address), items, beta]
        })
    }

    private func ask(_ gateway: GatewayFixture, _ target: String, _ headers: HTTPHeaders = [:], body: String? = nil)
        async throws -> (status: Int, text: String)
    {
        let response = try await gateway.client.send(
            HTTPClientRequest(
                body == nil ? .get : .post, target, headers: headers, body: body.map { .bytes(Array($0.utf8)) } ?? .none
            ),
            to: gateway.admin, deadline: .after(.seconds(20)))
        return (
            response.head.status.code, String(decoding: try await response.body.collect(upTo: 1 << 20), as: UTF8.self)
        )
    }

    @Test func `Explain says which route, why, what it needs, and what the upstream would get`() async throws {
        let gateway = try await gateway()
        let (status, text) = try await ask(
            gateway, "/explain?method=get&host=Shop.example:443&target=//items/5/./parts%3Fq=1",
            ["Accept": "text/plain"])
        #expect(status == 200)
        #expect(text.contains("path_as_matched: /items/5/parts"))
        #expect(text.contains("name: items"))
        #expect(text.contains("with the scope items: sent to"))
        #expect(text.contains("as /v2/5/parts?q=1"))
        #expect(text.contains("because: the field x-beta is missing"))
        #expect(text.contains("because: the chosen one is more specific"))
        #expect(text.contains("X-Tenant: acme") && !text.contains("sesame"))
        let beta = try await ask(
            gateway, "/explain?host=shop.example&path=/items/5&header=X-Beta:%20yes", ["Accept": "text/plain"])
        #expect(beta.text.contains("name: beta"))
    }

    @Test func `Explain judges a request with its body, finding by finding, and sends it nowhere`() async throws {
        let gateway = try await gateway()
        try gateway.enforce(.ban, "192.0.2.7")
        let question = """
            { "method": "POST", "host": "other.example", "target": "/comment", "client": "192.0.2.7",
              "headers": { "Content-Type": "application/x-www-form-urlencoded" },
              "body": "comment=1'+UNION+SELECT+password+FROM+users--+" }
            """
        let (status, text) = try await ask(gateway, "/explain", body: question)
        #expect(status == 200)
        #expect(text.contains(#""outcome":"blocked by inspection""#))
        #expect(text.contains(#""parameter":"comment""#) && text.contains("exclude_with"))
        #expect(text.contains(#""action":"ban""#))
        #expect(gateway.seen.value.upstream.isEmpty && gateway.seen.value.observed.isEmpty)
    }

    @Test(arguments: [
        ("/explain?target=shop", "begin with /"), ("/explain?header=x", "name:value"), ("/explain?hots=x", "not known"),
        ("/explain?client=x", "IP address"),
    ]) func `A question that cannot be asked is answered with what can`(target: String, reason: String) async throws {
        let (status, text) = try await ask(try await gateway(), target)
        #expect(status == 400)
        #expect(text.contains(reason), "\(text)")
    }

    @Test func `Routes are listed as they were understood, with nothing secret in them`() async throws {
        let (_, text) = try await ask(try await gateway(), "/routes")
        #expect(text.contains(#""body_limit":"10MiB""#) && text.contains(#""rewrite":"/v2/{id}{rest}""#))
        #expect(text.contains("X-Api-Key: (secret)") && !text.contains("sesame"))
    }
}

@Suite(.timeLimit(.minutes(2))) struct AccessLogTests {
    @Test func `A line says what happened, also after the file was rotated`() async throws {
        let folder = try RoutesFolder()
        defer { folder.remove() }
        let path = folder.folder.file("access.log")
        let log = try AccessLog(path: path, writesQuery: false, dropped: Counter())
        let gateway = try await GatewayFixture(accessLog: log)
        let answer = try await gateway.send(.get, "/a\"b?token=secret", headers: ["User-Agent": "x\u{1b}[31m"])
        try await eventually("a line") { (try? String(contentsOfFile: path, encoding: .utf8))?.hasSuffix("\n") == true }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let line = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "not one line of JSON: \(text)")
        #expect(line["request"] as? String == answer.head.headers["x-request-id"])
        #expect(line["path"] as? String == "/a\"b")
        #expect((line["status"] as? Int, line["method"] as? String, line["route"] as? String) == (200, "GET", "shop"))
        #expect(!text.contains("secret") && !text.contains("\u{1b}"))
        _ = unsafe rename(path, path + ".1")
        try log.reopen()
        _ = try await gateway.send(.get, "/after")
        try await eventually("a line in the new file") {
            (try? String(contentsOfFile: path, encoding: .utf8))?.contains("/after") == true
        }
        #expect(try String(contentsOfFile: path + ".1", encoding: .utf8) == text)
    }

    @Test func `A file that cannot be written is a failure that says what to do`() {
        #expect(throws: GatewayFailure.self) {
            try AccessLog(path: "/nowhere/access.log", writesQuery: false, dropped: Counter())
        }
    }
}
