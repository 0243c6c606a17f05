import AddressSets
import Contracts
import Core
import Foundation
import HTTP
import Reactor
import ServiceKit
import Telemetry
import TestSupport
import Testing

@testable import gateway

extension TemporaryFolder {
    /// Of a routes file in this folder, which names files beside it.
    fileprivate func routing(_ firewall: String) throws -> Routing {
        let text = "firewall:\n\(firewall)\nroutes: [{ upstream: \"a:1\" }]\n"
        return try RoutesFile.read(try YAMLNode.parse(text, file: "\(path)/routes.yaml"))
    }

    fileprivate func firewall(_ text: String) throws -> Firewall {
        var files = FirewallFiles()
        return try files.load(try routing(text).firewall, hits: [:])
    }
}

@Suite struct FirewallRuleTests {
    private static let rules = """
          country_database: \(Repository.root)/Tests/Vectors/countries.mmdb
          sets:
            office: [192.0.2.0/24, "2001:db8::/32"]
            drop: { file: drop.txt }
          rules:
            - { name: office, action: allow, addresses: [office, 198.51.100.7] }
            - { name: dropped, action: deny, addresses: [drop] }
            - { name: admin, action: deny, paths: [/admin, "=/login"], hosts: ["*.shop.example", shop.example] }
            - { name: writers, action: challenge, countries: [BR, unknown], methods: [post, PUT] }
        """

    @Test(
        arguments: [
            ("192.0.2.9", "shop.example", "GET", "/admin", "office"),
            ("2001:db8::9", "shop.example", "POST", "/admin", "office"),
            ("198.51.100.7", "shop.example", "GET", "/", "office"),
            ("198.51.100.8", "shop.example", "GET", "/", nil),
            ("9.9.9.9", "other.example", "GET", "/", "dropped"),
            ("8.8.8.8", "shop.example", "GET", "/admin/users", "admin"),
            ("8.8.8.8", "www.shop.example", "GET", "/%61dmin", "admin"),
            ("8.8.8.8", "a.b.shop.example", "GET", "/admin", nil),
            ("8.8.8.8", "other.example", "GET", "/admin", nil),
            ("8.8.8.8", "shop.example", "GET", "/login", "admin"),
            ("8.8.8.8", "shop.example", "GET", "/login/x", nil),
            ("203.0.113.7", "any", "PUT", "/", "writers"),
            ("8.8.8.8", "any", "POST", "/", "writers"),
            ("203.0.113.7", "any", "GET", "/", nil),
            ("198.51.100.9", "any", "POST", "/", nil),
        ] as [(String, String, String, String, String?)])
    func `The first rule that takes a request decides`(
        address: String, host: String, method: String, path: String, expected: String?
    ) throws {
        let folder = try TemporaryFolder("firewall")
        defer { folder.remove() }
        try folder.write("drop.txt", "9.9.9.0/24 ; not nice\n")
        let firewall = try folder.firewall(Self.rules)
        let address = try #require(IPAddress(address))
        let verdict = firewall.judge(address, host: host, method: method, path: RequestPath(path))
        #expect(verdict?.rule.name == expected)
    }

