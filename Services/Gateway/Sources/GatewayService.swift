import Contracts
import Core
import HTTP
import Inspection
import Messaging
import Reactor
import RuleKeeping
import ServiceKit
import Synchronization
import Telemetry

/// The edge: it serves before broker and database are there, and without them. Then it proxies and inspects with what
/// it knows; decisions, sign-in and the API come back with the broker.
final class GatewayService: Service {
    static let name = ServiceName.gateway
    static let waitsForDependencies = false

    /// What a change of it is called.
    static let ruleSetKey = "inspection.core_rule_set"

    /// Who is banned is known before the first client comes; but nobody waits longer for the database than so.
    private static let databasePatience = Duration.seconds(3)
    private static let retryPause = Duration.seconds(2)
    private static let rollOffPause = Duration.seconds(60)
    /// Changes are said on the bus; this is for when they were not heard.
    private static let routeSetsPause = Duration.seconds(5)
    private static let candidatesPause = Duration.seconds(5)
    private static let farewell = Duration.seconds(1)
    private static let enforcementPage = PageSize(100, atMost: 1_000)

    private let configuration: GatewayConfiguration
    private let runtime: ServiceRuntime
    private let metrics: GatewayMetrics
    private let events: GatewayEvents
    private let state: GatewayState
    private let routeSets: RouteSetCalls
    /// Routes, firewall, rule set, text model, certificates: what is configured of them.
    private let followed: [any FollowsFiles]
    private let isSecure: Bool
    private let accessLog: AccessLog?
    private let candidates: CandidateFollower
    private let writes: StoreQueue
    private let decisions: DecisionEvents
    private let control: ControlEvents
    private let lanes: [RequestLane]
    private let rates: RateGate
    private let sharing: RateSharing
    private let proxy: UpstreamProxy
    private let captcha: CaptchaVerifier?
    private let feed: LiveFeed
    private let handler: GatewayHandler
    private let server: HTTPServer
    private let tasks = Mutex(Tasks())

    /// What runs beside the requests.
    private struct Tasks {
        var background: [TaskHandle] = []
        var events: GatewayEvents.Tasks?
        var writer: TaskHandle?
    }

