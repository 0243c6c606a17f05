import Core
import Reactor
import Telemetry

/// Writes changes of the enforcement table behind the requests: in order, repeated while the database is away.
///
/// Bounded; beyond it a change is counted and not stored. The table in memory stays right, and after a restart the agent
/// coordinator is asked anyway.
final class StoreQueue: Sendable {
    private static let capacity = 10_000
    private static let pause = Duration.seconds(1)

    private let waiting = AsyncQueue<EnforcementChangeToStore>(capacity: capacity)
    private let store: EnforcementStore
    private let dropped: Counter
    private let log: Logger

    init(store: EnforcementStore, dropped: Counter, log: Logger) {
        self.store = store
        self.dropped = dropped
        self.log = log
    }

    func offer(_ change: EnforcementChangeToStore) {
        if !waiting.offer(change) { dropped.increment() }
    }

    func start(on reactor: Reactor) -> TaskHandle {
        reactor.run { [self] in
            do throws(StreamFailure) {
                while let change = try await waiting.receive() { await write(change) }
            } catch {
                return
            }
        }
    }

    private func write(_ change: EnforcementChangeToStore) async {
        while !Task.isCancelled {
            do {
                switch change {
                case .start(let enforcement): try await store.start(enforcement)
                case .end(let decision): try await store.end(decision)
                case .removeExpired: try await store.removeExpired()
                }
                return
            } catch {
                log.debug("a decision cannot be stored yet", ["error": .error(error)])
            }
            try? await Reactor.sleep(for: Self.pause)
        }
        dropped.increment()
    }

    func stop(_ writer: TaskHandle, deadline: Deadline) async {
        waiting.finish()
        while waiting.count > 0 && !deadline.hasPassed { try? await Reactor.sleep(for: .milliseconds(20)) }
        writer.cancel()
        await writer.value()
    }
}
