import Core
import Reactor
import Synchronization
import Telemetry

/// Keeps the firewall in force the same as its rules and the files they name: new rules come with new routes, lists and
/// the country database are read again when they change. What is bad is refused and told, the old stays in force.
///
/// Reading happens on a thread of its own and ends with one swap of a reference: a list of a million entries holds up no
/// request.
final class FirewallKeeper: Sendable {
    struct Status: Sendable {
        var files: [String: FirewallFiles.File] = [:]
        var plan = FirewallPlan()
        /// Of the files as they were when last read; nil when those are in force.
        var refused: (at: Timestamp, problems: [String])?
    }

    private let state: GatewayState
    private let metrics: GatewayMetrics
    private let log: Logger
    private let threads = BlockingThreads(maximum: 1, queueLimit: 16)
    /// Held as long as reading takes: only by threads that may wait.
    private let reading = Mutex(FirewallFiles())
    private let current = Mutex(Status())
    private let follower: Mutex<FileFollower?> = Mutex(nil)

    init(_ state: GatewayState, metrics: GatewayMetrics, log: Logger) {
        (self.state, self.metrics, self.log) = (state, metrics, log)
    }

    var status: Status { current.withLock { $0 } }

    /// Puts the rules of new routes in force, or throws why that cannot be. `others` is what has to succeed with it. To be
    /// called where waiting is allowed.
    func use(_ plan: FirewallPlan, with others: () throws(GatewayFailure) -> Void) throws(GatewayFailure) {
        try load(plan, with: others)
        follower.withLock { $0?.follow(plan.files) }
    }

    private func load(
        _ plan: FirewallPlan?, with others: () throws(GatewayFailure) -> Void
    ) throws(GatewayFailure) {
        try reading.withLock { files throws(GatewayFailure) in
            let plan = plan ?? status.plan
            let known = state.firewall.current.rules.map { ($0.rule.name, $0.hits) }
            var fresh = files
            let firewall = try fresh.load(plan, hits: Dictionary(known) { first, _ in first })
            try others()
            files = fresh
            current.withLock { $0 = Status(files: fresh.files, plan: plan) }
            state.firewall.update { $0 = firewall }
            metrics.firewallRefused.set(0)
            metrics.firewallEntries.set(fresh.entryCount)
        }
    }

    /// One of the files may have changed.
    func reload(because origin: String) async {
        // As many readings as may wait do wait: one of them will see this change too.
        try? await threads.run { [self] in readAgain(because: origin) }
    }

    private func readAgain(because origin: String) {
        let before = status.files.mapValues(\.digest)
        do throws(GatewayFailure) {
            try load(nil) {}
            guard status.files.mapValues(\.digest) != before else { return }
            log.info("the firewall's files were read again", ["because": .string(origin)])
        } catch {
            let problems = error.problems
            current.withLock { $0.refused = (.now, problems) }
            metrics.firewallRefused.set(1)
            log.error(
                "the firewall's new files are not used", ["because": .string(origin), "problems": .list(problems)])
        }
    }

    /// From now on, until `stop`, a change of a file is noticed.
    func watch(on reactor: Reactor) {
        let following = FileFollower("the firewall", on: reactor, log: log) { [self] in await reload(because: "file") }
        following.follow(status.plan.files)
        follower.withLock { $0 = following }
    }

    func stop() { follower.withLock { $0?.stop() } }
}
