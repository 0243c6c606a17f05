import Telemetry

/// Every metric of auth and the label values it may have.
struct AuthMetrics: Sendable {
    enum SignIn: String, CaseIterable { case issued, wrong, delayed, disabled, reused, expired, busy }

    let signIns: CounterFamily
    let revocations: Counter
    let hashDuration: Histogram

    init(_ registry: MetricsRegistry) {
        signIns = registry.counter(
            "auth_sign_ins_total", help: "Attempts to get a token, by how they ended.",
            labels: [
                "grant": ["password", "client_credentials", "refresh_token"],
                "outcome": SignIn.allCases.map(\.rawValue),
            ])
        revocations = registry.counter("auth_revocations_total", help: "Sessions ended before their time.")
        hashDuration = registry.histogram(
            "auth_secret_hash_seconds", help: "Waiting for and computing one password hash.",
            buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5])
    }
}

extension AuthMetrics {
    func countRevocation() { revocations.increment() }

    func count(_ grant: Grant, _ outcome: SignIn) {
        let name =
            switch grant {
            case .password: "password"
            case .clientCredentials: "client_credentials"
            case .refreshToken: "refresh_token"
            }
        signIns[name, outcome.rawValue].increment()
    }
}