    @Test func `A verdict says which entry of which set, and which country`() throws {
        let folder = try TemporaryFolder("firewall")
        defer { folder.remove() }
        try folder.write("drop.txt", "9.9.9.0/24\n")
        let firewall = try folder.firewall(Self.rules)
        let dropped = firewall.judge(try #require(IPAddress("9.9.9.9")), host: "a", method: "GET", path: nil)
        #expect(dropped?.set == "drop" && dropped?.network?.description == "9.9.9.0/24")
        let path = RequestPath("/")
        let writer = firewall.judge(try #require(IPAddress("203.0.113.7")), host: "a", method: "POST", path: path)
        #expect(writer?.country == CountryCode("BR"))
    }

    @Test(arguments: [
        ("rules: [{ name: a, action: dney }]", "action has to be one of allow, deny, challenge"),
        ("rules: [{ name: a }]", "write action: deny, allow or challenge"),
        ("rules: [{ action: deny }]", "a rule needs a name"),
        ("rules: [{ name: a, action: deny }, { name: a, action: deny }]", "two rules have the name"),
        (
            "rules: [{ name: a, action: deny, addresses: [ofice] }]\n  sets: { office: [192.0.2.1] }",
            "did you mean office?"
        ),
        ("rules: [{ name: a, action: deny, addresses: [10.0.0.1/8] }]", "neither one of sets nor a network"),
        ("sets: { a: [10.0.0.1/8] }", "without bits beyond its prefix"),
        ("sets: { a: { fiel: x } }", "is not a key of sets.a; use one of file"),
        ("sets: { 10.0.0.1: [10.0.0.1] }", "cannot name a set"),
        ("rules: [{ name: a, action: deny, countries: [DE] }]", "set firewall.country_database"),
        ("country_database: x\n  rules: [{ name: a, action: deny, countries: [Germany] }]", "two capital letters"),
        ("rules: [{ name: a, action: deny, paths: [admin] }]", "has to begin with /"),
        ("rules: [{ name: a, action: deny, adresses: [a] }]", "did you mean addresses?"),
    ]) func `What is wrong is told with its line and the fix`(text: String, reason: String) throws {
        let folder = try TemporaryFolder("firewall")
        defer { folder.remove() }
        do throws(GatewayFailure) {
            _ = try RoutesFile.read(
                Array("firewall:\n  \(text)\nroutes: [{ upstream: \"a:1\" }]\n".utf8), file: "routes.yaml")
            Issue.record("nothing was refused")
        } catch {
            #expect(error.problems.contains { $0.hasPrefix("routes.yaml:") && $0.contains(reason) }, "\(error)")
        }
    }
}

@Suite(.timeLimit(.minutes(2))) struct FirewallKeeperTests {
    @Test func `A list that changes is used, a bad one is told and the old one stays`() async throws {
        let folder = try TemporaryFolder("firewall")
        defer { folder.remove() }
        try folder.write("drop.txt", "192.0.2.1\n")
        let metrics = GatewayMetrics(MetricsRegistry())
        let routing = try folder.routing(
            "  sets: { drop: { file: drop.txt } }\n  rules: [{ name: d, action: deny, addresses: [drop] }]")
        let state = GatewayState(routing: routing)
        let keeper = FirewallKeeper(state, metrics: metrics, log: .silent)
        try keeper.use(routing.firewall) {}
        func isDenied(_ address: String) -> Bool {
            guard let address = IPAddress(address) else { return false }
            let verdict = state.firewall.current.judge(address, host: "a", method: "GET", path: nil)
            verdict?.note()
            return verdict?.action == .deny
        }
        #expect(isDenied("192.0.2.1") && !isDenied("192.0.2.2"))
        #expect(metrics.firewallEntries.value == 1)
        let group = try ReactorGroup(count: 1)
        keeper.watch(on: group.reactors[0])
        defer { keeper.stop() }
        try folder.write("drop.txt", "192.0.2.1\n192.0.2.2\n")
        try await eventually("the new list is used") { isDenied("192.0.2.2") }
        try folder.write("drop.txt", "192.0.2.3\nnonsense\n")
        try await eventually("the bad list is refused") { keeper.refused != nil }
        #expect(isDenied("192.0.2.2") && !isDenied("192.0.2.3"))
        #expect(keeper.refused?.problems.first?.contains("drop.txt:2: nonsense") == true)
        #expect(metrics.firewallRefused.value == 1)
        try folder.write("drop.txt", "192.0.2.3\n")
        try await eventually("the mended list is used") { isDenied("192.0.2.3") }
        #expect(keeper.refused == nil && metrics.firewallRefused.value == 0)
        // What a rule decided is counted over all generations.
        #expect(state.firewall.current.rules.first?.hits.current ?? 0 >= 4)
    }

    @Test func `Routes whose firewall cannot be had are refused with it, and nothing changes`() throws {
        let folder = try TemporaryFolder("firewall")
        defer { folder.remove() }
        let good = try folder.routing("  rules: [{ name: one, action: deny, methods: [DELETE] }]")
        let state = GatewayState(routing: good)
        let keeper = FirewallKeeper(state, metrics: GatewayMetrics(MetricsRegistry()), log: .silent)
        try state.prepareRoutes { routing throws(GatewayFailure) in try keeper.use(routing.firewall) {} }
        let missing = try folder.routing(
            "  sets: { drop: { file: nowhere.txt } }\n  rules: [{ name: two, action: deny, addresses: [drop] }]")
        #expect(throws: GatewayFailure.self) { try state.use(missing) }
        #expect(state.firewall.current.rules.map(\.rule.name) == ["one"])
        #expect(throws: GatewayFailure.self) {
            try keeper.use(good.firewall) { () throws(GatewayFailure) in throw .asset("x") }
        }
        #expect(state.firewall.current.rules.map(\.rule.name) == ["one"])
    }
}

@Suite(.timeLimit(.minutes(2))) struct FirewallPipelineTests {
    private func gateway(_ rules: String) async throws -> GatewayFixture {
        let folder = try TemporaryFolder("firewall")
        defer { folder.remove() }
        var routing = try folder.routing("  rules: [\(rules)]")
        let firewall = routing.firewall
        routing.firewall = FirewallPlan()
        let gateway = try await GatewayFixture()
        var changed = gateway.state.routing.current
        changed.firewall = firewall
        try gateway.state.use(changed)
        return gateway
    }

    @Test func `A denied request is refused before anything else is asked, and its event says by what`() async throws {
        let gateway = try await gateway("{ name: local, action: deny, addresses: [127.0.0.1], paths: [/admin, /v1] }")
        #expect(try await gateway.send(.get, "/").status == 200)
        #expect(try await gateway.send(.get, "/x/../admin/").status == 403)
        #expect(try await gateway.send(.get, "/v1/decisions").status == 403)
        #expect(gateway.seen.value.blocked.map(\.reason) == [.firewall, .firewall])
        #expect(gateway.seen.value.upstream.count == 1)
        #expect(gateway.state.firewall.current.rules.first?.hits.current == 2)
    }

    @Test func `What is allowed passes the rules behind it, and nothing but those`() async throws {
        let gateway = try await gateway(
            "{ name: me, action: allow, addresses: [127.0.0.1] }, { name: nobody, action: deny }")
        #expect(try await gateway.send(.get, "/").status == 200)
        #expect(try await gateway.send(.get, "/?q=%3Cscript%3Ealert(1)%3C/script%3E").status == 403)
        try gateway.enforce(.ban)
        #expect(try await gateway.send(.get, "/").status == 403)
        #expect(gateway.seen.value.blocked.map(\.reason) == [.inspection, .ban])
    }

    @Test func `The administration port lists the rules, and explains whom they take`() async throws {
        let gateway = try await gateway("{ name: tor, action: deny, addresses: [192.0.2.0/24], methods: [POST] }")
        func ask(_ target: String) async throws -> String {
            let response = try await gateway.client.send(
                HTTPClientRequest(.get, target), to: gateway.admin, deadline: .after(.seconds(20)))
            return String(decoding: try await response.body.collect(upTo: 1 << 20), as: UTF8.self)
        }
        #expect(try await ask("/firewall").contains(#""name":"tor","action":"deny","hits":0"#))
        let explained = try await ask("/explain?method=POST&target=/&client=192.0.2.7")
        #expect(explained.contains(#""firewall":{"action":"deny","rule":"tor","network":"192.0.2.0/24"}"#))
        #expect(explained.contains("refused by the firewall"))
        #expect(try await ask("/explain?target=/&client=192.0.2.7").contains("no rule takes it"))
        #expect(gateway.state.firewall.current.rules.first?.hits.current == 0)
    }
}
