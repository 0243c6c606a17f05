internal import Core
internal import Reactor
internal import Synchronization

/// A consumer's time on one channel. Delivery tags mean something only within it: what is settled after its end is
/// forgotten, and the broker delivers it again.
///
/// `work` and `settlements` may be used from any thread; everything else is confined to the connection's reactor, which
/// is what makes it Sendable.
final class ConsumerSession: ChannelOwner, @unchecked Sendable {
    let work: AsyncQueue<ReceivedMessage>
    private let settlements: AsyncQueue<AcknowledgementLedger.Settlement>
    private let prefetch: Int
    private let end = Promise<AMQPFailure>()
    private var ledger = AcknowledgementLedger()
    private var channel: AMQPChannel?
    private let unsettled = Atomic<Int>(0)

    /// How long a settled delivery may wait to be acknowledged together with others.
    private static let linger = Duration.milliseconds(1)

    init(prefetch: Int) {
        self.prefetch = prefetch
        // The broker hands out at most `prefetch`, so neither queue can be full.
        work = AsyncQueue(capacity: prefetch + 1)
        settlements = AsyncQueue(capacity: 2 * prefetch + 1)
    }

    func open(
        on connection: AMQPConnection, queue: String, prepare: (AMQPChannel) async throws(AMQPFailure) -> Void
    ) async throws(AMQPFailure) {
        let channel = try await connection.openChannel(self)
        self.channel = channel
        try await channel.ask { $0.qos(channel.number, prefetch: prefetch) }
        try await prepare(channel)
        connection.reactor.run { await self.acknowledge(on: channel) }
        try await channel.ask { $0.consume(channel.number, queue: queue, consumer: "main", acknowledges: true) }
    }

    var isOver: Bool { end.current != nil }
    func ended() async -> AMQPFailure { (try? await end.value()) ?? .closed }

    /// From any thread.
    func settle(_ settlement: AcknowledgementLedger.Settlement) {
        _ = settlements.offer(settlement)
    }

    /// Takes no more, waits for what is being handled, and closes.
    func stop(deadline: Deadline) async {
        guard let channel, channel.failure == nil else { return finish(.closed) }
        _ = try? await channel.ask { $0.cancel(channel.number, consumer: "main") }
        work.finish()
        while unsettled.load(ordering: .relaxed) > 0, !deadline.hasPassed, channel.failure == nil {
            do { try await Reactor.sleep(for: .milliseconds(2)) } catch { break }
        }
        channel.close()
        finish(.closed)
    }

    private func acknowledge(on channel: AMQPChannel) async {
        while true {
            let batch = (try? await settlements.receiveBatch(maximum: max(1, prefetch / 4), linger: Self.linger)) ?? []
            guard !batch.isEmpty else { return }
            for action in ledger.settle(batch) {
                channel.send { encoder in
                    switch action {
                    case .ack(let tag, let multiple): encoder.ack(channel.number, tag: tag, multiple: multiple)
                    case .nack(let tag, let requeue): encoder.nack(channel.number, tag: tag, requeue: requeue)
                    }
                }
            }
            unsettled.wrappingSubtract(batch.count, ordering: .relaxed)
        }
    }

    private func finish(_ reason: AMQPFailure) {
        work.finish()
        settlements.finish()
        end.fulfil(reason)
    }

    // MARK: ChannelOwner

    func delivered(_ head: DeliveryHead, _ properties: MessageProperties, _ body: [UInt8]?) {
        unsettled.wrappingAdd(1, ordering: .relaxed)
        _ = work.offer(ReceivedMessage(head: head, properties: properties, body: body))
    }

    func consumerCancelled() {
        channel?.close(because: "the consumer was cancelled")
        finish(.closedByBroker(code: 404, text: "the broker cancelled the consumer"))
    }

    func channelEnded(_ reason: AMQPFailure) { finish(reason) }
}
