import Contracts
import Core
import Database
import Reactor
import ServiceKit
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import gateway

/// Routes that are kept by the API, beside a routes file, on a real PostgreSQL.
@Suite(.timeLimit(.minutes(2))) struct RouteSetTests {
    private static let reactors: Result<ReactorGroup, any Error> = Result { try ReactorGroup(count: 1) }

    /// One replica: its own keeper over a routes file, and calls over the table that all share.
    private final class Replica: Sendable {
        let metrics = GatewayMetrics(MetricsRegistry())
        let routes: RoutesKeeper
        let calls: RouteSetCalls
        private let changes: Changes

        final class Changes: Sendable {
            let said = Mutex<[ConfigurationChanged]>([])
        }

        init(_ database: Database, file: String, name: String = "a") throws {
            let changes = Changes()
            routes = try RoutesKeeper(path: file, metrics: metrics, log: .silent)
            calls = RouteSetCalls(RouteSetStore(database: database), routes, replica: name) { change in
                changes.said.withLock { $0.append(change) }
            }
            self.changes = changes
        }

        var names: [String] { routes.published.routing.current.routes.routes.map(\.route.name) }
        var said: [ConfigurationChanged] { changes.said.withLock { $0 } }

        @discardableResult
        func put(_ name: String, _ text: String, replaces: [UInt8] = []) async throws -> gateway.RouteSet {
            try await calls.put(PutRouteSetRequest(name: name, text: text, replaces: replaces), by: "ada")
        }
    }

    private static func database() async throws -> Database { try await gatewayDatabase(on: reactors.get()).1 }

    private static func folder(
        _ text: String = "upstreams: { shop: { endpoints: [\"a:1\"] } }\nroutes: [{ name: file, upstream: shop }]\n"
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder("route-sets")
        try folder.write("routes.yaml", text)
        return folder
    }

    private static func text(_ route: String, _ more: String = "") -> String {
        "routes: [{ name: \(route), path: /\(route), upstream: \"b:1\" }]\n" + more
    }

    private func refusal(_ work: () async throws -> Void) async -> Failure? {
        do {
            try await work()
            return nil
        } catch {
            return Failure(telling: error)
        }
    }

    @Test func `A set is in force where it was put at once, elsewhere after the next look, and gone when deleted`()
        async throws
    {
        let database = try await Self.database()
        defer { database.shutDown() }
        let folder = try Self.folder()
        defer { folder.remove() }
        let (here, there) = (
            try Replica(database, file: folder.file("routes.yaml")),
            try Replica(database, file: folder.file("routes.yaml"), name: "b")
        )
        let set = try await here.put("teas", Self.text("teas"))
        #expect(here.names == ["file", "teas"] && there.names == ["file"])
        try await there.calls.follow()
        #expect(there.names == ["file", "teas"])
        #expect(here.said.map(\.keys) == [["route_sets.teas"]] && here.said.first?.origin == "ada")
        #expect(try await there.calls.list().routeSets.map(\.name) == ["teas"])
        #expect(try await there.calls.find("teas").digest == set.digest)
        try await there.calls.delete("teas", by: "bob")
        #expect(there.names == ["file"])
        try await here.calls.follow()
        #expect(here.names == ["file"])
        #expect(await refusal { try await here.calls.delete("teas", by: "bob") }?.kind == .notFound)
        // One that starts now begins with what the table says.
        try await here.put("teas", Self.text("teas"))
        let late = try Replica(database, file: folder.file("routes.yaml"))
        try await late.calls.follow()
        #expect(late.names == ["file", "teas"])
    }

    @Test(arguments: [
        ("routes: [{ upstrem: x }]", "did you mean upstream?"), ("routes: [", "route set teas:2"),
        ("routes: [{ upstream: nowhere }]", "route set teas:1"),
        ("upstreams: { shop: { endpoints: [\"c:1\"] } }\nroutes: [{ upstream: shop }]", "choose another name"),
        ("firewall: {}\nroutes: [{ upstream: shop }]", "routes file only"),
        (
            "upstreams: { t: { endpoints: [\"https://c\"], tls: { ca: /nowhere } } }\nroutes: [{ upstream: t }]",
            "upstream t"
        ),
    ]) func `What cannot be used is refused with its line and fix, and changes nothing`(
        text: String, reason: String
    ) async throws {
        let database = try await Self.database()
        defer { database.shutDown() }
        let folder = try Self.folder()
        defer { folder.remove() }
        let replica = try Replica(database, file: folder.file("routes.yaml"))
        let failure = try #require(await refusal { try await replica.put("teas", text) })
        #expect(failure.kind == .invalid && failure.detail.contains(reason), "\(failure)")
        #expect(replica.names == ["file"] && replica.said.isEmpty)
        #expect(try await replica.calls.list().routeSets.isEmpty)
        #expect(await refusal { try await replica.put("No Name", Self.text("x")) }?.kind == .invalid)
    }

    @Test func `Of two who change the same set the second is told`() async throws {
        let database = try await Self.database()
        defer { database.shutDown() }
        let folder = try Self.folder()
        defer { folder.remove() }
        let replica = try Replica(database, file: folder.file("routes.yaml"))
        let first = try await replica.put("teas", Self.text("one"))
        try await replica.put("teas", Self.text("two"), replaces: first.digest)
        let late = await refusal { try await replica.put("teas", Self.text("three"), replaces: first.digest) }
        #expect(late?.kind == .conflict)
        #expect(replica.names == ["file", "two"])
    }

    @Test func `There are never more sets than may be, and those there are can still be changed`() async throws {
        let database = try await Self.database()
        defer { database.shutDown() }
        let folder = try Self.folder()
        defer { folder.remove() }
        let replica = try Replica(database, file: folder.file("routes.yaml"))
        for number in 0..<gateway.RouteSet.most { try await replica.put("set-\(number)", Self.text("r\(number)")) }
        #expect(await refusal { try await replica.put("more", Self.text("more")) }?.kind == .exhausted)
        try await replica.put("set-0", Self.text("changed"))
        #expect(replica.names.contains("changed") && !replica.names.contains("r0"))
    }

    @Test func `The file wins: a set that no longer fits it is left out, told, and back when it fits again`()
        async throws
    {
        let database = try await Self.database()
        defer { database.shutDown() }
        let folder = try Self.folder()
        defer { folder.remove() }
        let replica = try Replica(database, file: folder.file("routes.yaml"))
        try await replica.put(
            "mugs", "upstreams: { mugs: { endpoints: [\"m:1\"] } }\nroutes: [{ name: mugs, path: /m, upstream: mugs }]")
        try await replica.put("teas", "routes: [{ name: teas, path: /teas, upstream: shop }]")
        #expect(replica.names == ["file", "mugs", "teas"])
        // The same request as the file's route: the file's comes first.
        try await replica.put("same", "routes: [{ name: same, upstream: \"s:1\" }]")
        #expect(replica.names == ["file", "mugs", "same", "teas"])
        try folder.write(
            "routes.yaml", "upstreams: { mugs: { endpoints: [\"a:1\"] } }\nroutes: [{ name: file, upstream: mugs }]")
        #expect(await replica.routes.reload(because: "file") == .used)
        #expect(replica.names == ["file", "same"])
        #expect(replica.metrics.routeSetsRefused.value == 2)
        let told = try await replica.calls.list().routeSets.map { ($0.name, $0.problems.first ?? "") }
        #expect(told.map(\.0) == ["mugs", "same", "teas"])
        #expect(told[0].1.contains("choose another name") && told[1].1.isEmpty && told[2].1.contains("shop"))
        try folder.write(
            "routes.yaml", "upstreams: { shop: { endpoints: [\"a:1\"] } }\nroutes: [{ name: file, upstream: shop }]")
        #expect(await replica.routes.reload(because: "file") == .used)
        #expect(replica.names == ["file", "mugs", "same", "teas"] && replica.metrics.routeSetsRefused.value == 0)
    }

    @Test func `A bad file keeps being told when a set changes`() async throws {
        let database = try await Self.database()
        defer { database.shutDown() }
        let folder = try Self.folder()
        defer { folder.remove() }
        let replica = try Replica(database, file: folder.file("routes.yaml"))
        try folder.write("routes.yaml", "routes: 5")
        #expect(await replica.routes.reload(because: "file") == .refused)
        try await replica.put("teas", Self.text("teas"))
        #expect(replica.names == ["file", "teas"])
        #expect(replica.routes.refused != nil && replica.metrics.routesRefused.value == 1)
    }
}
