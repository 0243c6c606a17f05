internal import ServiceKit
package import Telemetry

/// What a service with a rule set tells of it.
package struct RuleSetMetrics: Sendable {
    private let reloads: CounterFamily
    private let rules: Gauge
    private let refused: Gauge

    /// `service` begins the names.
    package init(_ registry: MetricsRegistry, of service: String) {
        reloads = registry.counter(
            "\(service)_rule_set_reloads", help: "Readings of the rule set's files, by result.",
            labels: ["result": FileOutcome.allCases.map(\.rawValue)])
        rules = registry.gauge("\(service)_rule_set_rules", help: "Rules of the rule set in force.")
        refused = registry.gauge(
            "\(service)_rule_set_refused", help: "1 while the rule set's files are not what is in force.")
    }

    func note(_ inForce: RuleSetKeeper.InForce) { rules.set(inForce.ruleCount) }

    func note(_ outcome: FileOutcome) {
        reloads[outcome.rawValue].increment()
        refused.set(outcome == .refused ? 1 : 0)
    }
}
