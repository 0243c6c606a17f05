/// What is counted, by the name it has in storage, in series and in Prometheus.
enum Measure: String, CaseIterable, Sendable {
    case requests, blocked, diverted, throttled
    case clientErrors = "client_errors"
    case serverErrors = "server_errors"
    case requestBytes = "request_bytes"
    case responseBytes = "response_bytes"
    case threats
    case incidentsOpened = "incidents_opened"
    case decisions
    case intruderSteps = "intruder_steps"
    case loginsFailed = "logins_failed"
    case tokensIssued = "tokens_issued"
    /// With a key: the bucket of `LatencySketch`.
    case latency
    /// With a key: the attack category's number.
    case category
    /// With a key: whom a threat is about.
    case attacker

    var hasKey: Bool { [.latency, .category, .attacker].contains(self) }
}
