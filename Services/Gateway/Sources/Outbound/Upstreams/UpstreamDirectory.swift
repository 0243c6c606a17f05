import Core
import HTTP
import Reactor
import Synchronization
import Telemetry

/// Every upstream and split of the routes in force. A new routes file keeps what it does not change: connections,
/// health, ejections and rollbacks survive a reload.
final class UpstreamDirectory: Sendable {
    struct Table: Sendable {
        var upstreams: [String: LiveUpstream] = [:]
        var splits: [String: LiveSplit] = [:]
        /// What the last reload removed: requests that were matched before it are still on their way there.
        var leaving: [String: LiveUpstream] = [:]
    }

    /// One reactor's copy. Confined to it, which is what makes it Sendable.
    final class Lane: @unchecked Sendable {
        private let directory: UpstreamDirectory
        private var table: PublishedReader<Table>
        /// Asked for last, which is nearly always asked for next: a name is compared faster than it is hashed.
        private var last: (name: String, upstream: LiveUpstream, version: UInt64)?

        init(_ directory: UpstreamDirectory) {
            self.directory = directory
            table = PublishedReader(directory.table)
        }

        func upstream(_ name: String) -> LiveUpstream? {
            let version = directory.table.currentVersion
            if let last, last.version == version, last.name == name { return last.upstream }
            let table = table.read()
            guard let found = table.upstreams[name] ?? table.leaving[name] else { return nil }
            last = (name, found, version)
            return found
        }
        func split(_ name: String) -> LiveSplit? { table.read().splits[name] }
    }

    let table = Published(Table())
    private let group: ReactorGroup
    private let zone: String?
    private let metrics: GatewayMetrics
    private let log: Logger
    private let checks = Mutex<[String: (upstream: LiveUpstream, tasks: [TaskHandle])]>([:])

    init(group: ReactorGroup, zone: String? = nil, metrics: GatewayMetrics, log: Logger) {
        self.group = group
        self.zone = zone
        self.metrics = metrics
        self.log = log
    }

    /// All of it or, when something cannot be had (a certificate that is not there), nothing.
    func apply(_ routing: Routing) throws(GatewayFailure) {
        let old = table.current
        var next = Table()
        var problems: [String] = []
        for (name, settings) in routing.upstreams {
            if let known = old.upstreams[name], known.settings == settings {
                next.upstreams[name] = known
                continue
            }
            do throws(GatewayFailure) {
                next.upstreams[name] = try LiveUpstream(settings, group: group, zone: zone, metrics: metrics)
            } catch {
                if case .routes(let reasons) = error { problems += reasons }
            }
        }
        guard problems.isEmpty else { throw .routes(problems.sorted()) }
        for route in routing.routes.routes.map(\.route) {
            guard let split = route.split else { continue }
            let known = old.splits[route.name]
            next.splits[route.name] =
                known?.settings == split
                ? known : LiveSplit(route.name, split, reactors: group.reactors.count)
        }
        next.leaving = old.upstreams.filter { next.upstreams[$0.key] == nil }
        let applied = next
        table.update { $0 = applied }
    }

    // MARK: Checks

    /// Begins to ask the endpoints of upstreams that want it, and ends asking those that are gone. Again after each
    /// `apply`.
    func startChecks(on reactor: Reactor) {
        let wanted = table.current.upstreams.filter { $0.value.settings.health != nil }
        checks.withLock { checks in
            for (name, check) in checks where wanted[name] !== check.upstream {
                for task in check.tasks { task.cancel() }
                checks[name] = nil
            }
            for (name, upstream) in wanted where checks[name] == nil {
                let checker = HealthChecker(upstream, group: group, log: log)
                let tasks = upstream.endpoints.indices.map { index in
                    reactor.run { await checker.watch(index) }
                }
                checks[name] = (upstream, tasks)
            }
        }
    }

    func stop() async {
        let tasks = checks.withLock { checks in
            defer { checks = [:] }
            return checks.values.flatMap(\.tasks)
        }
        for task in tasks { task.cancel() }
        for upstream in table.current.upstreams.values { await upstream.client.stop() }
    }

    // MARK: Once a second

    func tick() async {
        let table = table.current
        for split in table.splits.values { await judge(split) }
        for upstream in table.upstreams.values { upstream.metrics.show(upstream.board.states.current, now: .now) }
    }

    private func judge(_ split: LiveSplit) async {
        var samples = Array(repeating: ArmSample(), count: split.settings.arms.count)
        for reactor in group.reactors {
            let lane = split.lane(reactor.index)
            for (arm, sample) in await reactor.perform({ lane.take() }).enumerated() {
                samples[arm] = samples[arm] + sample
            }
        }
        for (arm, verdict) in split.judge(samples, now: .now) {
            metrics.rollbacks.increment()
            log.error(
                "a new side of a split is worse; its share goes back to the first",
                [
                    "route": .string(split.name), "upstream": .string(split.settings.arms[arm].upstream),
                    "reason": .string("\(verdict)"),
                ])
        }
    }
}
