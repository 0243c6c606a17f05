internal import Core
internal import Outbox
internal import Reactor
internal import ServiceKit
internal import Telemetry

/// What happens because time passes: decisions run out, and questions nobody answered are settled.
///
/// Expiry is each gateway's own business, by the decision's `expires_at`; marking it here is for people and for the
/// escalation of those who come back. Several replicas may sweep at once: each skips the rows another one has locked.
struct ClockSweep: Sendable {
    let runtime: ServiceRuntime
    let policy: ResponsePolicy
    let metrics: AgentCoordinatorMetrics

    func sweep() async throws {
        while true {
            let count = try await DecisionTable().expire(runtime.database, now: runtime.clock.now)
            metrics.expired.increment(by: count)
            if count < 1_000 { break }
        }
        try await settleOverdue()
    }

    private func settleOverdue() async throws {
        let now = runtime.clock.now
        let resolutions = try await runtime.outbox.transaction { transaction in
            let overdue = try await ApprovalTable().overdue(now: now, in: transaction)
            let resolutions = overdue.compactMap {
                Resolution.timeout($0.approval, $0.decision, isStopped: policy.isStopped, now: now)
            }
            var messages: [OutboxMessage] = []
            for resolution in resolutions {
                messages += try await ResolutionWriter().write(resolution, in: transaction)
            }
            return (resolutions, messages)
        }
        for resolution in resolutions {
            metrics.count(resolution, by: Resolution.byTimeout)
            runtime.log.info("nobody answered in time", resolution.decision.logFields)
        }
    }
}
