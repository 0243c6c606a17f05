internal import Contracts
internal import Core
internal import Synchronization
internal import Telemetry

/// The answering side of calls: finds the handler of a request, runs it unless its time is over, sends what it returned
/// or why it failed.
final class CallDesk: Sendable {
    typealias Handler = @Sendable (_ payload: ArraySlice<UInt8>, CallContext) async throws -> any WireMessage

    private static let concurrency = 128
    /// For requests that name no deadline.
    static let longestCall = Duration.seconds(30)

    private let handlers = Mutex<[String: Handler]>([:])

    /// Returns true for the first handler, when consuming has to begin.
    func add(_ name: String, _ handler: @escaping Handler) -> Bool {
        handlers.withLock { handlers in
            handlers[name] = handler
            return handlers.count == 1
        }
    }

    func begin(on bus: Bus) {
        let options = ConsumptionOptions(prefetch: 2 * Self.concurrency, concurrency: Self.concurrency)
        let consumer = bus.makeConsumer(.durable(.rpc(of: bus.service)), options, purpose: .calls, started: {}) {
            [weak bus] requests in
            guard let bus else { return }
            for request in requests { await self.answer(request, bus) }
        }
        consumer.start()
    }

    private func answer(_ request: Delivery, _ bus: Bus) async {
        let deadline = Self.deadline(of: request.envelope)
        guard !deadline.hasPassed else { return bus.metrics.served["expired"].increment() }
        let reply: any WireMessage
        do {
            reply = try await handle(request, deadline)
            bus.metrics.served["answered"].increment()
        } catch {
            bus.metrics.served["failed"].increment()
            let failure = Failure(telling: error)
            // Anything else is the caller's doing, or a server's that is away, which is told where it is noticed.
            if failure.kind == .internalError {
                let call = request.received.properties.type
                bus.log.with(trace: request.trace)
                    .error("a call failed", ["call": .string(call), "error": .error(error)])
            }
            reply = FailureReport(failure, service: bus.service)
        }
        await bus.reply(reply, to: request)
    }

    private func handle(_ request: Delivery, _ deadline: Deadline) async throws -> any WireMessage {
        let name = request.received.properties.type
        guard let handler = handlers.withLock({ $0[name] }) else {
            throw Failure(.unsupported, "there is no call named \(name.prefix(200))")
        }
        guard let payload = request.payloads.first else { throw Failure(.invalid, "the request is empty") }
        let context = CallContext(
            principal: request.sender == .gateway ? request.envelope.principal : nil, caller: request.sender,
            trace: request.trace, deadline: deadline)
        return try await handler(payload, context)
    }

    /// What the caller gave it, by the caller's clock alone: the clocks of two machines may be far apart. A request that
    /// waited in the queue for longer than that was dropped by the broker.
    private static func deadline(of envelope: Envelope) -> Deadline {
        guard envelope.deadline.isSet, envelope.createdAt.isSet else { return .after(longestCall) }
        return .after(min(envelope.deadline - envelope.createdAt, longestCall))
    }
}
