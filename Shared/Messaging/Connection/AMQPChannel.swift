internal import Core
internal import Reactor

/// What a channel tells whoever opened it. Called on the connection's reactor.
protocol ChannelOwner: AnyObject {
    func delivered(_ head: DeliveryHead, _ properties: MessageProperties, _ body: [UInt8]?)
    func confirmed(tag: UInt64, multiple: Bool, isAccepted: Bool)
    func returned(_ properties: MessageProperties, code: Int, text: String)
    /// The broker has ended the consumer.
    func consumerCancelled()
    func channelEnded(_ reason: AMQPFailure)
}

extension ChannelOwner {
    func delivered(_ head: DeliveryHead, _ properties: MessageProperties, _ body: [UInt8]?) {}
    func confirmed(tag: UInt64, multiple: Bool, isAccepted: Bool) {}
    func returned(_ properties: MessageProperties, code: Int, text: String) {}
    func consumerCancelled() {}
    func channelEnded(_ reason: AMQPFailure) {}
}

/// One channel of a connection. Confined to the connection's reactor, which is what makes it Sendable.
final class AMQPChannel: @unchecked Sendable {
    private static let replyTimeout = Duration.seconds(30)
    private typealias Reply = Promise<Result<AMQPMethod, AMQPFailure>>

    let number: UInt16
    private unowned let connection: AMQPConnection
    private weak var owner: (any ChannelOwner)?
    private var assembler: ContentAssembler
    /// Questions without an answer yet, in the order they were asked.
    private var unanswered: [Reply] = []
    private var got: ContentAssembler.Content?
    private var publishedCount: UInt64 = 0
    private(set) var failure: AMQPFailure?

    init(number: UInt16, connection: AMQPConnection, owner: any ChannelOwner, maximumBody: Int) {
        self.number = number
        self.connection = connection
        self.owner = owner
        assembler = ContentAssembler(maximum: maximumBody)
    }

    var reactor: Reactor { connection.reactor }
    var isBlocked: Bool { connection.isBlocked }
    var unsentBytes: Int { connection.unsentBytes }

    // MARK: Questions

    @discardableResult
    func ask(_ encode: (AMQPEncoder) -> Void) async throws(AMQPFailure) -> AMQPMethod {
        if let failure { throw failure }
        let reply = Reply()
        unanswered.append(reply)
        connection.send(encode)
        let result: Result<AMQPMethod, AMQPFailure>
        do throws(StreamFailure) {
            result = try await reply.value(deadline: .after(Self.replyTimeout))
        } catch {
            // The order of answers is lost with this one.
            close(because: "an answer did not come")
            throw .stream(error)
        }
        return try result.get()
    }

    /// The next message of a queue, nil when it is empty.
    func get(queue: String) async throws(AMQPFailure) -> ContentAssembler.Content? {
        got = nil
        _ = try await ask { $0.get(number, queue: queue) }
        defer { got = nil }
        return got
    }

    func send(_ encode: (AMQPEncoder) -> Void) {
        guard failure == nil else { return }
        connection.send(encode)
    }

    /// Returns the tag that the broker's confirmation will name, once the channel was put into that mode.
    func publish(
        exchange: String, routingKey: String, isMandatory: Bool, properties: MessageProperties, head: [UInt8],
        tail: [UInt8]
    ) -> UInt64 {
        send {
            $0.publish(
                number, exchange: exchange, routingKey: routingKey, isMandatory: isMandatory, properties: properties,
                head: head, tail: tail)
        }
        publishedCount += 1
        return publishedCount
    }

    func close(because reason: String = "done") {
        guard failure == nil else { return }
        // The number stays taken until the broker has agreed.
        connection.send { $0.channelClose(number, code: 200, text: reason) }
        fail(.closed)
    }

    func fail(_ reason: AMQPFailure) {
        guard failure == nil else { return }
        failure = reason
        for reply in unanswered { reply.fulfil(.failure(reason)) }
        unanswered = []
        owner?.channelEnded(reason)
    }

    // MARK: What comes in

    func receive(_ method: AMQPMethod) throws(AMQPFailure) {
        switch method {
        case .deliver(let head): try assembler.announce(.delivery(head))
        case .getOK(let head): try assembler.announce(.got(head))
        case .returned(let code, let text): try assembler.announce(.returned(code: code, text: text))
        case .ack(let tag, let multiple): owner?.confirmed(tag: tag, multiple: multiple, isAccepted: true)
        case .nack(let tag, let multiple): owner?.confirmed(tag: tag, multiple: multiple, isAccepted: false)
        case .cancel: owner?.consumerCancelled()
        case .channelFlow(let isActive): connection.send { $0.channelFlowOK(number, isActive: isActive) }
        case .channelClose(let code, let text):
            connection.send { $0.channelCloseOK(number) }
            connection.forget(self)
            fail(.closedByBroker(code: code, text: text))
        case .channelCloseOK: connection.forget(self)
        case let reply where reply.isReply: answer(reply)
        default: throw .malformed("\(method) came on channel \(number)")
        }
    }

    private func answer(_ method: AMQPMethod) {
        guard !unanswered.isEmpty else { return }
        unanswered.removeFirst().fulfil(.success(method))
    }

    func receiveHeader(size: UInt64, _ properties: MessageProperties) throws(AMQPFailure) {
        if let content = try assembler.begin(size: size, properties) { take(content) }
    }

    func receiveBody(_ piece: borrowing Span<UInt8>) throws(AMQPFailure) {
        if let content = try assembler.append(piece) { take(content) }
    }

    private func take(_ content: ContentAssembler.Content) {
        guard failure == nil else { return }
        switch content.announcement {
        case .delivery(let head): owner?.delivered(head, content.properties, content.body)
        case .returned(let code, let text): owner?.returned(content.properties, code: code, text: text)
        case .got(let head):
            got = content
            answer(.getOK(head))
        }
    }
}