    init(_ configuration: GatewayConfiguration, _ runtime: ServiceRuntime) async throws {
        let (bus, group, log) = (runtime.bus, runtime.group, runtime.log)
        (self.configuration, self.runtime) = (configuration, runtime)
        let metrics = GatewayMetrics(
            runtime.metrics, upstreams: try RoutesFile.read(path: configuration.routesFile).upstreams.keys)
        let events = GatewayEvents(configuration, bus, metrics, log)
        (self.metrics, self.events) = (metrics, events)

        // What is in force: by the files, by the sets of the API, by the decisions of the others.
        let routes = try RoutesKeeper(
            path: configuration.routesFile, metrics: metrics, log: log, changed: events.changed)
        let state = routes.published
        self.state = state
        routeSets = RouteSetCalls(
            RouteSetStore(database: runtime.database), routes, replica: bus.configuration.replica,
            changed: events.changed)
        let firewall = FirewallKeeper(state, metrics: metrics, log: log)
        let rules = try configuration.coreRuleSet.map { settings in
            try RuleSetKeeper(settings, metrics: metrics.ruleSet, log: log) { events.changed(ConfigurationChanged($0)) }
        }
        let engine = try InspectionEngine.builtIn()
        let models = try InspectionModel.file(configured: configuration.textModel).map { path in
            try TextModelKeeper(path, for: engine, log: log)
        }
        let certificates = try CertificatesKeeper(configuration, metrics: metrics, log: log)
        let kept: [(any FollowsFiles)?] = [routes, firewall, rules, models, certificates]
        (followed, isSecure) = (kept.compactMap { $0 }, certificates != nil)
        candidates = CandidateFollower(bus, engine, rules, state.candidates, log)
        let writes = StoreQueue(
            store: EnforcementStore(database: runtime.database), dropped: metrics.eventsDropped["storage"], log: log)
        self.writes = writes
        decisions = DecisionEvents(
            state: state, replica: bus.configuration.replica, metrics: metrics, log: log,
            store: { writes.offer($0) }, enforced: events.enforced)
        control = ControlEvents(bus, decisions, SigningKeys(state: state, log: log), routes, routeSets, rules, log)

        // The way to the upstreams.
        let upstreams = UpstreamDirectory(group: group, zone: configuration.zone, metrics: metrics, log: log)
        try state.prepareRoutes { routing throws(GatewayFailure) in
            try firewall.use(routing.firewall) { () throws(GatewayFailure) in try upstreams.apply(routing) }
            upstreams.startChecks(on: bus.reactor)
        }
        proxy = try UpstreamProxy(
            directory: upstreams, labyrinth: configuration.labyrinth, group: group,
            caches: AnswerCaches(
                group: group, entries: configuration.cacheEntries, bytes: configuration.cacheSize,
                metrics: metrics.cache), metrics: metrics, log: log)

        // The way of a request.
        lanes = try group.reactors.map { try RequestLane($0, state, rules: rules?.published) }
        rates = RateGate(capacity: configuration.rateKeys)
        sharing = RateSharing(rates, lanes, bus, untold: metrics.eventsDropped["rate_usage"])
        feed = LiveFeed(maximumViewers: configuration.maximumViewers, gauge: metrics.viewers)
        accessLog = try configuration.accessLog.map { path in
            try AccessLog(
                path: path, writesQuery: configuration.accessLogHasQuery, dropped: metrics.accessLinesDropped)
        }
        captcha = try configuration.challenge.captcha.map { try CaptchaVerifier($0, group: group, log: log) }
        let challenges = ChallengeGate(configuration.challenge, captcha: captcha, metrics: metrics)
        let calls: APIDispatcher.Call = { name, payload, principal, trace, deadline in
            try await bus.call(
                name.name, of: name.service, requestSchema: name.requestSchema, payload: payload, principal: principal,
                trace: trace, deadline: deadline)
        }
        let api = APIDispatcher(
            timeout: configuration.apiTimeout, metrics: metrics,
            idempotency: IdempotentCalls(
                IdempotencyStore(database: runtime.database), timeout: configuration.apiTimeout, log: log),
            calls: calls)
        let page = try LivePage(
            assetsDirectory: try AssetsFolder.find(configured: configuration.assetsDirectory), feed: feed,
            node: bus.configuration.replica, timeout: configuration.apiTimeout, challenges: challenges, calls: calls)
        handler = GatewayHandler(
            configuration, lanes: lanes, engine: engine, proxy: proxy, api: api, page: page,
            recorder: RequestRecorder(
                metrics: metrics, feed: feed, accessLog: accessLog, observed: events.observed, blocked: events.blocked),
            rates: rates, challenges: challenges, log: log)
        server = HTTPServer(
            HTTPServerConfiguration(configuration, certificates?.context, metrics, log), group: group, handler: handler)
        AdminRoutes(
            state: state, upstreams: UpstreamReport(upstreams, group: group), keeper: routes, rules: rules,
            firewall: FirewallReport(state: state, keeper: firewall), lanes: lanes, engine: engine
        ).add(to: runtime.admin)
    }

    // MARK: Life

    func start() async throws {
        let reactor = runtime.bus.reactor
        let isLoaded = await reactor.perform { [self] in await loadStored(deadline: .after(Self.databasePatience)) }
        let address = try await server.start()
        if configuration.challenge.secret == nil {
            runtime.log.warning("without challenge.key nothing can be asked of clients: a challenge refuses")
        }
        runtime.log.info("listening", ["address": .describing(address), "tls": .bool(isSecure)])
        let started = Tasks(
            background: [
                reactor.run { [self] in if !isLoaded { await keepLoading() } },
                reactor.run { [self] in await tick() },
                reactor.run { [self] in await sharing.tell() },
            ], events: events.start(on: reactor), writer: writes.start(on: reactor))
        tasks.withLock { $0 = started }
        for files in followed { files.watch(on: reactor) }
        listen()
        serve()
        upkeep()
    }

