internal import Contracts
internal import Core
internal import Reactor

/// The asking side of calls: requests go to the callee's queue, replies come by RabbitMQ's direct reply-to on the same
/// channel. A call ends with its reply, at its deadline, when its task is cancelled, or when the connection breaks.
///
/// A call is never repeated here: whether that would be harmless only its caller knows.
/// Confined to its reactor, which is what makes it Sendable.
final class Caller: ChannelOwner, @unchecked Sendable {
    private enum Reply: Sendable {
        case body([UInt8])
        case refused
        case returned
        case lost
    }

    private static let replyQueue = "amq.rabbitmq.reply-to"

    private let maximumCalls: Int
    private var pending: PendingCalls<Promise<Reply>>
    private weak var connection: AMQPConnection?
    private var channel: AMQPChannel?
    /// Numbers of calls whose request the broker has not confirmed; zero for a reply of ours.
    private var unconfirmed = ConfirmWindow<UInt64>()
    private let waiters = Waiters()

    init(_ configuration: BusConfiguration) {
        maximumCalls = configuration.maximumCalls
        pending = PendingCalls(maximum: configuration.maximumCalls)
    }

    func attach(to connection: AMQPConnection) async throws(AMQPFailure) {
        let channel = try await connection.openChannel(self)
        try await channel.ask { $0.confirmSelect(channel.number) }
        try await channel.ask {
            $0.consume(channel.number, queue: Self.replyQueue, consumer: "replies", acknowledges: false)
        }
        self.connection = connection
        self.channel = channel
        letIn()
    }

    /// Returns the encoded envelope of the reply.
    func call(_ request: OutgoingMessage, callee: ServiceName, deadline: Deadline) async throws(Failure) -> [UInt8] {
        let channel = try await openChannel(callee, deadline: deadline)
        let promise = Promise<Reply>()
        guard let number = pending.add(promise, callee: callee) else {
            throw Failure(
                .exhausted, "\(maximumCalls) calls wait for their replies already", retryAfter: .milliseconds(100))
        }
        defer { _ = pending.remove(number) }
        send(request, number, on: channel, deadline: deadline)
        let reply: Reply
        do {
            reply = try await promise.value(deadline: deadline)
        } catch {
            throw error == .cancelled
                ? Failure(.cancelled, "the call was cancelled")
                : Failure(.deadlineExceeded, "\(callee.operatorName) has not answered in time", source: callee)
        }
        return try Self.body(of: reply, callee)
    }

    /// Sends the answer to somebody else's call. One that finds no connection is lost, as its caller's time soon is.
    func reply(_ reply: OutgoingMessage) {
        guard let channel else { return }
        // It takes a tag like every message of this channel.
        unconfirmed.append(0)
        _ = channel.publish(
            exchange: reply.exchange, routingKey: reply.routingKey, isMandatory: false, properties: reply.properties,
            head: reply.head, tail: reply.tail)
    }

    private func send(_ request: OutgoingMessage, _ number: UInt64, on channel: AMQPChannel, deadline: Deadline) {
        var properties = request.properties
        properties.correlationID = String(number)
        properties.replyTo = Self.replyQueue
        properties.isPersistent = false
        properties.expirationMilliseconds = max(1, Int(deadline.remaining.wholeMilliseconds))
        unconfirmed.append(number)
        _ = channel.publish(
            exchange: request.exchange, routingKey: request.routingKey, isMandatory: true, properties: properties,
            head: request.head, tail: request.tail)
    }

    private static func body(of reply: Reply, _ callee: ServiceName) throws(Failure) -> [UInt8] {
        switch reply {
        case .body(let body): return body
        case .refused:
            throw Failure(.exhausted, "too many calls wait for \(callee.operatorName)", retryAfter: .seconds(1))
        case .returned:
            throw Failure(.unavailable, "\(callee.operatorName) has no queue for calls: is the bus set up?")
        case .lost:
            throw Failure(
                .unavailable, "the connection to the message bus broke during the call", retryAfter: .seconds(1))
        }
    }

    private func openChannel(_ callee: ServiceName, deadline: Deadline) async throws(Failure) -> AMQPChannel {
        while true {
            if let channel, channel.failure == nil, !channel.isBlocked { return channel }
            do {
                try await waiters.wait(deadline: deadline)
            } catch {
                throw error == .cancelled
                    ? Failure(.cancelled, "the call was cancelled")
                    : Failure(
                        .unavailable, "\(callee.operatorName) cannot be asked: the message bus cannot be reached",
                        retryAfter: .seconds(1))
            }
        }
    }

    /// Something changed: whoever waits looks again.
    func letIn() { waiters.wake() }

    // MARK: ChannelOwner

    func delivered(_ head: DeliveryHead, _ properties: MessageProperties, _ body: [UInt8]?) {
        guard let number = UInt64(properties.correlationID), let sender = ServiceName(rawValue: properties.userID),
            let body, let waiter = pending.take(number, answeredBy: sender)
        else { return }
        waiter.fulfil(.body(body))
    }

    func confirmed(tag: UInt64, multiple: Bool, isAccepted: Bool) {
        for number in unconfirmed.settle(tag: tag, multiple: multiple) where !isAccepted {
            pending.remove(number)?.fulfil(.refused)
        }
    }

    func returned(_ properties: MessageProperties, code: Int, text: String) {
        guard let number = UInt64(properties.correlationID) else { return }
        pending.remove(number)?.fulfil(.returned)
    }

    func channelEnded(_ reason: AMQPFailure) {
        channel = nil
        _ = unconfirmed.removeAll()
        for waiter in pending.removeAll() { waiter.fulfil(.lost) }
        connection?.fail(reason)
    }
}
