package import Core
internal import Reactor
internal import Synchronization
internal import Telemetry

/// Consumes a queue until it is cancelled, through whatever happens to connections, channels and the broker.
///
/// Handlers get deliveries that were admitted. One that returns settles them. One that throws a passing failure is
/// repeated with pauses, then the deliveries go back to the queue; any other failure sends them to the dead letters with
/// its reason. A batch that fails for good is handled again one by one, so that only the culprit dies.
package final class Consumer: Sendable {
    package typealias Handler = @Sendable ([Delivery]) async throws -> Void

    enum Source: Sendable {
        case durable(Queue)
        case replica(ReplicaQueue, name: String, service: ServiceName)

        var name: String {
            switch self {
            case .durable(let queue): queue.name
            case .replica(_, let name, _): name
            }
        }
    }

    private struct State {
        var isStopping = false
        var session: ConsumerSession?
        var task: TaskHandle?
    }

    private let bus: Bus
    private let source: Source
    private let options: ConsumptionOptions
    private let admission: Admission
    private let log: Logger
    private let started: @Sendable () async -> Void
    private let handler: Handler
    private let state = Mutex(State())

    init(
        bus: Bus, source: Source, options: ConsumptionOptions, purpose: Admission.Purpose,
        started: @escaping @Sendable () async -> Void, handler: @escaping Handler
    ) {
        self.bus = bus
        self.source = source
        self.options = options
        admission = Admission(service: bus.service, purpose: purpose)
        log = bus.log.with(["queue": .string(source.name)])
        self.started = started
        self.handler = handler
    }

    func start() {
        let task = bus.reactor.run { await self.consume() }
        state.withLock { $0.task = task }
    }

    /// Whether messages are coming, or would if there were any.
    package var isConsuming: Bool { state.withLock { $0.session != nil } }

    /// Takes no more messages, lets the handlers finish until the deadline, acknowledges what they did.
    package func stop(deadline: Deadline) async {
        let (session, task) = state.withLock { state in
            state.isStopping = true
            return (state.session, state.task)
        }
        if let session { await bus.reactor.perform { await session.stop(deadline: deadline) } }
        task?.cancel()
        await task?.value()
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    // MARK: Sessions

    private func consume() async {
        var backoff = Backoff()
        var lastReason: AMQPFailure?
        while !isStopping, let connection = await bus.consumingConnection() {
            let reason = await consumeOnce(on: connection, &backoff)
            if isStopping { return }
            // A lost connection is the link's to report.
            if connection.failure == nil, reason != lastReason {
                log.warning("consuming was interrupted, trying again", ["reason": .string(reason.description)])
            }
            lastReason = reason
            do { try await Reactor.sleep(for: backoff.next()) } catch { return }
        }
    }

    private func consumeOnce(on connection: AMQPConnection, _ backoff: inout Backoff) async -> AMQPFailure {
        let session = ConsumerSession(prefetch: options.prefetch)
        do throws(AMQPFailure) {
            try await session.open(on: connection, queue: source.name) { channel throws(AMQPFailure) in
                try await declare(on: channel)
            }
        } catch {
            await session.stop(deadline: .now)
            return error
        }
        backoff.reset()
        state.withLock { $0.session = session }
        await started()
        let handlingReactor = options.reactor ?? bus.reactor
        let workers = (0..<options.concurrency).map { _ in handlingReactor.run { await self.work(session) } }
        let reason = await session.ended()
        state.withLock { $0.session = nil }
        for worker in workers {
            worker.cancel()
            await worker.value()
        }
        return reason
    }

    private func declare(on channel: AMQPChannel) async throws(AMQPFailure) {
        guard case .replica(let queue, let name, _) = source else { return }
        try await channel.ask {
            $0.declareExclusiveQueue(channel.number, name: name, maximumBytes: queue.maximumBytes)
        }
        for topic in queue.topics {
            try await channel.ask {
                $0.bindQueue(
                    channel.number, name: name, exchange: Topology.eventsExchange, key: topic.bindingKey)
            }
        }
    }

    // MARK: Deliveries

    private func work(_ session: ConsumerSession) async {
        while !session.isOver {
            let messages: [ReceivedMessage]
            do {
                messages = try await session.work.receiveBatch(maximum: options.batch, linger: options.linger)
            } catch {
                return
            }
            guard !messages.isEmpty else { return }
            let deliveries = await admit(messages, session)
            if !deliveries.isEmpty { await handle(deliveries, session) }
        }
    }

    private func admit(_ messages: [ReceivedMessage], _ session: ConsumerSession) async -> [Delivery] {
        var deliveries: [Delivery] = []
        for message in messages {
            do throws(Rejection) {
                deliveries.append(try admission.admit(message))
            } catch {
                bus.metrics.consumed["refused"].increment()
                log.warning(
                    "a message was refused",
                    ["reason": .string(error.reason), "sender": .string(message.properties.userID)])
                await bury(message, reason: error.reason, session)
            }
        }
        return deliveries
    }

    private func handle(_ deliveries: [Delivery], _ session: ConsumerSession) async {
        var backoff = Backoff(shortest: .milliseconds(50), longest: .seconds(5))
        while true {
            do {
                try await handler(deliveries)
                return settle(deliveries, session, "done") { .done($0) }
            } catch {
                let failure = Failure(telling: error)
                if failure.isTransient {
                    guard backoff.attempts + 1 < options.attempts, !session.isOver, !isStopping else {
                        log.warning("handling failed, the message goes back", ["reason": .error(error)])
                        return settle(deliveries, session, "requeued") { .requeue($0) }
                    }
                    if backoff.attempts == 0 {
                        log.warning("handling failed, trying again", ["reason": .error(error)])
                    }
                    do { try await Reactor.sleep(for: backoff.next()) } catch {
                        return settle(deliveries, session, "requeued") { .requeue($0) }
                    }
                } else if deliveries.count > 1 {
                    for delivery in deliveries { await handle([delivery], session) }
                    return
                } else {
                    let reason = (error as? Failure)?.detail ?? "\(error)"
                    return await bury(deliveries[0], because: reason, session)
                }
            }
        }
    }

    private func settle(
        _ deliveries: [Delivery], _ session: ConsumerSession, _ outcome: String,
        _ settlement: (UInt64) -> AcknowledgementLedger.Settlement
    ) {
        bus.metrics.consumed[outcome].increment(by: deliveries.count)
        for delivery in deliveries { session.settle(settlement(delivery.tag)) }
    }

    private func bury(_ delivery: Delivery, because reason: String, _ session: ConsumerSession) async {
        log.warning(
            "a message cannot be handled and becomes a dead letter",
            [
                "reason": .string(reason), "schema": .string(delivery.schema),
                "message": .describing(delivery.id),
            ])
        bus.metrics.consumed["dead"].increment()
        await bury(delivery.received, reason: reason, session)
    }

    /// The message leaves its queue only when the queue of dead letters has it.
    private func bury(_ message: ReceivedMessage, reason: String, _ session: ConsumerSession) async {
        // Without a body to send there is only the broker's own way, which cannot name the reason. A replica's queue
        // has nobody who would look after its dead.
        guard let body = message.body, case .durable(let queue) = source, queue.purpose != .rpc else {
            return session.settle(.reject(message.head.tag))
        }
        do throws(Failure) {
            try await bus.deadLetters.bury(body, message.properties, from: queue, reason: reason)
            session.settle(.done(message.head.tag))
        } catch {
            log.warning("a dead letter could not be stored, the message goes back", ["reason": .string(error.detail)])
            session.settle(.requeue(message.head.tag))
        }
    }
}
