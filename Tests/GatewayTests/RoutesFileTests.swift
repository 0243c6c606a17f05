import Core
import ServiceKit
import Testing

@testable import gateway

@Suite struct RoutesFileTests {
    private func read(_ text: String) throws -> RouteTable { try routing(text).routes }

    private func routing(_ text: String) throws -> Routing {
        try RoutesFile.read(try YAMLNode.parse(text, file: "routes.yaml"))
    }

    @Test func `Everything a route can say is read`() throws {
        let table = try read(
            """
            routes:
              - name: shop
                hosts: [Shop.example, "*.shop.example"]
                path: /api
                methods: [get]
                upstream: http://127.0.0.1:9000
                inspection: { mode: observe, block_above: 0.9, alert_above: 0.4 }
                required_role: viewer
                body_limit: 64KiB
                timeout: 5s
            """)
        let route = try #require(table.match(host: "a.shop.example", method: "GET", path: "/api/x"))
        #expect(route.name == "shop")
        #expect(route.inspection == .observe)
        #expect(route.blockAbove == 0.9)
        #expect(route.bodyLimit == .kibibytes(64))
        #expect(route.timeout == .seconds(5))
        #expect(table.match(host: "shop.example", method: "POST", path: "/api") == nil)
    }

    @Test func `A route needs nothing but its upstream`() throws {
        let table = try read("routes: [{ host: \"*\", path: /, upstream: \"127.0.0.1:9000\" }]")
        #expect(table.match(host: "any", method: "PUT", path: "/x")?.inspection == .enforce)
    }

    @Test func `An upstream is named once and used by many, or given as an address`() throws {
        let routing = try routing(
            """
            upstreams:
              shop: { endpoints: ["10.0.0.1:9000", "https://shop.example"] }
            routes:
              - { path: /, upstream: shop }
              - { path: /cart, upstream: shop }
              - { path: /static, upstream: "unix:/run/static.sock" }
            """)
        #expect(routing.upstreams.keys.sorted() == ["shop", "unix:/run/static.sock"])
        #expect(routing.upstreams["shop"]?.endpoints == ["10.0.0.1:9000", "https://shop.example"])
    }

    @Test(arguments: [
        ("routes: []", "routes has to be a list"), ("route: 1", "did you mean routes?"),
        ("routes: [{ path: / }]", "no upstream"), ("routes: [{ upstream: \"http://\" }]", "write host:port"),
        ("routes: [{ upstream: \"a:1\", pth: / }]", "did you mean path?"),
        ("routes: [{ upstream: \"a:1\", path: x }]", "begin with /"),
        ("routes: [{ upstream: \"a:1\", inspection: on }]", "off, observe, enforce"),
        ("routes: [{ upstream: \"a:1\", inspection: { block_above: 2 } }]", "0 to 1"),
        ("routes: [{ upstream: \"a:1\", inspection: { block_above: 0.3 } }]", "swap them"),
        ("routes: [{ upstream: \"a:1\", required_role: root }]", "viewer, editor, admin, service"),
        ("routes: [{ upstream: \"a:1\", timeout: 2d }]", "to 1h"),
        ("routes: [{ upstream: \"a:1\", body_limit: big }]", "64KiB"),
        ("routes: [{ upstream: \"a:1\", host: \"a:80\" }]", "without port"), ("routes: [x]", "mapping of keys"),
        ("{ upstreams: { shop: { endpoints: [\"a:1\"] } }, routes: [{ upstream: shp }] }", "did you mean shop?"),
        ("{ upstreams: { \"a:1\": { endpoints: [\"a:1\"] } }, routes: [{ upstream: \"a:1\" }] }", "no name"),
        ("{ upstreams: { shop: {} }, routes: [{ upstream: shop }] }", "no endpoints"),
        ("{ upstreams: { shop: { endpoints: [\"http://\"] } }, routes: [{ upstream: shop }] }", "host:port"),
    ]) func `What is wrong is told with its line and what would be right`(text: String, reason: String) throws {
        do {
            _ = try read(text)
            Issue.record("accepted")
        } catch GatewayFailure.routes(let problems) {
            #expect(problems.contains { $0.contains(reason) && $0.hasPrefix("routes.yaml:1:") }, "\(problems)")
        }
    }
}

@Suite struct LivePulseTests {
    @Test func `Latencies are known within a tenth`() throws {
        var pulse = LivePulse()
        for millisecond in 1...1_000 { pulse.count(.passed, microseconds: millisecond * 1_000) }
        let median = try #require(pulse.latency(quantile: 0.5))
        let last = try #require(pulse.latency(quantile: 0.99))
        #expect((500...550).contains(median))
        #expect((990...1_090).contains(last))
    }

    @Test func `Pulses of reactors add up`() {
        var (first, second) = (LivePulse(), LivePulse())
        first.count(.banned, microseconds: 1)
        second.count(.diverted, microseconds: .max)
        second.count(.failed, microseconds: -5)
        first.add(second)
        #expect((first.total, first.blocked, first.diverted, first.errors) == (3, 1, 1, 1))
        #expect(LivePulse().latency(quantile: 0.5) == nil)
    }
}
