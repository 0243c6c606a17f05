import Core
import RuleKeeping
import Telemetry

/// Every metric of the detector and the values its labels may have.
struct DetectorMetrics: Sendable {
    let requests: Counter
    let reinspected: Counter
    let threats: CounterFamily
    let incidents: CounterFamily
    let clients: Gauge
    let partitions: Gauge
    let openIncidents: Gauge
    let refusedIncidents: Gauge
    let lag: Histogram
    let failures: CounterFamily
    let ruleSet: RuleSetMetrics

    init(_ registry: MetricsRegistry) {
        requests = registry.counter("detector_requests", help: "Observed requests judged.")
        reinspected = registry.counter(
            "detector_requests_reinspected", help: "Requests that the gateway had not inspected.")
        threats = registry.counter(
            "detector_threats", help: "Threats told, by category.",
            labels: ["category": ThreatCategory.allCases.map { "\($0)" }])
        incidents = registry.counter(
            "detector_incidents", help: "Incidents, by what happened to them.",
            labels: ["change": ["opened", "updated", "resolved", "merged", "contained"]])
        clients = registry.gauge("detector_clients", help: "Clients remembered.")
        partitions = registry.gauge("detector_partitions", help: "Partitions of the request stream read here.")
        openIncidents = registry.gauge("detector_incidents_open", help: "Incidents open.")
        refusedIncidents = registry.gauge(
            "detector_incidents_refused", help: "Threats without an incident, because too many are open.")
        lag = registry.histogram(
            "detector_lag_seconds", help: "From a request's answer to its judgement.")
        failures = registry.counter(
            "detector_failures", help: "What could not be done, and is tried again.",
            labels: ["operation": ["save", "checkpoint", "expire", "adopt", "partitions"]])
        ruleSet = RuleSetMetrics(registry, of: "detector")
    }

    func count(_ event: DetectionEvent) {
        switch event {
        case .threat(let threat): threats["\(threat.category)"].increment()
        case .opened: incidents["opened"].increment()
        case .updated(_, .resolved, _): incidents["resolved"].increment()
        case .updated(_, .merged, _): incidents["merged"].increment()
        case .updated: incidents["updated"].increment()
        case .contained: incidents["contained"].increment()
        }
    }
}
