import Contracts
import Core
import Messaging
import Reactor
import RuleKeeping
import Telemetry

/// What the gateway tells the others. Requests go in batches and may be lost, counted; refusals, enforced decisions and
/// changes of the configuration go one by one and are kept until the broker has them. Each kind has a spool of its own,
/// so that many of one kind cannot take the other's room.
final class GatewayEvents: Sendable {
    private static let pendingBatches = 64
    private static let batchWindow = 8

    private let batcher: EventBatcher
    private let requests: EventSpool
    private let protected: EventSpool
    private let untold: Counter
    private let replica: String

    struct Tasks {
        fileprivate let requests: EventSpool.Tasks
        fileprivate let protected: EventSpool.Tasks
    }

    init(_ configuration: GatewayConfiguration, _ bus: Bus, _ metrics: GatewayMetrics, _ log: Logger) {
        let requests = Self.requests(configuration, bus, metrics, log)
        self.requests = requests
        protected = Self.protected(configuration, bus, metrics, log)
        batcher = EventBatcher(bus: bus, topic: .requestsObserved, overflow: { requests.offer(SpoolRecord($0)) })
        untold = metrics.eventsDropped["request"]
        replica = bus.configuration.replica
    }

    func observed(_ event: ObservedRequest) {
        if !batcher.offer(event, key: event.client) { untold.increment() }
    }

    func blocked(_ event: RequestBlocked, _ trace: TraceContext) {
        protected.offer(SpoolRecord(.requestBlocked, event, key: event.clientAddress.description, trace: trace))
    }

    func enforced(_ event: DecisionEnforced) {
        protected.offer(SpoolRecord(.decisionEnforced, event, key: event.decisionID.description, trace: nil))
    }

    func changed(_ change: ConfigurationChanged) {
        var change = change
        change.replica = replica
        protected.offer(SpoolRecord(.configurationChanged, change, key: change.service, trace: nil))
    }

    func start(on reactor: Reactor) -> Tasks {
        Tasks(requests: requests.start(on: reactor), protected: protected.start(on: reactor))
    }

    /// Sends what waits until the deadline; what is on disk then is sent by the next process.
    func stop(_ tasks: Tasks, deadline: Deadline) async {
        await batcher.stop(deadline: deadline)
        await protected.stop(tasks.protected, deadline: deadline)
        await requests.stop(tasks.requests, deadline: deadline)
    }

    // MARK: Spools

    private static func protected(
        _ configuration: GatewayConfiguration, _ bus: Bus, _ metrics: GatewayMetrics, _ log: Logger
    ) -> EventSpool {
        var limits = EventSpool.Limits()
        limits.capacity = configuration.maximumPendingEvents
        limits.onDisk = configuration.spoolSize
        return EventSpool(
            limits, folder: configuration.spoolDirectory.map { "\($0)/protected" },
            dropped: metrics.eventsDropped["protected"], log: log
        ) { record, deadline in
            // Said by a version that knew more: this one cannot say where it belongs.
            guard let topic = Topic.of(schema: record.schema) else {
                throw Failure(.invalid, "\(record.schema) is no event of this version")
            }
            try await bus.publish(
                record.payload, to: topic, key: record.key, trace: TraceContext(record.trace), id: record.id,
                deadline: deadline)
        }
    }

    /// For batches that the broker did not take in time.
    private static func requests(
        _ configuration: GatewayConfiguration, _ bus: Bus, _ metrics: GatewayMetrics, _ log: Logger
    ) -> EventSpool {
        var limits = EventSpool.Limits()
        limits.capacity = pendingBatches
        limits.window = batchWindow
        limits.onDisk = configuration.spoolSize
        return EventSpool(
            limits, folder: configuration.spoolDirectory.map { "\($0)/requests" },
            dropped: metrics.eventsDropped["request"], log: log, weigh: { Int($0.trace) ?? 1 }
        ) { record, deadline in
            guard let partition = Int(record.key), (0..<Topology.partitions).contains(partition) else {
                throw Failure(.invalid, "a batch of no partition of this version")
            }
            try await bus.publish(
                .requestsObserved, partition: partition, payloads: record.payload, id: record.id, deadline: deadline)
        }
    }
}

extension SpoolRecord {
    init(_ topic: Topic, _ event: some WireMessage, key: String, trace: TraceContext?) {
        self.init(
            id: UUIDv7(), schema: topic.schema, key: key, trace: trace?.description ?? "", payload: event.wireBytes())
    }

    init(_ batch: EventBatcher.Batch) {
        self.init(
            id: batch.id, schema: Topic.requestsObserved.schema, key: "\(batch.partition)",
            trace: "\(batch.count)",
            payload: batch.payloads)
    }
}

extension ConfigurationChanged {
    init(_ change: RuleSetKeeper.Change) {
        self.init(
            eventID: UUIDv7(), changedAt: .now, service: ServiceName.gateway.operatorName,
            keys: [GatewayService.ruleSetKey], origin: change.origin, previousDigest: change.previousDigest,
            currentDigest: change.currentDigest)
    }
}