    /// What the database knows. Every replica does it; none waits for another.
    private func upkeep() {
        runtime.every(Self.routeSetsPause, "route sets") { [routeSets] in try await routeSets.follow() }
        // Without the detector, which may come later, what is in force stays.
        runtime.every(Self.candidatesPause, "candidates") { [candidates] in try? await candidates.follow() }
        let keys = IdempotencyStore(database: runtime.database)
        runtime.every(Self.rollOffPause, "removal of expired idempotency keys") {
            while try await keys.removeExpired() > 0 {}
        }
    }

    private func listen() {
        let live = LiveEvents(feed: feed)
        control.listen()
        runtime.bus.listen(.gatewayLive) { delivery in try live.handle(delivery) }
        runtime.bus.listen(.gatewayRates) { [sharing] delivery in try sharing.hear(delivery) }
    }

    private func serve() {
        routeSets.serve(on: runtime.bus)
        runtime.bus.serve(GatewayRPC.listEnforcements) { [state, runtime] request, _ in
            let all = state.enforcements.current.all.sorted { $0.expires > $1.expires }
            return ListEnforcementsResponse(
                enforcements: all.prefix(Self.enforcementPage.entries(request.limit)).map(Contracts.Enforcement.init),
                total: UInt32(all.count),
                replica: runtime.bus.configuration.replica)
        }
    }

    /// What was in force before the last stop, routes of the API among it. False when the database did not tell.
    private func loadStored(deadline: Deadline? = nil) async -> Bool {
        do {
            let stored = try await EnforcementStore(database: runtime.database).load(now: .now, deadline: deadline)
            state.enforcements.update { table in for enforcement in stored { table.apply(enforcement, now: .now) } }
            metrics.enforcements.set(state.enforcements.current.count)
            // Behind the decisions: a set that cannot be put to use must not let the banned in.
            try await routeSets.follow(deadline: deadline)
            runtime.log.info("what was in force is in force again", ["decisions": .int(stored.count)])
            return true
        } catch {
            runtime.log.debug("what was in force cannot be read yet", ["error": .error(error)])
            return false
        }
    }

    /// The same, as soon as the database answers.
    private func keepLoading() async {
        while !Task.isCancelled, await !loadStored() { try? await Reactor.sleep(for: Self.retryPause) }
    }

    private func tick() async {
        var pressure = AttackPressure(floor: configuration.rateFloor)
        var clock = WallClockWatch()
        while !Task.isCancelled {
            try? await Reactor.sleep(for: .seconds(1))
            decisions.expire(now: .now)
            // What ended by a clock that was wrong may be in force by one that is right.
            if clock.jump() != nil { control.askForDecisions() }
            var pulse = LivePulse()
            for lane in lanes { pulse.add(await lane.reactor.perform { lane.takePulse() }) }
            feed.tick(pulse)
            await proxy.directory.tick()
            pressure.tick(requests: pulse.total, refused: pulse.blocked)
            rates.tighten(pressure.tightening)
        }
    }

    /// Routes, the rule set, the model, certificates and the access log's file; what is wrong is logged, and the old ones stay.
    func reload() async {
        for files in followed { await files.reload(because: "signal") }
        do {
            try accessLog?.reopen()
        } catch {
            runtime.log.error("a new access log is not used", ["error": .error(error)])
        }
    }

    /// First the requests end, then what they said is handed over, as far as the deadline allows.
    func stop(deadline: Deadline) async {
        feed.stop()
        handler.sockets.stop()
        await server.stop(deadline: deadline)
        let running = tasks.withLock { $0 }
        for task in running.background { task.cancel() }
        control.stop()
        for files in followed { files.stop() }
        await proxy.stop()
        await captcha?.stop()
        accessLog?.flush(deadline: .after(.milliseconds(500)))
        // Without a broker there is nobody to wait for: what is spooled is sent by the next process.
        let patience = runtime.bus.state == .connected ? deadline : min(deadline, .after(Self.farewell))
        if let tasks = running.events { await events.stop(tasks, deadline: patience) }
        if let writer = running.writer { await writes.stop(writer, deadline: deadline) }
    }
}
