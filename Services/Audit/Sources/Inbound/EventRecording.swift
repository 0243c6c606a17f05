internal import Contracts
internal import Core
internal import Messaging
internal import Telemetry

/// Appends what comes over the bus. A message is acknowledged after the transaction that holds its entries committed.
struct EventRecording: Sendable {
    let store: LogStore
    let metrics: AuditMetrics
    let clock: any WallClock

    /// One handler: the log has one end, and order is part of the record.
    func start(on bus: Bus, batch: Int, linger: Duration) {
        bus.consumeBatches(
            .events(of: .audit),
            options: ConsumptionOptions(prefetch: batch * 2, concurrency: 1, batch: batch, linger: linger)
        ) { deliveries in try await record(deliveries) }
    }

    private func record(_ deliveries: [Delivery]) async throws {
        let begin = Deadline.now
        do {
            let messages = deliveries.map(message)
            let appended = try await store.append(messages)
            let received = messages.reduce(0) { $0 + $1.records.count }
            metrics.appended.increment(by: appended)
            metrics.repeated.increment(by: received - appended)
            metrics.appendSeconds.observe(Deadline.now - begin)
        } catch {
            metrics.failedBatches.increment()
            throw error
        }
    }

    private func message(_ delivery: Delivery) -> LogStore.Message {
        let now = clock.now
        let records = delivery.payloads.map { payload in
            let bytes = Array(payload)
            return LogRecord(
                recordedAt: now, eventID: delivery.id, schema: delivery.schema, producer: delivery.envelope.producer,
                summary: RecordedEvents.summary(schema: delivery.schema, payload: bytes), payload: bytes)
        }
        return LogStore.Message(id: delivery.id, records: records)
    }
}
