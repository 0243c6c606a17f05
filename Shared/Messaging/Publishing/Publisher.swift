internal import Core
internal import Reactor
internal import Telemetry

/// Publishes with confirms: a message is done when the broker has it on disk, and sent again when the connection broke
/// before it said so. What waits for confirmation is bounded in number and bytes; beyond it publishers wait, as they do
/// while the broker is away or blocked.
///
/// Confined to its reactor, which is what makes it Sendable.
final class Publisher: ChannelOwner, @unchecked Sendable {
    private enum Confirmation: Sendable {
        case confirmed
        /// The broker did not take it: a queue it goes to is full.
        case refused
        /// No queue takes it.
        case returned(String)
        case lost(AMQPFailure)
    }

    private struct Entry {
        let messageID: String
        let size: Int
        let confirmation: Promise<Confirmation>
    }

    private static let maximumUnsentBytes = 8 << 20
    /// A message that the broker closed the channel for so often is to blame, or stood beside one that is.
    private static let maximumRefusals = 3

    private let configuration: BusConfiguration
    private let metrics: BusMetrics
    private weak var connection: AMQPConnection?
    private var channel: AMQPChannel?
    private var window = ConfirmWindow<Entry>()
    private var unconfirmedBytes = 0
    private let waiters = Waiters()
    private var isStopped = false

    init(_ configuration: BusConfiguration, metrics: BusMetrics) {
        self.configuration = configuration
        self.metrics = metrics
    }

    /// Takes a fresh connection into use.
    func attach(to connection: AMQPConnection) async throws(AMQPFailure) {
        let channel = try await connection.openChannel(self)
        try await channel.ask { $0.confirmSelect(channel.number) }
        self.connection = connection
        self.channel = channel
        letIn()
    }

    func stop() {
        isStopped = true
        letIn()
    }

    /// Returns when the broker has confirmed the message.
    func publish(_ message: OutgoingMessage, deadline: Deadline) async throws(Failure) {
        guard message.size <= configuration.maximumMessage.bytes else {
            throw Failure(.invalid, "a message of \(message.size) bytes is larger than \(configuration.maximumMessage)")
        }
        var refusals = 0
        while true {
            let channel = try await room(for: message.size, deadline: deadline)
            let confirmation = send(message, on: channel)
            switch await outcome(of: confirmation, deadline: deadline) {
            case .confirmed:
                return metrics.published["confirmed"].increment()
            case .refused:
                metrics.published["refused"].increment()
                throw Failure(
                    .exhausted,
                    "a queue that should take \(message.properties.type) is full; its consumer is behind or away",
                    retryAfter: .seconds(1))
            case .returned(let reason):
                metrics.published["returned"].increment()
                throw Failure(.notFound, "no queue takes \(message.properties.type): \(reason)")
            case .lost(let reason):
                metrics.published["lost"].increment()
                guard case .closedByBroker = reason else { continue }
                refusals += 1
                guard refusals < Self.maximumRefusals else {
                    throw Failure(.unavailable, "the message bus does not take \(message.properties.type): \(reason)")
                }
            case nil:
                metrics.published["late"].increment()
                throw Failure(
                    Task.isCancelled ? .cancelled : .deadlineExceeded,
                    "the message bus has not confirmed \(message.properties.type) in time")
            }
        }
    }

    private func outcome(of confirmation: Promise<Confirmation>, deadline: Deadline) async -> Confirmation? {
        try? await confirmation.value(deadline: deadline)
    }

    private func send(_ message: OutgoingMessage, on channel: AMQPChannel) -> Promise<Confirmation> {
        let entry = Entry(messageID: message.properties.messageID, size: message.size, confirmation: Promise())
        window.append(entry)
        unconfirmedBytes += message.size
        _ = channel.publish(
            exchange: message.exchange, routingKey: message.routingKey, isMandatory: true,
            properties: message.properties, head: message.head, tail: message.tail)
        return entry.confirmation
    }

    /// Waits until there is a channel that may take `size` bytes more. An empty window takes any message.
    private func room(for size: Int, deadline: Deadline) async throws(Failure) -> AMQPChannel {
        while true {
            if isStopped { throw Failure(.unavailable, "the message bus is stopping") }
            if let channel, hasRoom(for: size, on: channel) { return channel }
            do {
                try await waiters.wait(deadline: deadline)
            } catch {
                throw error == .cancelled ? Failure(.cancelled, "publishing was cancelled") : unavailable
            }
        }
    }

    private func hasRoom(for size: Int, on channel: AMQPChannel) -> Bool {
        guard channel.failure == nil, !channel.isBlocked, channel.unsentBytes <= Self.maximumUnsentBytes else {
            return false
        }
        return window.count == 0
            || (window.count < configuration.maximumUnconfirmedMessages
                && unconfirmedBytes + size <= configuration.maximumUnconfirmed.bytes)
    }

    private var unavailable: Failure {
        let reason =
            switch channel {
            case nil: "it cannot be reached"
            case let channel? where channel.isBlocked: "it lacks memory or disk and takes nothing"
            default: "too much waits for its confirmation"
            }
        return Failure(.unavailable, "the message bus took nothing in time: \(reason)", retryAfter: .seconds(1))
    }

    func letIn() { waiters.wake() }

    // MARK: ChannelOwner

    func confirmed(tag: UInt64, multiple: Bool, isAccepted: Bool) {
        for entry in window.settle(tag: tag, multiple: multiple) {
            unconfirmedBytes -= entry.size
            entry.confirmation.fulfil(isAccepted ? .confirmed : .refused)
        }
        letIn()
    }

    /// Comes before the confirmation of the same message, which then changes nothing.
    func returned(_ properties: MessageProperties, code: Int, text: String) {
        window.first { $0.messageID == properties.messageID }?.confirmation.fulfil(.returned(text))
    }

    func channelEnded(_ reason: AMQPFailure) {
        channel = nil
        unconfirmedBytes = 0
        for entry in window.removeAll() { entry.confirmation.fulfil(.lost(reason)) }
        // A connection is prepared as a whole: a channel alone is not made anew.
        connection?.fail(reason)
    }
}
