internal import Core
internal import Database
internal import Messaging
internal import Outbox
internal import Reactor
internal import Telemetry

/// Broker and database of a service with what rests on both, and how they are watched. Nothing here fails when they are
/// away: the service is not ready, says so, and goes on when they come.
struct Dependencies: Sendable {
    let bus: Bus
    let database: Database
    let outbox: Outbox
    let inbox: Inbox
    let monitors: [DependencyMonitor]
    private let log: Logger

    private static let pruneInterval = Duration.seconds(60)

    init(
        _ configuration: KitConfiguration, service: ServiceName, group: ReactorGroup, log: Logger,
        metrics: MetricsRegistry
    ) throws {
        let bus = Bus(
            configuration: try configuration.bus.configuration(), service: service, group: group, logger: log,
            metrics: metrics)
        let database = Database(configuration.database.login, group: group)
        let schema = SchemaVersion(service: service, keys: configuration.database)
        (self.bus, self.database, self.log) = (bus, database, log)
        outbox = Outbox(database, publisher: bus) { error in
            log.warning("the outbox could not publish; it tries again", ["error": .error(error)])
        }
        inbox = Inbox(database)
        monitors = [
            DependencyMonitor("database", log: log, metrics: metrics) { deadline in
                try await database.ping(deadline: deadline)
                try await schema.check(database)
            },
            DependencyMonitor("broker", log: log, metrics: metrics) { _ in
                guard bus.state != .connected else { return }
                throw Failure(.unavailable, "the message bus is \(bus.state)")
            },
        ]
        metrics.observedGauge("database_connections_idle", help: "Pooled connections nobody uses.") {
            Double(database.idleConnections)
        }
        metrics.observedGauge("database_connections_leased", help: "Pooled connections in use.") {
            Double(database.leasedConnections)
        }
        metrics.observedGauge("database_waiting_callers", help: "Calls that wait for a connection.") {
            Double(database.waitingCallers)
        }
    }

    /// What a service can do without does not take it out of rotation: its absence is told as degraded.
    func addChecks(to health: HealthRegistry, areRequired: Bool) {
        for monitor in monitors {
            health.add(monitor.name) { areRequired ? monitor.health : monitor.health.tolerated }
        }
    }

    /// Begins to connect; waits for nothing.
    func start(on reactor: Reactor, lifecycle: Lifecycle) async {
        await bus.start()
        outbox.start(on: reactor)
        let watching = monitors.map { monitor in reactor.run { await monitor.watch() } }
        let pruning = reactor.run { await prune() }
        lifecycle.started("database") { [database] _ in database.shutDown() }
        lifecycle.started("message bus") { [bus] deadline in await bus.stop(deadline: deadline) }
        lifecycle.started("outbox") { [outbox] _ in await outbox.stop() }
        lifecycle.started("dependency monitors") { _ in for task in watching + [pruning] { task.cancel() } }
    }

    /// Forgets the identifiers of messages that cannot come back.
    private func prune() async {
        while (try? await Reactor.sleep(for: Self.pruneInterval)) != nil {
            do {
                while try await inbox.prune() > 0 {}
            } catch {
                log.debug("the inbox could not be pruned; it is tried again", ["error": .error(error)])
            }
        }
    }
}
