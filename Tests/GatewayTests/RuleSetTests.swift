import Contracts
import Core
import Foundation
import HTTP
import Inspection
import JSON
import Reactor
import RuleKeeping
import ServiceKit
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import gateway

@Suite(.timeLimit(.minutes(3))) struct RuleSetTests {
    private func keeper(_ folder: RuleFolder, isEnforced: Bool = true) throws -> RuleSetKeeper {
        try RuleSetKeeper(
            CoreRuleSet(folder: folder.path, isEnforced: isEnforced),
            metrics: RuleSetMetrics(MetricsRegistry(), of: "gateway"), log: .silent)
    }

    @Test func `A rule of the loaded set stops a request, and the event names it`() async throws {
        let folder = try RuleFolder(word: "marzipan")
        defer { folder.remove() }
        let gateway = try await GatewayFixture(rules: try keeper(folder))
        #expect(try await gateway.send(.get, "/?q=nougat").status == 200)
        #expect(try await gateway.send(.get, "/?q=Mar%7Aipan").status == 403)
        let body = HTTPClientRequest.Body.bytes(Array("a=1&b=marzipan".utf8))
        let type: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
        #expect(try await gateway.send(.post, "/", headers: type, body: body).status == 403)
        let blocked = gateway.seen.value.blocked
        #expect(blocked.count == 2)
        #expect(blocked.first?.findings.contains { $0.ruleID == "seclang.1000" } == true)
        #expect(gateway.seen.value.upstream.count == 1)
    }

    @Test func `It judges what follows the inspected beginning too`() async throws {
        let folder = try RuleFolder(word: "marzipan")
        defer { folder.remove() }
        let gateway = try await GatewayFixture(rules: try keeper(folder))
        let type: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
        let filler = "a=" + String(repeating: "almonds+", count: 20_000)
        for (end, status) in [("&b=nougat", 200), ("&b=marzipan", 403)] {
            let body = HTTPClientRequest.Body.bytes(Array((filler + end).utf8))
            #expect(try await gateway.send(.post, "/", headers: type, body: body).status == status)
        }
        let blocked = try #require(gateway.seen.value.blocked.first)
        #expect(blocked.findings.contains { $0.ruleID == "seclang.1000" })
    }

    @Test func `Observing tells and lets pass`() async throws {
        let folder = try RuleFolder(word: "marzipan")
        defer { folder.remove() }
        let gateway = try await GatewayFixture(rules: try keeper(folder, isEnforced: false))
        #expect(try await gateway.send(.get, "/?q=marzipan").status == 200)
        let seen = try #require(gateway.seen.value.observed.first)
        #expect(seen.findings.contains { $0.ruleID == "seclang.1000" } && seen.inspectionScore > 0.5)
    }

    @Test func `A route can do without it, or without one rule for one parameter`() async throws {
        let folder = try RuleFolder(word: "marzipan")
        defer { folder.remove() }
        let without = try await GatewayFixture(route: { $0.asksRuleSet = false }, rules: try keeper(folder))
        #expect(try await without.send(.get, "/?q=marzipan").status == 200)
        let excluding = try await GatewayFixture(
            route: { $0.exclusions = [Exclusion(rule: "seclang.1000", parameter: "q")] }, rules: try keeper(folder))
        #expect(try await excluding.send(.get, "/?q=marzipan").status == 200)
        #expect(try await excluding.send(.get, "/?p=marzipan").status == 403)
        let table = try RoutesFile.read(
            try YAMLNode.parse(
                "routes: [{ name: a, upstream: \"a:1\", inspection: { core_rule_set: false } }]", file: "r.yaml"))
        #expect(table.routes.routes.first?.policy.asksRuleSet == false)
    }

    @Test func `Another set is in force for the next request, a bad one is refused with line and fix`() async throws {
        let folder = try RuleFolder(word: "marzipan")
        defer { folder.remove() }
        let keeper = try keeper(folder)
        let gateway = try await GatewayFixture(rules: keeper)
        try folder.write(word: "nougat")
        #expect(await keeper.reload(because: "signal") == .used)
        #expect(try await gateway.send(.get, "/?q=marzipan").status == 200)
        #expect(try await gateway.send(.get, "/?q=nougat").status == 403)
        try folder.write("rules/REQUEST-998.conf", "SecRule ARGS \"@rx (\" \"id:7\"\n")
        #expect(await keeper.reload(because: "signal") == .refused)
        #expect(try await gateway.send(.get, "/?q=nougat").status == 403)
        let answer = try await gateway.client.send(
            HTTPClientRequest(.get, "/rule-set"), to: gateway.admin, deadline: .after(.seconds(20)))
        let told = try JSONValue(parsing: try await answer.body.collect(upTo: 1 << 20)).objectValue
        #expect(told?["names"] == ["Test/nougat"])
        #expect(told?["refused"]?["problems"]?[0]?.stringValue?.contains("REQUEST-998.conf, line 1") == true)
    }

    private final class Load: Sendable {
        let isDone = Atomic<Bool>(false)
        let answered = Atomic<Int>(0)
    }

    @Test func `Reloads under load cost no request`() async throws {
        let folder = try RuleFolder(word: "aword")
        defer { folder.remove() }
        let keeper = try keeper(folder)
        let gateway = try await GatewayFixture(rules: keeper)
        let load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !load.isDone.load(ordering: .relaxed) {
                    let honest = try await gateway.send(.get, "/?q=tea").status
                    let refused = try await gateway.send(.get, "/?q=aword").status
                    #expect(honest == 200 && refused == 403)
                    load.answered.add(1, ordering: .relaxed)
                }
            }
            for version in 1...50 {
                try folder.write(word: version.isMultiple(of: 2) ? "aword" : "word")
                #expect(await keeper.reload(because: "test") == .used)
            }
            // Even when every reload was quicker than a request.
            try await eventually("requests beside the reloads") { load.answered.load(ordering: .relaxed) > 3 }
            load.isDone.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
    }

    @Test func `The configuration says where it stands, and what is wrong there stops the start with a way out`() throws
    {
        let text = """
            routes_file: r.yaml
            labyrinth: { address: "127.0.0.1:1" }
            inspection:
              core_rule_set: { folder: /nowhere, paranoia_level: 2, mode: enforce, rules_before: [/site/a.conf] }
            """
        var reader = ConfigurationReader(
            ConfigurationSources(service: .gateway, file: try YAMLNode.parse(text, file: "g.yaml"), environment: [:]))
        let configuration = GatewayConfiguration(from: &reader)
        #expect(reader.finish().isEmpty)
        #expect(
            configuration.coreRuleSet
                == CoreRuleSet(folder: "/nowhere", paranoiaLevel: 2, rulesBefore: ["/site/a.conf"]))
        let problem = try #require(GatewayService.problems(with: configuration).last)
        #expect(problem.hasPrefix("inspection.core_rule_set:") && problem.contains("setup_file"))
    }

    /// The real one, as Debian ships it.
    @Test func `The Core Rule Set judges at the edge and lets honest requests pass`() async throws {
        guard FileManager.default.fileExists(atPath: CoreRuleSet.debianFolder + "/rules") else {
            return print("skipped: Debian's package modsecurity-crs is not installed")
        }
        let keeper = try RuleSetKeeper(
            CoreRuleSet(folder: CoreRuleSet.debianFolder, paranoiaLevel: 1),
            metrics: RuleSetMetrics(MetricsRegistry(), of: "gateway"), log: .silent)
        let gateway = try await GatewayFixture(rules: keeper)
        let browser: HTTPHeaders = [
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Accept": "text/html", "Accept-Language": "en",
        ]
        let honest = try await gateway.send(.get, "/shoes?colour=blue&size=42", host: "shop.example", headers: browser)
        #expect(honest.status == 200)
        let seen = try #require(gateway.seen.value.observed.first)
        #expect(seen.findings.isEmpty, "\(seen.findings.map(\.ruleID))")
        let attack = try await gateway.send(
            .get, "/?f=../../../../etc/passwd", host: "shop.example", headers: browser)
        #expect(attack.status == 403)
        let blocked = try #require(gateway.seen.value.blocked.first)
        #expect(blocked.findings.contains { $0.ruleID.hasPrefix("seclang.930") })
    }
}
