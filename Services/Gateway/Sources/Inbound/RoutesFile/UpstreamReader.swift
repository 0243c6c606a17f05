import Core
import HTTP
import ServiceKit

/// One entry of `upstreams`. Everything but `endpoints` has a default:
///
///     shop:
///       endpoints:                       # an address, or a mapping
///         - 10.0.0.1:9000
///         - { address: "10.0.0.2:9000", weight: 2, zone: a }
///       balance: least_request           # round_robin, least_request, ewma, consistent_hash, or a mapping with kind
///       health: { path: /healthz, interval: 5s, timeout: 2s, healthy_after: 2, unhealthy_after: 3, expect: 200 }
///       outlier: { consecutive_failures: 5, ejection: 10s, longest_ejection: 5m, max_ejected: 0.5 }
///       slow_start: 30s
///       breaker: { error_rate: 0.5, minimum_requests: 20, window: 10s, open_for: 5s, probes: 3 }
///       limits: { connections: 256, pending: 1024, requests: 10000 }
///       retries: { attempts: 3, on: [connect, reset, 503], budget: 0.2, backoff: 10ms, longest_backoff: 250ms }
///       tls: { ca: /etc/ca.pem, server_name: shop.internal, certificate: …, key: …, insecure: false }
///       protocol: http1
enum UpstreamReader {
    /// What an upstream may be called, so that no name looks like an address.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 | 0x20 &- 0x61 < 26 || $0 == 0x2d || $0 == 0x5f }
    }

    static func read(_ name: String, _ section: FileSection) -> Upstream {
        if !isName(name) {
            section.report("\(quoted(name)) is no name of an upstream; use letters, digits, - and _, up to 64")
        }
        var upstream = Upstream(name: name, endpoints: endpoints(section))
        if let balance = BalanceReader.read(section) { upstream.balance = balance }
        upstream.health = section.section("health").map(health)
        section.section("outlier").map { outlier($0, &upstream.outlier) }
        upstream.slowStart = section.duration("slow_start", in: .zero ... .seconds(3_600)) ?? .zero
        section.section("breaker").map { breaker($0, &upstream.breaker) }
        section.section("limits").map { limits($0, &upstream.limits) }
        section.section("retries").map { retries($0, &upstream.retries) }
        section.section("tls").map { tls($0, &upstream) }
        if let version = section.choice("protocol", UpstreamProtocol.self) { upstream.version = version }
        section.end()
        return upstream
    }

    // MARK: Endpoints

    private static func endpoints(_ section: FileSection) -> [UpstreamEndpoint] {
        guard let node = section["endpoints"], let items = node.items, !items.isEmpty,
            items.count <= Upstream.maximumEndpoints
        else {
            section.report(
                "\(section.name) needs 1 to \(Upstream.maximumEndpoints) endpoints; write endpoints: [\"127.0.0.1:9000\"]",
                at: "endpoints")
            return []
        }
        let endpoints = items.compactMap { endpoint($0, section) }
        if Set(endpoints.map(\.address)).count != endpoints.count {
            section.report("\(section.name) names an endpoint twice; give it a weight instead", at: "endpoints")
        }
        return endpoints
    }

    private static func endpoint(_ node: YAMLNode, _ section: FileSection) -> UpstreamEndpoint? {
        guard node.entries != nil else { return address(node.text, at: node, section) }
        let mapping = FileSection(node, "an endpoint", section.problems)
        var endpoint = address(mapping.text("address"), at: node, section)
        if let weight = mapping.integer("weight", in: 1...1_000) { endpoint?.weight = weight }
        endpoint?.zone = mapping.text("zone", upTo: 64)
        mapping.end()
        return endpoint
    }

    private static func address(_ text: String?, at node: YAMLNode, _ section: FileSection) -> UpstreamEndpoint? {
        if let text, HTTPEndpoint(upstream: text) != nil { return UpstreamEndpoint(address: text) }
        section.problems.report(
            node.location,
            "endpoint \(quoted(text ?? "")): write host:port, http://host:port, https://host or unix:/path")
        return nil
    }

    // MARK: Watching them

    private static func health(_ section: FileSection) -> HealthPolicy {
        var policy = HealthPolicy()
        if let path = section.text("path") { policy.path = path }
        if !policy.path.hasPrefix("/") { section.report("path has to begin with /", at: "path") }
        if let interval = section.duration("interval", in: .milliseconds(100) ... .seconds(3_600)) {
            policy.interval = interval
        }
        if let timeout = section.duration("timeout", in: .milliseconds(10) ... .seconds(60)) {
            policy.timeout = timeout
        }
        if let count = section.integer("healthy_after", in: 1...100) { policy.healthyAfter = count }
        if let count = section.integer("unhealthy_after", in: 1...100) { policy.unhealthyAfter = count }
        if let text = section.text("expect") { policy.expected = statuses(text, section) ?? policy.expected }
        section.end()
        return policy
    }

    /// `200`, or `200-399`.
    private static func statuses(_ text: String, _ section: FileSection) -> ClosedRange<Int>? {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard let first = bounds.first, let last = bounds.last, bounds.count <= 2, first <= last,
            (100...599).contains(first), (100...599).contains(last)
        else {
            section.report(
                "expect is \(quoted(text)); write a status such as 200, or two such as 200-399", at: "expect")
            return nil
        }
        return first...last
    }

    private static func outlier(_ section: FileSection, _ policy: inout OutlierPolicy) {
        if let count = section.integer("consecutive_failures", in: 0...1_000) { policy.consecutiveFailures = count }
        if let time = section.duration("ejection", in: .milliseconds(10) ... .seconds(3_600)) { policy.ejection = time }
        if let time = section.duration("longest_ejection", in: .milliseconds(10) ... .seconds(86_400)) {
            policy.longestEjection = time
        }
        if let share = section.number("max_ejected", in: 0...1) { policy.share = share }
        if policy.longestEjection < policy.ejection {
            section.report("longest_ejection is shorter than ejection; make it at least as long")
        }
        section.end()
    }

    private static func breaker(_ section: FileSection, _ policy: inout BreakerPolicy) {
        policy.errorRate = section.number("error_rate", in: 0.01...0.99)
        if policy.errorRate == nil && !section.has("error_rate") {
            section.report("breaker has no error_rate; write the share of failures above which it opens, such as 0.5")
        }
        if let count = section.integer("minimum_requests", in: 1...1_000_000) { policy.minimumRequests = count }
        if let time = section.duration("window", in: .milliseconds(100) ... .seconds(600)) { policy.window = time }
        if let time = section.duration("open_for", in: .milliseconds(10) ... .seconds(3_600)) { policy.openFor = time }
        if let count = section.integer("probes", in: 1...1_000) { policy.probes = count }
        section.end()
    }

    private static func limits(_ section: FileSection, _ limits: inout UpstreamLimits) {
        if let count = section.integer("connections", in: 1...100_000) { limits.connections = count }
        if let count = section.integer("pending", in: 1...1_000_000) { limits.pending = count }
        if let count = section.integer("requests", in: 1...1_000_000) { limits.requests = count }
        section.end()
    }

    // MARK: Trying again

    private static func retries(_ section: FileSection, _ policy: inout RetryPolicy) {
        if let count = section.integer("attempts", in: 1...10) { policy.attempts = count }
        if section.has("on") { policy.causes = Set(section.texts("on").compactMap { cause($0, section) }) }
        if let share = section.number("budget", in: 0...1) { policy.budget = share }
        if let time = section.duration("backoff", in: .zero ... .seconds(10)) { policy.backoff = time }
        if let time = section.duration("longest_backoff", in: .zero ... .seconds(60)) { policy.longestBackoff = time }
        if policy.longestBackoff < policy.backoff {
            section.report("longest_backoff is shorter than backoff; make it at least as long")
        }
        section.end()
    }

    private static func cause(_ text: String, _ section: FileSection) -> RetryPolicy.Cause? {
        switch text {
        case "connect": return .connect
        case "reset": return .reset
        case "502", "503", "504": return Int(text).map(RetryPolicy.Cause.status)
        default:
            section.report(
                "retries on \(quoted(text)) are not possible; use connect, reset, 502, 503 or 504", at: "on")
            return nil
        }
    }

    // MARK: TLS

    private static func tls(_ section: FileSection, _ upstream: inout Upstream) {
        var tls = UpstreamTLS()
        tls.authority = section.text("ca")
        tls.serverName = section.text("server_name", upTo: 253)
        tls.certificate = section.text("certificate")
        tls.key = section.text("key")
        tls.isInsecure = section.flag("insecure") ?? false
        if (tls.certificate == nil) != (tls.key == nil) {
            section.report("tls has only one of certificate and key; set both or neither")
        }
        if tls.isInsecure && tls.authority != nil {
            section.report("tls has a ca and insecure: true; what nobody checks needs no ca: remove one of them")
        }
        if !upstream.endpoints.isEmpty && !upstream.endpoints.contains(where: { $0.address.hasPrefix("https://") }) {
            section.report("tls is given, but no endpoint is https://…; write the endpoints so, or remove tls")
        }
        section.end()
        upstream.tls = tls
    }
}
