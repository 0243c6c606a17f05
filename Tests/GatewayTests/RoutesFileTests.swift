import Core
import Inspection
import ServiceKit
import TestSupport
import Testing

@testable import gateway

@Suite struct RoutesFileTests {
    private func read(_ text: String) throws -> RouteTable { try routing(text).routes }

    private func take(_ table: RouteTable, _ host: String, _ method: String, _ path: String) throws -> Route? {
        table.match(host: host, method: method, path: try #require(RequestPath(path)))?.route
    }

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
        let route = try #require(try take(table, "a.shop.example", "GET", "/api/x"))
        #expect(route.name == "shop")
        #expect(route.inspection == .observe)
        #expect(route.blockAbove == 0.9)
        #expect(route.bodyLimit == .kibibytes(64))
        #expect(route.timeout == .seconds(5))
        #expect(try take(table, "shop.example", "POST", "/api") == nil)
    }

    @Test func `A route needs nothing but its upstream`() throws {
        let table = try read("routes: [{ host: \"*\", path: /, upstream: \"127.0.0.1:9000\" }]")
        #expect(try take(table, "any", "PUT", "/x")?.inspection == .enforce)
    }

    @Test func `Every filter is read`() throws {
        let table = try read(
            """
            routes:
              - name: full
                path: "/t/{tenant}/*"
                headers: { X-Tenant: acme, X-Debug: true, X-Old: false }
                upstream: "a:1"
                upstream_host: inner.example
                required_scope: orders:read
                rewrite: "/{tenant}{rest}"
                request_headers: { set: { X-A: one }, add: { X-B: "two" }, remove: [Cookie] }
                response_headers: { remove: [Server] }
                inspection: { mode: enforce, exclude: [{ rule: sqli-union, parameter: q }] }
                compression: { minimum: 2KiB, types: ["text/*"], codings: [gzip], gzip_level: 6 }
                security_headers: { frame_options: DENY, permissions_policy: false }
                labyrinth_links: /archive/
                server_timing: true
                cache: { largest: 64KiB, fresh_for: 1m, stale_if_error: 1h, key_headers: [X-Tenant], cookies: remove }
            """)
        let route = try #require(table.routes.first?.route)
        #expect(route.fields.map(\.test) == [.exactly("acme"), .present, .absent])
        #expect(route.rewrite?.pieces == [.text("/"), .parameter(0), .rest])
        #expect(route.requestFields.removed == ["Cookie"])
        #expect(route.exclusions == [.init(rule: "sqli-union", parameter: "q")])
        #expect(route.compression?.codings == [.gzip])
        #expect(route.compression?.minimum == .kibibytes(2))
        #expect(route.protection.first { $0.name == "X-Frame-Options" }?.replaces == true)
        #expect(!route.protection.contains { $0.name == "Permissions-Policy" })
        #expect(route.hiddenLinks == HiddenLinks(below: "/archive/"))
        #expect((route.cache?.largestAnswer, route.cache?.freshFor) == (.kibibytes(64), .seconds(60)))
        #expect((route.cache?.staleIfError, route.cache?.cookies) == (.seconds(3_600), .remove))
        #expect((route.cache?.keyFields, route.cache?.coalesces) == (["x-tenant"], true))
        #expect((route.requiredScope, route.upstreamHost, route.tellsTiming) == ("orders:read", "inner.example", true))
    }

    @Test func `What answers by itself needs no upstream`() throws {
        let table = try read(
            """
            routes:
              - { path: /old, redirect: "https://{host}/new{rest}{query}" }
              - { path: /v1, redirect: { to: "/v2{rest}", status: 307 } }
              - { path: =/robots.txt, respond: { body: "User-agent: *" } }
            """)
        guard case .redirect(308, _) = table.routes[0].route.answer,
            case .redirect(307, _) = table.routes[1].route.answer,
            case .fixed(200, "text/plain; charset=utf-8", Array("User-agent: *".utf8)) = table.routes[2].route.answer
        else {
            Issue.record("\(table.routes.map(\.route.answer))")
            return
        }
    }

