import Contracts
import Core
import Messaging
import Telemetry

/// The two kinds of events that wait for the broker, each in a folder of its own, so that many of one kind cannot take
/// the other's room.
enum Spools {
    /// Blocks and enforced decisions, one message each.
    static func protected(
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

    /// Batches of requests that the broker did not take in time.
    static func ordinary(
        _ configuration: GatewayConfiguration, _ bus: Bus, _ metrics: GatewayMetrics, _ log: Logger
    ) -> EventSpool {
        var limits = EventSpool.Limits()
        limits.capacity = 64
        limits.window = 8
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
