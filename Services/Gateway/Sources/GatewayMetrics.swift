import Contracts
import Core
import RuleKeeping
import ServiceKit
import Telemetry

/// Every metric of the gateway and the label values it may have.
struct GatewayMetrics: Sendable {
    private static let outcomes: [(RequestOutcome, String)] = [
        (.proxied, "proxied"), (.answered, "answered"), (.blocked, "blocked"), (.banned, "banned"),
        (.throttled, "throttled"), (.diverted, "diverted"), (.challenged, "challenged"), (.unrouted, "unrouted"),
        (.upstreamFailed, "upstream_failed"), (.abandoned, "abandoned"), (.refused, "refused"),
    ]

    /// By the outcome's number: it is counted for every request.
    private let requests: [Counter?]
    let duration: Histogram
    let upstreamDuration: Histogram
    let inspectionDuration: Histogram
    let eventsDropped: CounterFamily
    let enforcements: Gauge
    let viewers: Gauge
    let apiCalls: CounterFamily
    let compressed: CounterFamily
    let cache: CacheMetrics
    let reloads: CounterFamily
    let routes: Gauge
    let routesRefused: Gauge
    let routeSetsRefused: Gauge
    let ruleSet: RuleSetMetrics
    let accessLinesDropped: Counter
    let proxyHeadersRefused: Counter
    let certificatesRefused: Gauge
    let certificateExpiry: Gauge
    let firewall: CounterFamily
    let challenges: CounterFamily
    let firewallEntries: Gauge
    let firewallRefused: Gauge
    let mirrored: CounterFamily
    let rollbacks: Counter
    private let upstreamRequests: CounterFamily
    private let upstreamRetries: CounterFamily
    private let upstreamEjections: CounterFamily
    private let upstreamEndpoints: GaugeFamily

    /// Upstreams that are named when the gateway starts have series of their own; those that a reload adds, and those
    /// beyond a hundred, are counted together as `other`.
    init(_ registry: MetricsRegistry, upstreams: some Collection<String> = []) {
        let names = Array(upstreams.sorted().prefix(100))
        upstreamRequests = registry.counter(
            "gateway_upstream_requests_total", help: "Requests to an upstream, by how they ended there.",
            labels: ["upstream": names, "result": ["answered", "failed", "refused"]])
        upstreamRetries = registry.counter(
            "gateway_upstream_retries_total", help: "Attempts after the first.", labels: ["upstream": names])
        upstreamEjections = registry.counter(
            "gateway_upstream_ejections_total", help: "Times an endpoint was left out because it failed.",
            labels: ["upstream": names])
        upstreamEndpoints = registry.gauge(
            "gateway_upstream_endpoints", help: "Endpoints of an upstream, by state.",
            labels: ["upstream": names, "state": ["usable", "unhealthy", "ejected"]])
        mirrored = registry.counter(
            "gateway_mirrored_total", help: "Requests to be sent a second time, by result.",
            labels: ["result": ["answered", "failed", "left_out"]])
        rollbacks = registry.counter(
            "gateway_rollbacks_total", help: "New sides of a split that were taken back because they were worse.")
        let family = registry.counter(
            "gateway_requests_total", help: "Requests answered, by how they ended.",
            labels: ["outcome": Self.outcomes.map(\.1)])
        var requests: [Counter?] = []
        for (outcome, name) in Self.outcomes {
            let number = Int(outcome.rawValue)
            requests += [Counter?](repeating: nil, count: max(0, number + 1 - requests.count))
            requests[number] = family[name]
        }
        self.requests = requests
        duration = registry.histogram(
            "gateway_request_duration_seconds", help: "From a request's head to its answer's end.")
        upstreamDuration = registry.histogram(
            "gateway_upstream_duration_seconds", help: "From sending a request to an upstream to its answer's head.")
        inspectionDuration = registry.histogram(
            "gateway_inspection_duration_seconds", help: "In-band inspection of one request.",
            buckets: [0.000_005, 0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.005, 0.02])
        eventsDropped = registry.counter(
            "gateway_events_dropped_total", help: "Events given up because the broker was away too long.",
            labels: ["kind": ["request", "protected", "storage", "rate_usage"]])
        enforcements = registry.gauge("gateway_enforcements", help: "Decisions in force on this replica.")
        viewers = registry.gauge("gateway_live_viewers", help: "Open live pages.")
        reloads = registry.counter(
            "gateway_routes_reloads_total", help: "Readings of the routes file, by result.",
            labels: ["result": FileOutcome.allCases.map(\.rawValue)])
        routes = registry.gauge("gateway_routes", help: "Routes in force.")
        ruleSet = RuleSetMetrics(registry, of: "gateway")
        routesRefused = registry.gauge(
            "gateway_routes_file_refused", help: "1 while the routes file is not used because something in it is wrong."
        )
        routeSetsRefused = registry.gauge(
            "gateway_route_sets_refused", help: "Route sets of the API that are not used because they do not fit.")
        accessLinesDropped = registry.counter(
            "gateway_access_log_dropped_total", help: "Lines of the access log given up because its reader stalled.")
        certificatesRefused = registry.gauge(
            "gateway_certificates_refused", help: "1 while a certificate's file is not used because it is wrong.")
        certificateExpiry = registry.gauge(
            "gateway_certificate_expires_seconds", help: "When the first of the certificates in use ends, as Unix time."
        )
        challenges = registry.counter(
            "gateway_challenges_total",
            help: "Proofs asked for, given and shown again, and those that were not accepted.",
            labels: ["result": ["asked", "solved", "passed", "refused", "unavailable"]])
        firewall = registry.counter(
            "gateway_firewall_total", help: "Requests a rule of the firewall decided about, by what it said.",
            labels: ["action": FirewallAction.allCases.map(\.rawValue)])
        firewallEntries = registry.gauge("gateway_firewall_entries", help: "Entries of the block lists in force.")
        firewallRefused = registry.gauge(
            "gateway_firewall_files_refused", help: "1 while a file of the firewall is not used because it is wrong.")
        proxyHeadersRefused = registry.counter(
            "gateway_proxy_headers_refused_total", help: "Connections of trusted proxies without a good PROXY header.")
        compressed = registry.counter(
            "gateway_answers_compressed_total", help: "Answers compressed, and those for which no compressor was free.",
            labels: ["coding": ["br", "gzip", "none_free"]])
        cache = CacheMetrics(registry)
        apiCalls = registry.counter(
            "gateway_api_calls_total", help: "Calls under /v1/, by result.",
            labels: ["result": ["ok", "refused", "failed"]])
    }

