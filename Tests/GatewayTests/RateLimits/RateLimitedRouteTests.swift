import Core
import HTTP
import ServiceKit
import Testing

@testable import gateway

@Suite struct RateLimitedRouteTests {
    private static func limited(_ limits: RateLimit...) async throws -> GatewayFixture {
        try await GatewayFixture(route: { $0.rateLimits = limits }, trustedHops: 1)
    }

    @Test func `a client beyond its limit is told to wait, another is not, and everyone sees where it stands`()
        async throws
    {
        let limit = RateLimit(name: "per-client", requests: 2, period: .seconds(3_600))
        let gateway = try await Self.limited(limit)
        for left in ["1", "0"] {
            let answer = try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "192.0.2.1"])
            #expect(answer.status == 200)
            #expect(answer.head.headers["ratelimit-policy"] == "\"per-client\";q=2;w=3600")
            #expect(answer.head.headers["ratelimit"]?.hasPrefix("\"per-client\";r=\(left);t=") == true)
        }
        let refused = try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "192.0.2.1"])
        #expect(refused.status == 429)
        #expect(refused.head.headers["retry-after"].flatMap { Int($0) }.map { (1...1_800).contains($0) } == true)
        #expect(refused.body.contains("Too many requests"))
        let other = try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "192.0.2.2"])
        #expect(other.status == 200)
    }

    @Test func `addresses of one IPv6 network are one client`() async throws {
        let gateway = try await Self.limited(RateLimit(name: "one", requests: 1, period: .seconds(3_600)))
        let answers = [
            try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "2001:db8::1"]).status,
            try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "2001:db8::ffff:2"]).status,
            try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "2001:db8:0:1::1"]).status,
        ]
        #expect(answers == [200, 429, 200])
    }

    @Test func `what is counted by a header does not care for the address, and the nearest limit speaks`() async throws
    {
        let gateway = try await Self.limited(
            RateLimit(name: "wide", requests: 100, period: .seconds(60), by: [.everybody]),
            RateLimit(name: "key", requests: 1, period: .seconds(3_600), by: [.header("X-API-Key")]))
        func send(_ address: String, _ key: String) async throws -> GatewayFixture.Answer {
            try await gateway.send(.get, "/", headers: ["X-Forwarded-For": address, "X-API-Key": key])
        }
        #expect(try await send("192.0.2.1", "a").status == 200)
        let refused = try await send("192.0.2.2", "a")
        #expect(refused.status == 429)
        #expect(refused.head.headers["ratelimit"]?.hasPrefix("\"key\"") == true)
        #expect(try await send("192.0.2.2", "b").status == 200)
    }

    @Test func `a throttling decision leaves a client its pace`() async throws {
        let gateway = try await Self.limited()
        try gateway.enforce(.throttle, "192.0.2.9", perSecond: 0.01)
        var statuses: [Int] = []
        for _ in 0..<7 {
            statuses.append(try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "192.0.2.9"]).status)
        }
        #expect(statuses == [200, 200, 200, 200, 200, 429, 429])
    }

    @Test func `the file's limits are read, and what is wrong is told with its line`() throws {
        let good = try RoutesFile.read(
            YAMLNode.parse(
                """
                routes:
                  - upstream: 127.0.0.1:9000
                    rate_limits:
                      - { requests: 100, per: 1m, burst: 20, by: [address, path] }
                      - { name: keys, requests: 5, per: 10s, by: header:X-Key, adaptive: true }
                """, file: "r.yaml"))
        #expect(
            good.routes.routes.first?.route.rateLimits == [
                RateLimit(name: "limit-1", requests: 100, period: .seconds(60), burst: 20, by: [.address, .path]),
                RateLimit(
                    name: "keys", requests: 5, period: .seconds(10), by: [.header("X-Key")], isAdaptive: true),
            ])
        let failure = #expect(throws: GatewayFailure.self) {
            try RoutesFile.read(
                YAMLNode.parse(
                    """
                    routes:
                      - upstream: 127.0.0.1:9000
                        rate_limits:
                          - { requests: 0, per: 1m, by: [planet] }
                          - { requests: 5 }
                    """, file: "r.yaml"))
        }
        let text = failure.map { "\($0)" } ?? ""
        for expected in ["r.yaml:4", "requests has to be", "planet", "r.yaml:5", "requests: 100, per: 1m"] {
            #expect(text.contains(expected), "\(expected) in \(text)")
        }
    }
}
