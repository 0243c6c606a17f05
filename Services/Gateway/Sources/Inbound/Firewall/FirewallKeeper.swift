import Core
import Reactor
import ServiceKit
import Telemetry

/// Keeps the firewall in force the same as its rules and the files they name: new rules come with new routes, lists and
/// the country database are read again when they change. What is bad is refused and told, the old stays in force.
///
/// Reading ends with one swap of a reference: a list of a million entries holds up no request.
final class FirewallKeeper: FollowsFiles {
    struct InForce: Sendable {
        var files = FirewallFiles()
        var plan = FirewallPlan()
    }

    private let state: GatewayState
    private let metrics: GatewayMetrics
    let files: FileKeeper<InForce>

    init(_ state: GatewayState, metrics: GatewayMetrics, log: Logger) {
        (self.state, self.metrics) = (state, metrics)
        files = FileKeeper(
            "firewall", InForce(), files: { $0.plan.files }, log: log,
            concluded: { metrics.firewallRefused.set($0 == .refused ? 1 : 0) },
            read: { inForce, _ in
                let before = inForce.files.digests
                try Self.load(inForce.plan, into: &inForce, state, metrics) {}
                return inForce.files.digests == before ? nil : [:]
            })
    }

    /// Puts the rules of new routes in force, or throws why that cannot be. `others` is what has to succeed with it. To be
    /// called where waiting is allowed.
    func use(_ plan: FirewallPlan, with others: () throws(GatewayFailure) -> Void) throws(GatewayFailure) {
        try files.change { inForce throws(GatewayFailure) in
            try Self.load(plan, into: &inForce, state, metrics, with: others)
            return [:]
        }
    }

    private static func load(
        _ plan: FirewallPlan, into inForce: inout InForce, _ state: GatewayState, _ metrics: GatewayMetrics,
        with others: () throws(GatewayFailure) -> Void
    ) throws(GatewayFailure) {
        let known = state.firewall.current.rules.map { ($0.rule.name, $0.hits) }
        var fresh = inForce.files
        let firewall = try fresh.load(plan, hits: Dictionary(known) { first, _ in first })
        try others()
        inForce = InForce(files: fresh, plan: plan)
        state.firewall.update { $0 = firewall }
        metrics.firewallEntries.set(fresh.entryCount)
    }
}
