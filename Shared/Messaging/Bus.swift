package import Contracts
package import Core
package import Reactor
internal import Synchronization
package import Telemetry

/// A service's place on the message bus: it publishes events, consumes queues, asks other services and answers them.
///
/// Two connections, so that a broker that holds up publishers never holds up acknowledgements. Both live on one reactor;
/// every function may be called from anywhere.
package final class Bus: Sendable {
    package enum State: Sendable, Equatable {
        case connecting
        case connected
        /// Connected, but the broker takes nothing: it lacks memory or disk.
        case blocked
        case stopped
    }

    private struct Links {
        var isPublishing = false
        var isConsuming = false
        var isBlocked = false
        var isStopped = false
        var consumers: [Consumer] = []
    }

    package let configuration: BusConfiguration
    package let service: ServiceName
    package let reactor: Reactor
    /// Kept, because a group that goes ends its reactors.
    private let group: ReactorGroup
    let log: Logger
    let metrics: BusMetrics
    private let factory: EnvelopeFactory
    private let publisher: Publisher
    private let caller: Caller
    private let publishing: BrokerLink
    private let consuming: BrokerLink
    private let desk = CallDesk()
    private let links: Box

    /// What both links and the bus itself change.
    private final class Box: Sendable {
        let links = Mutex(Links())
    }

    package init(
        configuration: BusConfiguration, service: ServiceName, group: ReactorGroup, logger: Logger,
        metrics registry: MetricsRegistry
    ) {
        self.configuration = configuration
        self.service = service
        self.group = group
        let reactor = group.next()
        self.reactor = reactor
        let log = logger.with(["component": "bus"])
        let metrics = BusMetrics(registry)
        let (publisher, caller) = (
            Publisher(configuration, metrics: metrics), Caller(configuration)
        )
        let box = Box()
        (self.log, self.metrics, self.publisher, self.caller, links) = (log, metrics, publisher, caller, box)
        factory = EnvelopeFactory(service: service, configuration: configuration)
        publishing = BrokerLink(
            configuration, purpose: "publish", service: service, on: reactor, log: log, metrics: metrics,
            onState: { isOpen in box.links.withLock { $0.isPublishing = isOpen } },
            prepare: { connection throws(AMQPFailure) in
                connection.onRoom = {
                    publisher.letIn()
                    caller.letIn()
                }
                connection.onBlocked = { isBlocked, reason in
                    box.links.withLock { $0.isBlocked = isBlocked }
                    metrics.isBlocked.set(isBlocked ? 1 : 0)
                    if isBlocked {
                        log.warning("the message bus takes nothing for now", ["reason": .string(reason)])
                    } else {
                        log.info("the message bus takes messages again")
                    }
                }
                try await publisher.attach(to: connection)
                try await caller.attach(to: connection)
            })
        consuming = BrokerLink(
            configuration, purpose: "consume", service: service, on: reactor, log: log, metrics: metrics,
            onState: { isOpen in box.links.withLock { $0.isConsuming = isOpen } },
            prepare: { _ throws(AMQPFailure) in })
    }

    // MARK: Life

    package var state: State {
        links.links.withLock { links in
            if links.isStopped { return .stopped }
            guard links.isPublishing, links.isConsuming else { return .connecting }
            return links.isBlocked ? .blocked : .connected
        }
    }

    /// Begins to connect and returns at once: a broker that is away is no reason not to start.
    package func start() async {
        await reactor.perform {
            publishing.start()
            consuming.start()
        }
    }

    /// Waits for both connections.
    package func waitUntilConnected(deadline: Deadline) async throws(Failure) {
        let isConnected = await reactor.perform {
            let both = (await publishing.connected(deadline: deadline), await consuming.connected(deadline: deadline))
            return both.0 != nil && both.1 != nil
        }
        guard isConnected else {
            throw Failure(
                .unavailable,
                "no connection to RabbitMQ at \(configuration.host):\(configuration.port) in time; see the log for the reason"
            )
        }
    }

    /// Lets consumers finish what they handle, then closes both connections.
    package func stop(deadline: Deadline) async {
        let consumers = links.links.withLock { links in
            links.isStopped = true
            defer { links.consumers = [] }
            return links.consumers
        }
        for consumer in consumers { await consumer.stop(deadline: deadline) }
        await reactor.perform {
            publisher.stop()
            await consuming.stop(deadline: deadline)
            await publishing.stop(deadline: deadline)
        }
    }

    // MARK: Publishing

    /// Returns when the broker has the event on disk, in every queue that wants it. Repeated when a connection breaks:
    /// the event may then arrive twice, under one identifier.
    package func publish(
        _ event: some WireMessage, to topic: Topic, key: String = "", trace: TraceContext? = nil, deadline: Deadline
    ) async throws(Failure) {
        precondition(type(of: event).schema == topic.schema, "\(topic.name) carries \(topic.schema)")
        try await publish(event.wireBytes(), to: topic, key: key, trace: trace, deadline: deadline)
    }

    /// The same for an event that is encoded already.
    package func publish(
        _ payload: [UInt8], to topic: Topic, key: String = "", trace: TraceContext? = nil, id: UUIDv7 = UUIDv7(),
        deadline: Deadline
    ) async throws(Failure) {
        try check(topic)
        let message = factory.event(payload, id: id, topic: topic, key: key, publisher: service, trace: trace)
        try await publish(message, deadline: deadline)
    }

    /// A batch whose payloads are encoded as the envelope's field already.
    package func publish(
        _ topic: Topic, partition: Int, payloads: [UInt8], id: UUIDv7, deadline: Deadline
    ) async throws(Failure) {
        try check(topic)
        let isPartitioned = topic.carrier == .requests
        let key = isPartitioned ? Topology.partitionKeys[partition] : topic.routingKey(publisher: service)
        let message = factory.message(
            factory.envelope(schema: topic.schema, id: id, partitionKey: isPartitioned ? key : ""),
            exchange: isPartitioned ? Topology.requestsExchange : Topology.eventsExchange, routingKey: key,
            tail: payloads)
        try await publish(message, deadline: deadline)
    }

    func publish(_ message: OutgoingMessage, deadline: Deadline) async throws(Failure) {
        try await reactor.perform { () async throws(Failure) in
            try await publisher.publish(message, deadline: deadline)
        }
    }

    private func check(_ topic: Topic) throws(Failure) {
        guard topic.mayBePublished(by: service) else {
            throw Failure(.forbidden, "\(service.operatorName) may not say \(topic.name); see docs/bus-topology.md")
        }
    }

    // MARK: Consuming

    /// Handles the messages of a queue, one at a time for each of `options.concurrency` handlers. `started` is called
    /// each time consuming begins: at first and after each interruption.
    @discardableResult
    package func consume(
        _ queue: Queue, options: ConsumptionOptions = ConsumptionOptions(),
        started: @escaping @Sendable () async -> Void = {},
        handler: @escaping @Sendable (Delivery) async throws -> Void
    ) -> Consumer {
        consumeBatches(queue, options: options, started: started) { deliveries in
            for delivery in deliveries { try await handler(delivery) }
        }
    }

    /// Handles up to `options.batch` messages together: all are settled by one return.
    @discardableResult
    package func consumeBatches(
        _ queue: Queue, options: ConsumptionOptions = ConsumptionOptions(),
        started: @escaping @Sendable () async -> Void = {},
        handler: @escaping @Sendable ([Delivery]) async throws -> Void
    ) -> Consumer {
        precondition(queue.owner == service, "\(service.operatorName) reads its own queues only")
        return begin(.durable(queue), options, started: started, handler)
    }

    /// Listens to what every replica has to hear. What was said while nobody listened is lost: `started` is where a
    /// service asks for it.
    @discardableResult
    package func listen(
        _ queue: ReplicaQueue, options: ConsumptionOptions = ConsumptionOptions(),
        started: @escaping @Sendable () async -> Void = {},
        handler: @escaping @Sendable (Delivery) async throws -> Void
    ) -> Consumer {
        precondition(Topology.replicaQueues(of: service).contains(queue), "\(queue.purpose) is another service's")
        let name = queue.name(service: service, replica: configuration.replica)
        return begin(.replica(queue, name: name, service: service), options, started: started) { deliveries in
            for delivery in deliveries { try await handler(delivery) }
        }
    }

    private func begin(
        _ source: Consumer.Source, _ options: ConsumptionOptions, started: @escaping @Sendable () async -> Void,
        _ handler: @escaping Consumer.Handler
    ) -> Consumer {
        let consumer = makeConsumer(source, options, purpose: .events, started: started, handler: handler)
        consumer.start()
        return consumer
    }

    func makeConsumer(
        _ source: Consumer.Source, _ options: ConsumptionOptions, purpose: Admission.Purpose,
        started: @escaping @Sendable () async -> Void, handler: @escaping Consumer.Handler
    ) -> Consumer {
        let consumer = Consumer(
            bus: self, source: source, options: options, purpose: purpose, started: started, handler: handler)
        links.links.withLock { $0.consumers.append(consumer) }
        return consumer
    }

    func consumingConnection(deadline: Deadline = .never) async -> AMQPConnection? {
        await reactor.perform { await consuming.connected(deadline: deadline) }
    }

    /// This service's dead letters.
    package var deadLetters: DeadLetters { DeadLetters(self) }

    // MARK: Calls

    package func call<Request: WireMessage, Response: WireMessage>(
        _ method: RPCMethod<Request, Response>, _ request: Request, principal: Principal? = nil,
        trace: TraceContext? = nil, deadline: Deadline
    ) async throws(Failure) -> Response {
        let bytes = try await call(
            method.name, of: method.service, requestSchema: Request.schema, payload: request.wireBytes(),
            principal: principal, trace: trace, deadline: deadline)
        do {
            return try Response(wireBytes: bytes)
        } catch {
            throw Failure(.internalError, "the answer cannot be read: \(error)", source: method.service)
        }
    }

    /// A call whose request and response stay encoded: for who passes them on.
    package func call(
        _ rpcName: String, of callee: ServiceName, requestSchema: String, payload: [UInt8],
        principal: Principal? = nil, trace: TraceContext? = nil, deadline: Deadline
    ) async throws(Failure) -> [UInt8] {
        guard Topology.callees(of: service).contains(callee) else {
            throw Failure(
                .forbidden, "\(service.operatorName) may not call \(callee.operatorName); see docs/bus-topology.md")
        }
        let deadline = min(deadline, .after(CallDesk.longestCall))
        var envelope = factory.envelope(
            schema: requestSchema, trace: trace, deadline: .now + deadline.remaining, principal: principal)
        envelope.payloads = [payload]
        var request = factory.message(envelope, exchange: Topology.rpcExchange, routingKey: callee.operatorName)
        request.properties.type = rpcName
        let began = Deadline.now
        let (message, end) = (request, deadline)
        do throws(Failure) {
            let reply = try await reactor.perform { () async throws(Failure) -> [UInt8] in
                try await caller.call(message, callee: callee, deadline: end)
            }
            metrics.callDuration.observe(Deadline.now - began)
            return try open(reply, from: callee)
        } catch {
            metrics.calls[Self.outcome(of: error)].increment()
            throw error
        }
    }

    private func open(_ body: [UInt8], from callee: ServiceName) throws(Failure) -> [UInt8] {
        do {
            let envelope = try Envelope(wireBytes: body)
            // A message without any field set has no bytes, and is still one payload.
            guard let payload = envelope.payloads.first else {
                throw Failure(.internalError, "the answer is empty", source: callee)
            }
            if envelope.schema == FailureReport.schema { throw Failure(try FailureReport(wireBytes: payload)) }
            metrics.calls["answered"].increment()
            return payload
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.internalError, "the answer cannot be read: \(error)", source: callee)
        }
    }

    private static func outcome(of failure: Failure) -> String {
        switch failure.kind {
        case .deadlineExceeded: "late"
        case .unavailable: "unavailable"
        default: "failed"
        }
    }

    /// Answers calls of `method`. Add all handlers before anybody waits for the first: calls without one are refused.
    package func serve<Request: WireMessage, Response: WireMessage>(
        _ method: RPCMethod<Request, Response>,
        _ handler: @escaping @Sendable (Request, CallContext) async throws -> Response
    ) {
        precondition(method.service == service, "\(method.name) is another service's")
        let isFirst = desk.add(method.name) { payload, context in
            let request: Request
            do {
                request = try Request(wireBytes: payload)
            } catch {
                throw Failure(.invalid, "the request cannot be read: \(error)")
            }
            return try await handler(request, context)
        }
        if isFirst { desk.begin(on: self) }
    }

    /// Not confirmed and not repeated: a caller who gets no reply has a deadline.
    func reply(_ message: any WireMessage, to request: Delivery) async {
        let properties = request.received.properties
        guard !properties.replyTo.isEmpty else { return }
        var envelope = factory.envelope(schema: type(of: message).schema, trace: request.trace)
        envelope.payloads = [message.wireBytes()]
        var reply = factory.message(envelope, exchange: "", routingKey: properties.replyTo)
        reply.properties.correlationID = properties.correlationID
        reply.properties.isPersistent = false
        let outgoing = reply
        await reactor.perform { caller.reply(outgoing) }
    }
}
