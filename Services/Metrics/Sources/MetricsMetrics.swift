import Telemetry

/// What Prometheus reads of the whole suite's traffic, as far as this replica counted it.
struct MetricsMetrics: Sendable {
    private let counted: CounterFamily

    init(_ registry: MetricsRegistry) {
        counted = registry.counter(
            "infinite_observed_total", help: "What the suite observed, counted by this replica.",
            labels: ["measure": Measure.allCases.filter { !$0.hasKey }.map(\.rawValue)])
    }

    /// To be called when the tally is stored.
    func add(_ tally: Tally) {
        for measure in Measure.allCases where !measure.hasKey {
            let amount = tally.total(of: measure)
            if amount > 0 { counted[measure.rawValue].increment(by: Int(clamping: amount)) }
        }
    }
}
