import Core
import ServiceKit
import Testing

@testable import gateway

@Suite struct UpstreamReaderTests {
    private func read(_ text: String) throws -> Routing {
        try RoutesFile.read(try YAMLNode.parse(text, file: "routes.yaml"))
    }

    @Test func `Everything an upstream can say is read`() throws {
        let routing = try read(
            """
            upstreams:
              shop:
                endpoints:
                  - https://10.0.0.1:9000
                  - { address: "https://10.0.0.2:9000", weight: 3, zone: a }
                balance: { kind: consistent_hash, key: "header:X-User", bound: 1.5 }
                health: { path: /up, interval: 1s, timeout: 500ms, healthy_after: 1, unhealthy_after: 4, expect: 200-204 }
                outlier: { consecutive_failures: 7, ejection: 2s, longest_ejection: 1m, max_ejected: 0.3 }
                slow_start: 30s
                breaker: { error_rate: 0.4, minimum_requests: 50, window: 20s, open_for: 3s, probes: 5 }
                limits: { connections: 10, pending: 20, requests: 30 }
                retries: { attempts: 4, on: [connect, 503], budget: 0.1, backoff: 5ms, longest_backoff: 1s }
                tls: { ca: /ca.pem, server_name: shop.internal, certificate: /c.pem, key: /k.pem }
                protocol: http1
            routes:
              - { name: shop, upstream: shop, mirror: { upstream: "127.0.0.1:7", share: 0.5 } }
            """)
        let shop = try #require(routing.upstreams["shop"])
        #expect(shop.endpoints.map(\.weight) == [1, 3])
        #expect(shop.endpoints.last?.zone == "a")
        #expect(shop.balance == .consistentHash(.header("X-User"), bound: 1.5))
        #expect(shop.health?.expected == 200...204)
        #expect(shop.health?.unhealthyAfter == 4)
        #expect(shop.outlier.share == 0.3)
        #expect(shop.slowStart == .seconds(30))
        #expect(shop.breaker.errorRate == 0.4)
        #expect(shop.limits == UpstreamLimits(connections: 10, pending: 20, requests: 30))
        #expect(shop.retries.causes == [.connect, .status(503)])
        #expect(shop.tls.serverName == "shop.internal")
        #expect(routing.routes.routes.first?.route.mirror == TrafficMirror(upstream: "127.0.0.1:7", share: 0.5))
        #expect(routing.upstreams["127.0.0.1:7"] != nil)
    }

    @Test func `A split names its sides, the first of which is the route's upstream`() throws {
        let routing = try read(
            """
            routes:
              - name: shop
                split: { sides: [{ upstream: "a:1", weight: 9 }, { upstream: "b:1", weight: 1 }], rollback: off }
            """)
        let route = try #require(routing.routes.routes.first?.route)
        #expect(route.upstream == "a:1")
        #expect(route.split?.arms.map(\.weight) == [9, 1])
        #expect(route.split?.rollback == nil)
        #expect(routing.upstreams.keys.sorted() == ["a:1", "b:1"])
    }

    @Test(arguments: [
        ("endpoints: []", "1 to 256 endpoints"), ("endpoints: [\"a:1\", \"a:1\"]", "twice"),
        ("endpoints: [{ address: \"a:1\", weight: 0 }]", "from 1 to 1000"),
        ("endpoints: [\"a:1\"], balanc: x", "did you mean balance?"),
        ("endpoints: [\"a:1\"], balance: least_requests", "did you mean least_request?"),
        ("endpoints: [\"a:1\"], balance: { kind: consistent_hash, key: \"query:x\" }", "header:NAME"),
        ("endpoints: [\"a:1\"], balance: { kind: round_robin, bound: 2 }", "not a key of balance"),
        ("endpoints: [\"a:1\"], health: { path: up }", "begin with /"),
        ("endpoints: [\"a:1\"], health: { expect: 399-200 }", "such as 200-399"),
        ("endpoints: [\"a:1\"], outlier: { ejection: 10s, longest_ejection: 1s }", "at least as long"),
        ("endpoints: [\"a:1\"], breaker: { window: 1s }", "no error_rate"),
        ("endpoints: [\"a:1\"], retries: { on: [500] }", "connect, reset, 502"),
        ("endpoints: [\"a:1\"], retries: { attempts: 11 }", "from 1 to 10"),
        ("endpoints: [\"a:1\"], tls: { insecure: true }", "no endpoint is https"),
        ("endpoints: [\"https://a:1\"], tls: { insecure: true, ca: /x }", "remove one of them"),
        ("endpoints: [\"https://a:1\"], tls: { key: /x }", "both or neither"),
        ("endpoints: [\"a:1\"], protocol: http9", "has to be one of"),
    ]) func `What is wrong with an upstream is told with its line and what would be right`(text: String, reason: String)
        throws
    {
        expect("{ upstreams: { shop: { \(text) } }, routes: [{ upstream: shop }] }", toSay: reason)
    }

    @Test(arguments: [
        ("split: { sides: [{ upstream: \"a:1\", weight: 1 }] }", "2 to 8"),
        ("split: { sides: [{ upstream: \"a:1\" }, { upstream: \"b:1\", weight: 1 }] }", "no weight"),
        ("split: { sides: [{ upstream: \"a:1\", weight: 0 }, { upstream: \"b:1\", weight: 0 }] }", "at least one"),
        (
            "upstream: \"a:1\", split: { sides: [{ upstream: \"a:1\", weight: 1 }, { upstream: \"b:1\", weight: 1 }] }",
            "keep one"
        ),
        ("upstream: \"a:1\", mirror: { share: 2 }", "has no upstream"),
        ("upstream: \"a:1\", mirror: { upstream: \"b:1\", share: 2 }", "from 0.0 to 1.0"),
    ]) func `What is wrong with where a route leads is told too`(text: String, reason: String) throws {
        expect("routes: [{ name: shop, \(text) }]", toSay: reason)
    }

    private func expect(_ text: String, toSay reason: String) {
        do {
            _ = try read(text)
            Issue.record("accepted: \(text)")
        } catch GatewayFailure.routes(let problems) {
            #expect(problems.contains { $0.contains(reason) && $0.hasPrefix("routes.yaml:1:") }, "\(problems)")
        } catch {
            Issue.record("\(error)")
        }
    }
}