    @Test(arguments: [
        ("path: /a//b", "never matched"), ("path: \"/{a\"", "a whole segment"), ("path: /a/*/b", "a whole segment"),
        ("headers: { X-A: [1] }", "its exact text"), ("headers: {}", "1 to 16"),
        ("strip_prefix: true, rewrite: /x", "keep one of"), ("rewrite: x", "begin with /"),
        ("path: \"/{id}\", rewrite: \"/{other}\"", "use {id}, {path}, {rest}"),
        ("request_headers: { set: { Content-Length: \"1\" } }", "no route may change it"),
        ("request_headers: { remove: [X-Forwarded-For] }", "no route may change it"),
        ("response_headers: { add: { \"a b\": c } }", "no name of a field"),
        ("response_headers: { add: { A: \"b\\nc\" } }", "one line"),
        ("redirect: { to: /x, status: 304 }", "301, 302, 303, 307, 308"), ("redirect: { status: 301 }", "no target"),
        ("respond: { status: 204, body: x }", "has no body"), ("respond: { status: 200 }", "answers by itself"),
        ("inspection: { exclude: [{}] }", "set inspection: off"),
        ("inspection: { exclude: [{ rules: a }] }", "did you mean rule?"),
        ("compression: { gzip_level: 12 }", "1 to 9"), ("compression: { codings: [zstd] }", "brotli and gzip"),
        ("compression: maybe", "true or false"), ("security_headers: { hsts: x }", "not a key"),
        ("labyrinth_links: archive", "such as /archive/"), ("labyrinth_links: \"/a\\\"b/\"", "such as /archive/"),
        ("upstream_host: \"a b\"", "write a name"), ("required_scope: []", "1 to 256"),
        ("host: \"*.*\"", "or *.name"), ("server_timing: 1", "true or false"),
        ("cache: yes please", "true or false"), ("cache: { largest: 1GiB }", "64MiB"),
        ("cache: { key_headers: [Authorization] }", "says who somebody is"),
        ("cache: { key_headers: [Range] }", "not the client's word"), ("cache: { cookies: keep }", "bypass, remove"),
        ("cache: { ttl: 5s }", "is not a key"), ("cache: true, respond: { status: 200 }", "nothing to store"),
    ]) func `What is wrong with a filter is told too`(keys: String, reason: String) throws {
        do {
            _ = try read("routes: [{ upstream: \"a:1\", \(keys) }]")
            Issue.record("accepted")
        } catch GatewayFailure.routes(let problems) {
            #expect(problems.contains { $0.contains(reason) && $0.hasPrefix("routes.yaml:1:") }, "\(problems)")
        }
    }

    /// Seeded, so that a failure comes back; `make fuzz` goes further.
    @Test func `Whatever stands in the file, it is read or refused with its lines`() throws {
        let good = Array(
            """
            upstreams: { shop: { endpoints: ["a:1"] } }
            routes:
              - { host: "*.example", path: "/t/{x}/*", upstream: shop, rewrite: "/{x}{rest}", compression: { minimum: 1KiB } }
              - { path: =/a, redirect: { to: "{scheme}://{host}{path}{query}" }, headers: { A: true } }
              - { path: /b, upstream: "b:2", inspection: { mode: observe, exclude: [{ rule: r }] }, security_headers: true }
            """.utf8)
        let splices = [
            "{", "}", "[", "]", ":", "-", "\"", "{rest}", "*", "=", "/", "\n", "\t", "null", "~", "-1", "1e9", "\u{ff}",
        ]
        var random = SeededGenerator(seed: 11)
        var accepted = 0
        for _ in 0..<3_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: at)
                case 1: bytes.insert(contentsOf: (splices.randomElement(using: &random) ?? "").utf8, at: at)
                default: bytes[at] = UInt8.random(in: 0...255, using: &random)
                }
            }
            do {
                _ = try RoutesFile.read(bytes, file: "routes.yaml")
                accepted += 1
            } catch {
                guard case .routes(let problems) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(!problems.isEmpty && problems.allSatisfy { $0.hasPrefix("routes.yaml:") }, "\(problems)")
            }
        }
        #expect(accepted > 100)
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
        #expect(routing.upstreams["shop"]?.endpoints.map(\.address) == ["10.0.0.1:9000", "https://shop.example"])
    }

    @Test(arguments: [
        ("routes: []", "routes has to be a list"), ("route: 1", "did you mean routes?"),
        ("routes: [{ path: / }]", "has no upstream"), ("routes: [{ upstream: \"http://\" }]", "write host:port"),
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
        ("{ upstreams: { shop: {} }, routes: [{ upstream: shop }] }", "endpoints; write"),
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