    func count(_ outcome: RequestOutcome) {
        let number = Int(outcome.rawValue)
        if requests.indices.contains(number) { requests[number]?.increment() }
    }

    func upstream(_ name: String) -> UpstreamMetrics {
        UpstreamMetrics(
            answered: upstreamRequests[name, "answered"], failed: upstreamRequests[name, "failed"],
            refused: upstreamRequests[name, "refused"], retries: upstreamRetries[name],
            ejections: upstreamEjections[name], usable: upstreamEndpoints[name, "usable"],
            unhealthy: upstreamEndpoints[name, "unhealthy"], ejected: upstreamEndpoints[name, "ejected"])
    }
}

/// One upstream's series, looked up once.
struct UpstreamMetrics: Sendable {
    let answered: Counter
    let failed: Counter
    /// By us: too many under way, or the upstream is left alone.
    let refused: Counter
    let retries: Counter
    let ejections: Counter
    private let usable: Gauge
    private let unhealthy: Gauge
    private let ejected: Gauge

    fileprivate init(
        answered: Counter, failed: Counter, refused: Counter, retries: Counter, ejections: Counter, usable: Gauge,
        unhealthy: Gauge, ejected: Gauge
    ) {
        (self.answered, self.failed, self.refused) = (answered, failed, refused)
        (self.retries, self.ejections) = (retries, ejections)
        (self.usable, self.unhealthy, self.ejected) = (usable, unhealthy, ejected)
    }

    func show(_ states: [EndpointState], now: Deadline) {
        usable.set(states.count { $0.isUsable(now: now) })
        unhealthy.set(states.count { !$0.isHealthy })
        ejected.set(states.count { $0.isHealthy && $0.outUntil > now })
    }
}

/// The answers that routes let be stored, of all reactors together.
struct CacheMetrics: Sendable {
    enum Result: String, CaseIterable {
        case hit
        /// Waited for what another request fetched.
        case collapsed
        case stale
        /// Because the upstream failed; it was counted as `expired` before.
        case staleOnError = "stale_on_error"
        case miss
        /// Stored, and the upstream was asked whether it still holds.
        case expired
        case bypass
    }

    private let requests: [Result: Counter]
    let stored: Counter
    let validated: Counter
    let evicted: Counter
    let invalidated: Counter
    let bytes: Gauge
    let entries: Gauge

    init(_ registry: MetricsRegistry) {
        let family = registry.counter(
            "gateway_cache_requests_total", help: "Requests on routes with a cache, by what it did.",
            labels: ["result": Result.allCases.map(\.rawValue)])
        requests = Dictionary(uniqueKeysWithValues: Result.allCases.map { ($0, family[$0.rawValue]) })
        stored = registry.counter("gateway_cache_stored_total", help: "Answers stored.")
        validated = registry.counter(
            "gateway_cache_validated_total", help: "Stored answers of which the upstream said that they still hold.")
        evicted = registry.counter("gateway_cache_evicted_total", help: "Resources that made room for others.")
        invalidated = registry.counter(
            "gateway_cache_invalidated_total", help: "Resources forgotten because an unsafe method changed them.")
        bytes = registry.gauge("gateway_cache_bytes", help: "What stored answers take.")
        entries = registry.gauge("gateway_cache_entries", help: "Resources of which answers are stored.")
    }

    func count(_ result: Result) { requests[result]?.increment() }
}
