import Core
import Reactor
import Synchronization
import Telemetry

/// Events that wait for the broker: in memory, and in a folder of the disk where there is one.
///
/// Timeline of an event: offered → written to the spool within a few milliseconds, together with others → published,
/// in order, in windows → the cursor moves past the window once all of it is confirmed. What a process that was killed
/// had written and not handed over, the next one sends first; an event is sent twice rather than not at all, under one
/// identifier, by which consumers know it.
///
/// Beyond the cap what is there stays and what comes is given up and counted: how something began explains more than how
/// it went on. Without a folder, or while it cannot be written, memory alone is used, at most `capacity` events.
///
/// Confined to its reactor, but for `offer`; that makes it Sendable.
final class EventSpool: @unchecked Sendable {
    struct Limits: Sendable {
        var capacity = 10_000
        var onDisk = ByteCount.mebibytes(256)
        var window = 256
        var windowBytes = 4 << 20
    }

    private static let attempt = Duration.seconds(20)
    private static let pause = Duration.milliseconds(500)
    private static let linger = Duration.milliseconds(2)
    private static let batch = 256
    private static let readAhead = 1 << 20

    private let limits: Limits
    private let folder: SpoolFolder?
    private let thread = BlockingThreads(maximum: 1)
    private let offered: AsyncQueue<SpoolRecord>
    private let unsettled = Atomic<Int>(0)
    private let dropped: Counter
    private let log: Logger
    private let publish: @Sendable (SpoolRecord, Deadline) async throws -> Void
    private let weigh: @Sendable (SpoolRecord) -> Int

    private var backlog: SpoolBacklog
    private var isOpen = false
    private var isFailing = false
    private var isStopping = false
    private let somethingCame = AsyncQueue<Void>(capacity: 1)

    /// - Parameter weigh: how many events a record stands for, when it is counted as lost.
    init(
        _ limits: Limits = Limits(), folder: String?, dropped: Counter, log: Logger,
        weigh: @escaping @Sendable (SpoolRecord) -> Int = { _ in 1 },
        publish: @escaping @Sendable (SpoolRecord, Deadline) async throws -> Void
    ) {
        self.limits = limits
        self.folder = folder.map { SpoolFolder($0, cap: limits.onDisk) }
        self.dropped = dropped
        self.log = log
        self.publish = publish
        self.weigh = weigh
        offered = AsyncQueue(capacity: limits.capacity)
        backlog = SpoolBacklog(capacity: limits.capacity)
    }

    func offer(_ record: SpoolRecord) {
        unsettled.wrappingAdd(1, ordering: .relaxed)
        guard !offered.offer(record) else { return }
        unsettled.wrappingSubtract(1, ordering: .relaxed)
        giveUp(record)
    }

    /// Offered and neither written down nor given up yet.
    var offeredCount: Int { unsettled.load(ordering: .acquiring) }

    private func giveUp(_ record: SpoolRecord) { dropped.increment(by: weigh(record)) }

    struct Tasks: Sendable {
        fileprivate let keeping: TaskHandle
        fileprivate let sending: TaskHandle
    }

    func start(on reactor: Reactor) -> Tasks {
        Tasks(keeping: reactor.run { [self] in await keep() }, sending: reactor.run { [self] in await send() })
    }

    /// Writes down what was offered, then sends until the deadline; what is on disk then stays there.
    func stop(_ tasks: Tasks, deadline: Deadline) async {
        offered.finish()
        await tasks.keeping.value()
        let end = Promise<Void>()
        let watch = Reactor.current?.run {
            await tasks.sending.value()
            end.fulfil(())
        }
        do throws(StreamFailure) {
            try await end.value(deadline: deadline)
        } catch {
            tasks.sending.cancel()
        }
        await watch?.value()
        if let folder { _ = try? await thread.run { folder.sync() } }
    }

    // MARK: Keeping

    private func keep() async {
        await open()
        while let batch = try? await offered.receiveBatch(maximum: Self.batch, linger: Self.linger), !batch.isEmpty {
            if !isOpen { await open() }
            await keep(batch)
            unsettled.wrappingSubtract(batch.count, ordering: .releasing)
            _ = somethingCame.offer(())
        }
        isStopping = true
        somethingCame.finish()
    }

