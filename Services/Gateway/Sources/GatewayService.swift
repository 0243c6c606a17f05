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

    private static let callPatience = Duration.seconds(10)
    private static let retryPause = Duration.seconds(2)
    /// Who is banned is known before the first client comes; but nobody waits longer for the database than so.
    private static let databasePatience = Duration.seconds(3)
    private static let rollOffPause = Duration.seconds(60)
    /// Changes are said on the bus; this is for when they were not heard.
    private static let routeSetsPause = Duration.seconds(5)
    private static let farewell = Duration.seconds(1)
    private static let candidatesPause = Duration.seconds(5)
    private static let decisionsPerPage: UInt32 = 500
    private static let enforcementPage = PageSize(100, atMost: 1_000)
    /// What a change of it is called.
    static let ruleSetKey = "inspection.core_rule_set"

    private let configuration: GatewayConfiguration
    private let runtime: ServiceRuntime
    private let state: GatewayState
    private let routes: RoutesKeeper
    private let routeSets: RouteSetCalls
    private let firewall: FirewallKeeper
    private let rules: RuleSetKeeper?
    private let models: TextModelKeeper?
    private let candidates: CandidateFollower
    private let accessLog: AccessLog?
    private let metrics: GatewayMetrics
    private let feed: LiveFeed
    private let lanes: [RequestLane]
    private let handler: GatewayHandler
    private let rates: RateGate
    private let sharing: RateSharing
    private let server: HTTPServer
    private let proxy: UpstreamProxy
    private let captcha: CaptchaVerifier?
    private let certificates: CertificatesKeeper?
    private let batcher: EventBatcher
    private let protected: EventSpool
    private let ordinary: EventSpool
    private let writes: StoreQueue
    private let decisions: DecisionEvents
    private let keys: SigningKeys
    private let tasks = Mutex(Tasks())

    /// What runs beside the requests.
    private struct Tasks {
        var background: [TaskHandle] = []
        var protected: EventSpool.Tasks?
        var ordinary: EventSpool.Tasks?
        var writer: TaskHandle?
    }

    init(_ configuration: GatewayConfiguration, _ runtime: ServiceRuntime) async throws {
        let bus = runtime.bus
        self.configuration = configuration
        self.runtime = runtime
        let metrics = GatewayMetrics(
            runtime.metrics, upstreams: try RoutesFile.read(path: configuration.routesFile).upstreams.keys)
        let feed = LiveFeed(maximumViewers: configuration.maximumViewers, gauge: metrics.viewers)
        let ordinary = Spools.ordinary(configuration, bus, metrics, runtime.log)
        let batcher = EventBatcher(bus: bus, topic: .requestsObserved, overflow: { ordinary.offer(SpoolRecord($0)) })
        let protected = Spools.protected(configuration, bus, metrics, runtime.log)
        let changed: @Sendable (ConfigurationChanged) -> Void = { change in
            var change = change
            change.replica = bus.configuration.replica
            protected.offer(SpoolRecord(.configurationChanged, change, key: change.service, trace: nil))
        }
        let routes = try RoutesKeeper(
            path: configuration.routesFile, metrics: metrics, log: runtime.log, changed: changed)
        routeSets = RouteSetCalls(
            RouteSetStore(database: runtime.database), routes, replica: bus.configuration.replica, changed: changed)
        let rules = try configuration.coreRuleSet.map { settings in
            try RuleSetKeeper(settings, metrics: metrics.ruleSet, log: runtime.log) { found in
                changed(
                    ConfigurationChanged(
                        eventID: UUIDv7(), changedAt: .now, service: ServiceName.gateway.operatorName,
                        keys: [Self.ruleSetKey], origin: found.origin, previousDigest: found.previousDigest,
                        currentDigest: found.currentDigest))
            }
        }
        self.rules = rules
        let state = routes.published
        let accessLog = try configuration.accessLog.map { path in
            try AccessLog(
                path: path, writesQuery: configuration.accessLogHasQuery, dropped: metrics.accessLinesDropped)
        }
        (self.routes, self.accessLog) = (routes, accessLog)
        let writes = StoreQueue(
            store: EnforcementStore(database: runtime.database), dropped: metrics.eventsDropped["storage"],
            log: runtime.log)
        let calls: APIDispatcher.Call = { name, payload, principal, trace, deadline in
            try await bus.call(
                name.name, of: name.service, requestSchema: name.requestSchema, payload: payload, principal: principal,
                trace: trace, deadline: deadline)
        }
        (self.metrics, self.state, self.feed, self.batcher) = (metrics, state, feed, batcher)
        (self.protected, self.ordinary, self.writes) = (protected, ordinary, writes)
        keys = SigningKeys(state: state, log: runtime.log)
        decisions = DecisionEvents(
            state: state, replica: bus.configuration.replica, metrics: metrics, log: runtime.log,
            store: { writes.offer($0) },
            enforced: { event in
                protected.offer(
                    SpoolRecord(.decisionEnforced, event, key: event.decisionID.description, trace: nil))
            })
        lanes = try runtime.group.reactors.map { try RequestLane($0, state, rules: rules?.published) }
        rates = RateGate(capacity: configuration.rateKeys)
        sharing = RateSharing(rates, lanes, bus, untold: metrics.eventsDropped["rate_usage"])
        let upstreams = UpstreamDirectory(
            group: runtime.group, zone: configuration.zone, metrics: metrics, log: runtime.log)
        let reactor = bus.reactor
        let firewall = FirewallKeeper(state, metrics: metrics, log: runtime.log)
        self.firewall = firewall
        try state.prepareRoutes { routing throws(GatewayFailure) in
            try firewall.use(routing.firewall) { () throws(GatewayFailure) in try upstreams.apply(routing) }
            upstreams.startChecks(on: reactor)
        }
        let proxy = try UpstreamProxy(
            directory: upstreams, labyrinth: configuration.labyrinth, group: runtime.group,
            caches: AnswerCaches(
                group: runtime.group, entries: configuration.cacheEntries, bytes: configuration.cacheSize,
                metrics: metrics.cache), metrics: metrics, log: runtime.log)
        self.proxy = proxy
        let captcha = try configuration.challenge.captcha.map { settings in
            try CaptchaVerifier(settings, group: runtime.group, log: runtime.log)
        }
        let challenges = ChallengeGate(configuration.challenge, captcha: captcha, metrics: metrics)
        self.captcha = captcha
        let engine = try InspectionEngine.builtIn()
        models = try InspectionModel.file(configured: configuration.textModel).map { path in
            try TextModelKeeper(path, for: engine, log: runtime.log)
        }
        candidates = CandidateFollower(bus, engine, rules, state.candidates, runtime.log)
        let recorder = RequestRecorder(
            metrics: metrics, feed: feed, accessLog: accessLog,
            observed: { event in
                if !batcher.offer(event, key: event.client) { metrics.eventsDropped["request"].increment() }
            },
            blocked: { event, trace in
                protected.offer(
                    SpoolRecord(.requestBlocked, event, key: event.clientAddress.description, trace: trace))
            })
        handler = GatewayHandler(
            configuration, lanes: lanes, engine: engine, proxy: proxy,
            api: APIDispatcher(
                timeout: configuration.apiTimeout, metrics: metrics,
                idempotency: IdempotentCalls(
                    IdempotencyStore(database: runtime.database), timeout: configuration.apiTimeout, log: runtime.log),
                calls: calls),
            page: try LivePage(
                assetsDirectory: try AssetsFolder.find(configured: configuration.assetsDirectory), feed: feed,
                node: bus.configuration.replica, timeout: configuration.apiTimeout, challenges: challenges, calls: calls
            ),
            recorder: recorder, rates: rates, challenges: challenges, log: runtime.log)
        certificates = try CertificatesKeeper(configuration, metrics: metrics, log: runtime.log)
        server = HTTPServer(
            HTTPServerConfiguration(configuration, certificates?.context, metrics, runtime.log), group: runtime.group,
            handler: handler)
        AdminRoutes(
            state: state, upstreams: UpstreamReport(upstreams, group: runtime.group), keeper: routes, rules: rules,
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
        runtime.log.info("listening", ["address": .describing(address), "tls": .bool(certificates != nil)])
        let started = Tasks(
            background: [
                reactor.run { [self] in if !isLoaded { await keepLoading() } },
                reactor.run { [self] in await tick() },
                reactor.run { [self] in await sharing.tell() },
            ], protected: protected.start(on: reactor), ordinary: ordinary.start(on: reactor),
            writer: writes.start(on: reactor))
        tasks.withLock { $0 = started }
        routes.watch(on: reactor)
        rules?.watch(on: reactor)
        models?.watch(on: reactor)
        firewall.watch(on: reactor)
        certificates?.watch(on: reactor)
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
        runtime.bus.listen(.gatewayControl, started: { [self] in await catchUp() }) { [self] delivery in
            try handleControl(delivery)
        }
        runtime.bus.listen(.gatewayLive) { delivery in try live.handle(delivery) }
        runtime.bus.listen(.gatewayRates) { [sharing] delivery in try sharing.hear(delivery) }
    }

    private func handleControl(_ delivery: Delivery) throws {
        switch delivery.schema {
        case DecisionMade.schema:
            for event in try delivery.decode(as: DecisionMade.self) { event.decision.map(decisions.apply) }
        case DecisionReverted.schema:
            for event in try delivery.decode(as: DecisionReverted.self) {
                if let decision = event.decision { decisions.revert(decision.decisionID) }
            }
        case SigningKeysRotated.schema:
            for event in try delivery.decode(as: SigningKeysRotated.self) { keys.replace(event.keys) }
        case RevocationIssued.schema:
            for event in try delivery.decode(as: RevocationIssued.self) { keys.revoke(event) }
        case ConfigurationChanged.schema:
            for event in try delivery.decode(as: ConfigurationChanged.self) { follow(event) }
        default: break
        }
    }

    /// Another replica runs with a new file: where files are shared, ours is new too.
    private func follow(_ event: ConfigurationChanged) {
        let bus = runtime.bus
        guard event.service == Self.name.operatorName, event.replica != bus.configuration.replica else { return }
        bus.reactor.run { [self] in
            // What fails now is done in `upkeep`.
            if event.keys.contains(where: { $0.hasPrefix(RouteSetCalls.changedKey) }) { try? await routeSets.follow() }
            if event.keys.contains("routes") { await routes.reload(because: "bus") }
            if event.keys.contains(Self.ruleSetKey) { await rules?.reload(because: "bus") }
        }
    }

    /// What was said while nobody here listened. Each owner is asked until it answers: a fresh stack starts in any order.
    private func catchUp() async {
        let bus = runtime.bus
        await ask("signing keys") { [self] in
            let answer = try await bus.call(
                AuthRPC.getSigningKeys, GetSigningKeysRequest(), deadline: .after(Self.callPatience))
            keys.replace(answer.keys)
        }
        await ask("revocations") { [self] in
            let answer = try await bus.call(
                AuthRPC.listRevocations, ListRevocationsRequest(limit: 10_000), deadline: .after(Self.callPatience))
            for revocation in answer.revocations { keys.revoke(revocation) }
        }
        await askForDecisions()
    }

    private func askForDecisions() async {
        let bus = runtime.bus
        await ask("decisions") { [self] in
            var cursor = ""
            repeat {
                let answer = try await bus.call(
                    AgentCoordinatorRPC.listDecisions,
                    ListDecisionsRequest(limit: Self.decisionsPerPage, cursor: cursor, activeOnly: true),
                    deadline: .after(Self.callPatience))
                for decision in answer.decisions { decisions.apply(decision) }
                cursor = answer.nextCursor
            } while !cursor.isEmpty
        }
    }

    /// In the background: what is asked for must not hold up what is being said.
    private func ask(_ what: String, _ work: @escaping @Sendable () async throws -> Void) async {
        let log = runtime.log
        let task = runtime.bus.reactor.run {
            while !Task.isCancelled {
                do {
                    return try await work()
                } catch {
                    log.info("asking again soon", ["for": .string(what), "error": .error(error)])
                }
                try? await Reactor.sleep(for: Self.retryPause)
            }
        }
        tasks.withLock { tasks in
            tasks.background.removeAll { $0.isCancelled }
            tasks.background.append(task)
        }
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
            if clock.jump() != nil { await askForDecisions() }
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
        await routes.reload(because: "signal")
        await firewall.reload(because: "signal")
        await rules?.reload(because: "signal")
        await models?.reload(because: "signal")
        await certificates?.reload(because: "signal")
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
        routes.stop()
        rules?.stop()
        models?.stop()
        firewall.stop()
        certificates?.stop()
        await proxy.stop()
        await captcha?.stop()
        accessLog?.flush(deadline: .after(.milliseconds(500)))
        // Without a broker there is nobody to wait for: what is spooled is sent by the next process.
        let patience = runtime.bus.state == .connected ? deadline : min(deadline, .after(Self.farewell))
        await batcher.stop(deadline: patience)
        if let tasks = running.protected { await protected.stop(tasks, deadline: patience) }
        if let tasks = running.ordinary { await ordinary.stop(tasks, deadline: patience) }
        if let writer = running.writer { await writes.stop(writer, deadline: deadline) }
    }
}
