internal import Foundation
internal import LocalServers
internal import Measuring

/// The gateway's executable as a proxy, beside nginx and HAProxy in the same run, and beside itself with inspection on.
///
/// First as fast as it goes: requests a second, processor time per request. Then all at the same rate, which is what
/// response times are compared at.
enum GatewayBenchmark {
    private static let rounds = 3
    /// Of what nginx managed: all three are then busy and none is saturated.
    private static let equalLoad = 0.6
    /// "No worse than nginx", as far as two runs of nginx agree with each other.
    private static let noWorse = 1.2

    /// As fast as it goes is measured for so long, at an equal rate for twice that: a 99th percentile needs the samples.
    private static let seconds = 1

    /// What is measured over which protocol, and whether response times are compared too.
    private static let rows: [(ProxiedProtocol, [(shape: RequestShape, isTimed: Bool)])] = [
        (.http1, [(.hello, true), (.get, true), (.large, false)]),
        (.http1TLS, [(.get, true)]),
        (.http2(connections: 64, streams: 1), [(.get, true)]),
        (.http2(connections: 8, streams: 16), [(.get, false)]),
    ]
    /// What is measured with inspection on and off; the bar is for requests without a body.
    private static let inspected: [(shape: RequestShape, bar: Figure.Bar)] = [
        (.hello, .atLeast(0.7)), (.get, .atLeast(0.7)), (.query, .none), (.form, .none), (.json, .none),
    ]

    static func run() async throws -> [Figure] {
        try await BenchmarkFolder.use { folder in
            let upstream = try ProxyFleet.upstream(folder: folder)
            let certificate = try await TestCertificate.make(in: folder)
            var figures: [Figure] = []
            for (proxied, shapes) in rows {
                let fleet = try await ProxyFleet.start(proxied, before: upstream, certificate, folder: folder)
                for (shape, isTimed) in shapes {
                    figures += try measure(fleet, proxied, shape, isTimed: isTimed, folder)
                }
                figures += try memory(of: fleet, proxied)
                if proxied == .http1 { figures += try inspection(fleet, folder) }
                await fleet.stop()
            }
            await upstream.stop()
            return figures
        }
    }

    private static func measure(
        _ fleet: ProxyFleet, _ proxied: ProxiedProtocol, _ shape: RequestShape, isTimed: Bool, _ folder: String
    ) throws -> [Figure] {
        let name = "\(proxied.name)-\(shape.name)"
        let (gateway, nginx) = (fleet.gateway, fleet.nginx)
        let fast = try compare("proxy \(name), as fast as it goes", fleet.proxies, proxied, shape, nil, folder)
        let figures = speed(name, proxied, fast, fleet)
        guard isTimed else { return figures }
        let rate = fast.median(\.rate, of: nginx) * equalLoad
        let even = try compare("proxy \(name), \(Int(rate)) requests/s", fleet.proxies, proxied, shape, rate, folder)
        return figures + [
            ratio("\(name).p50-vs-nginx", even.ratio(\.p50, of: gateway, to: nginx), .none),
            ratio("\(name).p99-vs-nginx", even.ratio(\.p99, of: gateway, to: nginx), .atMost(noWorse)),
        ]
    }

    /// Over HTTP/1.1 nginx is the peer, over HTTP/2 whichever of the two is better.
    private static func speed(
        _ name: String, _ proxied: ProxiedProtocol, _ fast: Comparison, _ fleet: ProxyFleet
    ) -> [Figure] {
        let (gateway, nginx, haproxy) = (fleet.gateway, fleet.nginx, fleet.haproxy)
        let toNginx = fast.ratio(\.rate, of: gateway, to: nginx)
        let toHAProxy = fast.ratio(\.rate, of: gateway, to: haproxy)
        var figures = [
            ratio("\(name).rate-vs-nginx", toNginx, proxied.isVersion2 ? .none : .atLeast(0.8)),
            ratio("\(name).rate-vs-haproxy", toHAProxy, .none),
            ratio("\(name).cpu-vs-nginx", fast.ratio(\.cost, of: gateway, to: nginx), .none),
            ratio("\(name).cpu-vs-haproxy", fast.ratio(\.cost, of: gateway, to: haproxy), .none),
        ]
        if proxied.isVersion2 {
            figures.append(ratio("\(name).rate-vs-the-better", min(toNginx, toHAProxy), .atLeast(0.8)))
        }
        return figures
    }

    private static func compare(
        _ title: String, _ servers: [MeasuredServer], _ proxied: ProxiedProtocol, _ shape: RequestShape,
        _ rate: Double?, _ folder: String
    ) throws -> Comparison {
        try Comparison.run(title, servers, rounds: rounds) { server in
            try LoadGenerator.h2load(
                proxied, port: server.port, path: ProxyFleet.plain + shape.target, shape,
                connections: proxied.connections, rate: rate, seconds: rate == nil ? seconds : seconds * 2,
                folder: folder)
        }
    }

    /// The same executable with the same requests, inspected and not.
    private static func inspection(_ fleet: ProxyFleet, _ folder: String) throws -> [Figure] {
        try inspected.map { shape, bar in
            let routes = [fleet.gateway.named("inspected"), fleet.gateway.named("plain")]
            let comparison = try Comparison.run("gateway, inspection of \(shape.name)", routes, rounds: rounds) {
                route in
                let path = route.name == "plain" ? ProxyFleet.plain : ProxyFleet.inspected
                return try LoadGenerator.h2load(
                    .http1, port: route.port, path: path + shape.target, shape,
                    connections: ProxiedProtocol.http1.connections, rate: nil, seconds: seconds, folder: folder)
            }
            return ratio(
                "inspected-\(shape.name).rate-vs-plain", comparison.ratio(\.rate, of: routes[0], to: routes[1]), bar)
        }
    }

    /// Heap and stacks, after the load.
    private static func memory(of fleet: ProxyFleet, _ proxied: ProxiedProtocol) throws -> [Figure] {
        try fleet.proxies.map { server in
            Figure(
                name: "gateway.\(proxied.name).\(server.name).memory",
                value: Double(try server.privateBytes()) / 1_048_576,
                unit: "MiB", bar: .none)
        }
    }

    private static func ratio(_ name: String, _ value: Double, _ bar: Figure.Bar) -> Figure {
        Figure(name: "gateway.\(name)", value: value, unit: "ratio", bar: bar)
    }
}