    /// Only while nothing waits in memory: what waits there has no place on disk, and would be sent as if it did.
    private func open() async {
        guard let folder, !isOpen, backlog.isEmpty else { return }
        switch try? await thread.run({ folder.open() }) {
        case .success(let opened):
            isOpen = true
            backlog = SpoolBacklog(capacity: limits.capacity, read: opened.oldest, hasOlder: opened.hasOlder)
            if opened.hasOlder {
                log.info("events of an earlier run wait in the spool and are sent first")
                _ = somethingCame.offer(())
            }
        case .failure(let failure): complain(failure)
        case nil: break
        }
    }

    private func keep(_ batch: [SpoolRecord]) async {
        var bytes: [UInt8] = []
        let lengths = batch.map { $0.append(to: &bytes) }
        guard isOpen, let start = await write(bytes) else {
            for record in batch where !backlog.addUnwritten(record) { giveUp(record) }
            return
        }
        var end = start
        for (record, length) in zip(batch, lengths) {
            end.offset += UInt64(length)
            backlog.add(SpoolBacklog.Entry(record: record, end: end))
        }
    }

    private func write(_ bytes: [UInt8]) async -> SpoolPosition? {
        guard let folder else { return nil }
        switch try? await thread.run({ folder.append(bytes) }) {
        case .success(let start):
            isFailing = false
            return start
        case .failure(let failure): complain(failure)
        case nil: break
        }
        return nil
    }

    private func complain(_ failure: SpoolFailure) {
        guard !isFailing else { return }
        isFailing = true
        log.error(
            "events cannot be spooled; they wait in memory, and beyond it new ones are given up",
            ["reason": .string("\(failure)")])
    }

    // MARK: Sending

    private func send() async {
        while true {
            if backlog.countInMemory == 0 && !backlog.isComplete { await refill() }
            let window = backlog.take(upTo: limits.window, bytes: limits.windowBytes)
            if let last = window.last {
                guard await deliver(window) else { return }
                await confirm(last.end)
            } else if backlog.isEmpty {
                guard !isStopping, (try? await somethingCame.receive()) != nil else {
                    if isStopping && backlog.isEmpty { return }
                    if Task.isCancelled { return }
                    continue
                }
            } else {
                // The disk does not give back what it holds: it may later.
                do { try await Reactor.sleep(for: Self.pause) } catch { return }
            }
        }
    }

    private func refill() async {
        guard let folder else { return }
        let from = backlog.read
        guard let chunk = try? await thread.run({ folder.read(from: from, bytes: Self.readAhead) }) else { return }
        if chunk.damaged > 0 {
            log.error("part of the spool cannot be read and is skipped", ["segments": .int(chunk.damaged)])
        }
        backlog.refill(chunk.entries, next: chunk.next, isAll: chunk.isAll)
    }

    private func confirm(_ position: SpoolPosition) async {
        guard let folder, isOpen else { return }
        _ = try? await thread.run {
            folder.confirm(position)
            folder.syncIfDue()
        }
    }

    /// All of them, in order; false when told to stop.
    private func deliver(_ window: [SpoolBacklog.Entry]) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for entry in window { group.addTask { [self] in await deliver(entry.record) } }
            return await group.reduce(true) { $0 && $1 }
        }
    }

    private func deliver(_ record: SpoolRecord) async -> Bool {
        while !Task.isCancelled {
            do {
                try await publish(record, .after(Self.attempt))
                return true
            } catch let failure as Failure where failure.kind == .invalid || failure.kind == .forbidden {
                // No later attempt fares better, and it must not hold up what stands behind it.
                giveUp(record)
                log.error("an event can never be sent and is given up", ["reason": .error(failure)])
                return true
            } catch {
                guard !Task.isCancelled else { return false }
            }
            // A pause that ends early is the end of the reactor: going on would turn for ever.
            do { try await Reactor.sleep(for: Self.pause) } catch { return false }
        }
        return false
    }
}
