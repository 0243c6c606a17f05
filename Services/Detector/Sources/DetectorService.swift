import Core
import Inspection
import Messaging
import Reactor
import RuleKeeping
import ServiceKit
import Synchronization
import Telemetry

/// The judgement service: consumes what the gateways observed, publishes threats and incidents, answers about them.
final class DetectorService: Service {
    static let name = ServiceName.detector

    private let configuration: DetectorConfiguration
    private let runtime: ServiceRuntime
    private let metrics: DetectorMetrics
    private let rules: RuleSetKeeper?
    private let judge: Judge
    private let models: TextModelKeeper?
    private let journal: Journal
    private let incidents: IncidentStore
    private let threats: ThreatStore
    private let profiles: ClientProfileStore
    private let crowds: CrowdStore

    init(_ configuration: DetectorConfiguration, _ runtime: ServiceRuntime) async throws {
        self.configuration = configuration
        self.runtime = runtime
        let metrics = DetectorMetrics(runtime.metrics)
        self.metrics = metrics
        rules = try configuration.coreRuleSet.map { settings in
            try RuleSetKeeper(settings, metrics: metrics.ruleSet, log: runtime.log)
        }
        let judge = try Judge(configuration.detection)
        self.judge = judge
        models = try InspectionModel.file(configured: configuration.textModel).map { path in
            try TextModelKeeper(path, for: judge.inspector.engine, log: runtime.log)
        }
        journal = Journal(runtime.outbox, metrics)
        incidents = IncidentStore(runtime.database)
        threats = ThreatStore(runtime.database)
        profiles = ClientProfileStore(runtime.database)
        crowds = CrowdStore(runtime.database)
    }

    func start() async throws {
        try await remember()
        let feedback = FeedbackCalls(threats, FeedbackStore(runtime.database), clock: runtime.clock)
        feedback.serve(on: runtime.bus)
        IncidentCalls(judge, incidents, threats, journal, feedback, clock: runtime.clock).serve(on: runtime.bus)
        AnalyzeCall(Examiner(judge.inspector.engine, rules: rules?.published)).serve(on: runtime.bus)
        watchRules()
        try await watchIndicators()
        await followCandidates()
        let keeper = PartitionKeeper(
            runtime.bus, judge, journal, profiles, ReplicaStore(runtime.database), metrics, runtime.log,
            clock: runtime.clock, configuration)
        // Stopped in reverse: nothing more is read, then the last checkpoint is made, then the others may take over.
        keepHouse(leaving: keeper)
        watchModel()
        consume(keeper)
    }

    static func problems(with configuration: DetectorConfiguration) -> [String] {
        do throws(InspectionFailure) {
            _ = try configuration.coreRuleSet?.load()
            return []
        } catch {
            return ["inspection.core_rule_set: \(error)"]
        }
    }

    func reload() async {
        await rules?.reload(because: "signal")
        await models?.reload(because: "signal")
    }

    /// Everything that was started is in the lifecycle, which stops it.
    func stop(deadline: Deadline) async {}

    /// What the process before this one knew. The clients of a partition are read back with its first batch.
    private func remember() async throws {
        let since = runtime.clock.now + (.zero - configuration.detection.incidents.quietAfter)
        let open = try await incidents.open(since: since, limit: configuration.detection.incidents.capacity)
        judge.restore(
            seed: try await profiles.seed(), open,
            try await crowds.load(since: runtime.clock.now + (.zero - Crowds.halfLife)))
        let others = ClientTable.noPartition
        judge.restore(
            try await profiles.load(partition: others, limit: configuration.detection.clientCapacity), of: others)
        runtime.log.info("judgement resumes", ["open_incidents": .int(open.count)])
    }

    private func consume(_ keeper: PartitionKeeper) {
        let events = SecurityEvents(judge, journal)
        let consumer = runtime.bus.consume(.events(of: .detector)) { try await events.handle($0) }
        let task = runtime.group.next().run { await keeper.run() }
        runtime.lifecycle.started("consumers") { deadline in
            task.cancel()
            await task.value()
            await keeper.stop(deadline: deadline)
            await consumer.stop(deadline: deadline)
        }
    }

    private func watchRules() {
        guard let rules else { return }
        rules.watch(on: runtime.group.next())
        runtime.lifecycle.started("rule set") { _ in rules.stop() }
    }

    private func watchIndicators() async throws {
        let store = IndicatorStore(runtime.database)
        let intelligence = Intelligence(judge, store, incidents, clock: runtime.clock)
        intelligence.serve(on: runtime.bus)
        let folder = configuration.indicatorFolder.map {
            IndicatorFolder(
                $0, lifetime: configuration.indicatorLifetime, store, runtime.log, clock: runtime.clock)
        }
        let version = Mutex<String?>(nil)
        let look = { @Sendable () async throws in
            try await folder?.look()
            let current = try await intelligence.refresh(knowing: version.withLock { $0 })
            version.withLock { $0 = current }
        }
        _ = try? await look()
        runtime.every(configuration.indicatorInterval, "reading of indicators") {
            try await look()
            try await store.forget(before: self.runtime.clock.now)
        }
    }

    private func followCandidates() async {
        let calls = CandidateCalls(
            judge, CandidateStore(runtime.database), TrialStore(runtime.database), runtime.log, clock: runtime.clock,
            shadowClients: configuration.shadowClients)
        calls.serve(on: runtime.bus)
        do { try await calls.follow() } catch {
            runtime.log.warning(
                "the configured settings judge until the candidates can be read", ["reason": .error(error)])
        }
        runtime.every(configuration.saveEvery, "following of candidates") { try await calls.follow() }
    }

    private func keepHouse(leaving keeper: PartitionKeeper) {
        let house = Housekeeping(
            judge, journal, profiles, crowds, incidents, threats, metrics, runtime.log, clock: runtime.clock,
            configuration)
        let task = runtime.group.next().run { await house.run() }
        runtime.lifecycle.started("housekeeping") { _ in
            task.cancel()
            await task.value()
            await house.finish()
            await keeper.leave()
        }
    }

    private func watchModel() {
        guard let models else { return }
        models.watch(on: runtime.group.next())
        runtime.lifecycle.started("text model") { _ in models.stop() }
    }
}
