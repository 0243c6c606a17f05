internal import Contracts
internal import Core
internal import Database
internal import Outbox
internal import Reactor
internal import Synchronization
internal import Telemetry

/// Brings steps into the database, and with them, in the same transaction, into the outbox: so whoever is shown an
/// intruder's steps and whoever hears of them know the same.
///
/// Answering never waits for it. While the database is away steps queue up to a bound; beyond it they are dropped and
/// counted.
final class StepRecorder: Sendable {
    private static let batch = 500
    private static let linger = Duration.milliseconds(20)
    private static let pause = Duration.milliseconds(500)

    private let intruders: IntruderStore
    private let outbox: Outbox
    private let queue: AsyncQueue<IntruderStep>
    private let log: Logger
    private let metrics: LabyrinthMetrics
    private let task = Mutex<TaskHandle?>(nil)

    init(_ intruders: IntruderStore, outbox: Outbox, maximumPending: Int, log: Logger, metrics: LabyrinthMetrics) {
        self.intruders = intruders
        self.outbox = outbox
        queue = AsyncQueue(capacity: maximumPending)
        self.log = log
        self.metrics = metrics
    }

    func record(_ step: IntruderStep) {
        if !queue.offer(step) { metrics.droppedSteps.increment() }
    }

    func start(on reactor: Reactor) {
        let handle = reactor.run { await self.run() }
        task.withLock { $0 = handle }
    }

    /// Stores what is queued, until the deadline.
    func stop(deadline: Deadline) async {
        queue.finish()
        guard let handle = task.withLock({ $0 }) else { return }
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await handle.value() }
            tasks.addTask {
                guard (try? await Reactor.sleep(until: deadline)) != nil else { return }
                handle.cancel()
            }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    private func run() async {
        while let steps = try? await queue.receiveBatch(maximum: Self.batch, linger: Self.linger), !steps.isEmpty {
            while !(await store(steps)) {
                guard (try? await Reactor.sleep(for: Self.pause)) != nil else { return }
            }
        }
    }

    /// False when it has to be tried again.
    private func store(_ steps: [IntruderStep]) async -> Bool {
        do {
            try await outbox.transaction { transaction in
                try await self.intruders.add(steps, in: transaction)
                return ((), steps.map(Self.message))
            }
            metrics.storedSteps.increment(by: steps.count)
            return true
        } catch {
            log.warning("steps cannot be stored for now", ["steps": .int(steps.count), "error": .error(error)])
            return false
        }
    }

    private static func message(_ step: IntruderStep) -> OutboxMessage {
        OutboxMessage(
            id: step.id, schema: IntruderStepObserved.schema, key: step.intruder.id.description,
            payload: IntruderStepObserved(step).wireBytes(), trace: step.trace)
    }
}
