package import Contracts
package import Core
internal import Reactor
internal import Synchronization
internal import Telemetry

/// Collects events of a stream into batches, one buffer for each partition, and publishes them when they are large or
/// old enough. For what may be lost: `offer` never waits, and what finds no room is counted and dropped.
///
/// Safe from any thread: each buffer has its own lock, held while one event is encoded into it, or all are queued.
package final class EventBatcher: Sendable {
    package struct Limits: Sendable {
        package var events: Int
        package var bytes: ByteCount
        /// How long the first event of a batch may wait for others.
        package var linger: Duration
        /// The same where many come. A message costs broker and consumers as much as some dozens of events in it.
        package var busyLinger: Duration
        /// Batches that may wait to be sent, beyond those being sent.
        package var waitingBatches: Int
        /// Batches that are sent and not confirmed.
        package var unconfirmedBatches: Int
        /// A batch that is not confirmed after so long is dropped.
        package var patience: Duration

        package init(
            events: Int = 500, bytes: ByteCount = .kibibytes(192), linger: Duration = .milliseconds(5),
            busyLinger: Duration = .milliseconds(40), waitingBatches: Int = 128, unconfirmedBatches: Int = 16,
            patience: Duration = .seconds(30)
        ) {
            self.events = events
            self.bytes = bytes
            self.linger = linger
            self.busyLinger = busyLinger
            self.waitingBatches = waitingBatches
            self.unconfirmedBatches = unconfirmedBatches
            self.patience = patience
        }
    }

    /// Events that did not reach the broker, encoded as an envelope's field, for who can keep them longer.
    package struct Batch: Sendable {
        package let id = UUIDv7()
        package let partition: Int
        package let count: Int
        package let payloads: [UInt8]
    }

    private struct Buffer: ~Copyable {
        var writer = WireWriter()
        var count = 0
    }

    /// A class, because an array cannot hold what cannot be copied.
    private final class Partition: Sendable {
        let buffer = Mutex(Buffer())
    }

    /// `Envelope.payloads`, as a tag of the wire format: a batch's payloads are written as that field at once.
    private static let payloadTag: UInt32 = 8 << 3 | 2

    /// More than so many events of a partition within `linger` are many.
    private static let few = 2

    private let bus: Bus
    private let topic: Topic
    private let limits: Limits
    private let overflow: (@Sendable (Batch) -> Void)?
    private let partitions: [Partition]
    private let ready: AsyncQueue<Batch>
    private let isCollecting = AsyncQueue<Void>(capacity: 1)
    private let offered = Atomic<Int>(0)
    private let settled = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let tasks = Mutex<[TaskHandle]>([])

    /// Starts the batcher's tasks on the bus's reactor.
    ///
    /// - Parameter overflow: is given what would be dropped otherwise.
    package init(
        bus: Bus, topic: Topic, limits: Limits = Limits(), overflow: (@Sendable (Batch) -> Void)? = nil
    ) {
        self.overflow = overflow
        self.bus = bus
        self.topic = topic
        self.limits = limits
        partitions = (0..<(topic.carrier == .requests ? Topology.partitions : 1)).map { _ in Partition() }
        ready = AsyncQueue(capacity: limits.waitingBatches)
        var started = (0..<limits.unconfirmedBatches).map { _ in bus.reactor.run { await self.sendBatches() } }
        started.append(bus.reactor.run { await self.flushByAge() })
        tasks.withLock { $0 = started }
    }

    /// Events that did not reach the broker since the start.
    package var droppedEvents: Int { dropped.load(ordering: .relaxed) }
    /// Batches that wait to be sent, for producers that can wait as well.
    package var waitingBatches: Int { ready.count }

    /// False when the event was dropped at once because too much is waiting. Events with one key stay in order.
    package func offer(_ message: some WireEncodable, key: [UInt8]) -> Bool {
        offer(message, partition: partitions.count == 1 ? 0 : Topology.partitionIndex(of: key))
    }

    /// The same with an address's bytes as the key, which need no array.
    package func offer(_ message: some WireEncodable, key: IPAddress) -> Bool {
        offer(message, partition: partitions.count == 1 ? 0 : Topology.partitionIndex(of: key))
    }

    private func offer(_ message: some WireEncodable, partition index: Int) -> Bool {
        offered.wrappingAdd(1, ordering: .relaxed)
        let (isFirst, unplaced) = partitions[index].buffer.withLock { buffer -> (Bool, Batch?) in
            buffer.writer.element(message, tag: Self.payloadTag)
            buffer.count += 1
            let isFull = buffer.count >= limits.events || buffer.writer.byteCount >= limits.bytes.bytes
            return (buffer.count == 1, isFull ? enqueue(&buffer, index) : nil)
        }
        if isFirst { _ = isCollecting.offer(()) }
        guard let unplaced else { return true }
        drop(unplaced)
        return overflow != nil
    }

    /// Sends what was collected and returns when all of it is confirmed or dropped, false at the deadline.
    package func flush(deadline: Deadline) async -> Bool {
        flushPartitions()
        while settled.load(ordering: .acquiring) < offered.load(ordering: .acquiring) {
            guard !deadline.hasPassed else { return false }
            do { try await Reactor.sleep(for: .milliseconds(2)) } catch { return false }
            flushPartitions()
        }
        return true
    }

    /// Flushes, then ends the batcher.
    package func stop(deadline: Deadline) async {
        _ = await flush(deadline: deadline)
        ready.finish()
        isCollecting.finish()
        let tasks = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in tasks {
            task.cancel()
            await task.value()
        }
    }

    /// Under the partition's lock: were a batch taken here and queued later, another thread's, taken after it, could be
    /// queued before it. Returns what there is no room for.
    private func enqueue(_ buffer: inout Buffer, _ partition: Int) -> Batch? {
        guard buffer.count > 0 else { return nil }
        let batch = Batch(partition: partition, count: buffer.count, payloads: buffer.writer.bytes)
        buffer.writer.removeAll()
        buffer.count = 0
        return ready.offer(batch) ? nil : batch
    }

    private func drop(_ batch: Batch) {
        if let overflow {
            overflow(batch)
            settled.wrappingAdd(batch.count, ordering: .releasing)
            return
        }
        dropped.wrappingAdd(batch.count, ordering: .relaxed)
        settled.wrappingAdd(batch.count, ordering: .releasing)
        bus.metrics.droppedEvents.increment(by: batch.count)
    }

    private func flushPartitions() {
        for (index, partition) in partitions.enumerated() {
            if let unplaced = partition.buffer.withLock({ enqueue(&$0, index) }) { drop(unplaced) }
        }
    }

    /// Sleeps while nothing is collected, so an idle service does not wake up.
    private func flushByAge() async {
        var flushed = 0
        while (try? await isCollecting.receive()) ?? nil != nil {
            do {
                try await Reactor.sleep(for: limits.linger)
                if offered.load(ordering: .relaxed) - flushed > Self.few * partitions.count {
                    try await Reactor.sleep(for: limits.busyLinger - limits.linger)
                }
            } catch { return }
            flushed = offered.load(ordering: .relaxed)
            flushPartitions()
        }
    }

    private func sendBatches() async {
        while let batch = (try? await ready.receive()) ?? nil {
            do throws(Failure) {
                try await bus.publish(
                    topic, partition: batch.partition, payloads: batch.payloads, id: batch.id,
                    deadline: .after(limits.patience))
                settled.wrappingAdd(batch.count, ordering: .releasing)
            } catch {
                drop(batch)
            }
        }
    }
}
