internal import Core
internal import Reactor
internal import Synchronization
internal import Telemetry

/// Watches something the service depends on: asks it again and again, remembers the answer for the health check, and
/// logs when it changes, not each time.
final class DependencyMonitor: Sendable {
    typealias Check = @Sendable (Deadline) async throws -> Void

    private static let interval = Duration.seconds(2)
    private static let limit = Duration.seconds(5)
    /// A trouble that lasts is told again this often.
    private static let reminder = Duration.seconds(60)

    private struct State {
        var health: HealthState
        var told: String?
        var toldAt = Deadline.now
    }

    let name: String
    let firstReady = Promise<Void>()
    private let state: Mutex<State>
    private let log: Logger
    private let up: Gauge
    private let check: Check

    init(_ name: String, log: Logger, metrics: MetricsRegistry, check: @escaping Check) {
        self.name = name
        self.log = log.with(["dependency": .string(name)])
        self.check = check
        state = Mutex(State(health: .notReady("not connected yet")))
        up =
            metrics.gauge(
                "dependency_up", help: "1 while what the service depends on can be used.",
                labels: ["dependency": ["broker", "database"]])[name]
    }

    var health: HealthState { state.withLock { $0.health } }

    /// Until the task is cancelled. The pause grows while it is of no use.
    func watch() async {
        var pause = Duration.milliseconds(200)
        while !Task.isCancelled {
            do {
                try await check(.after(Self.limit))
                isReady()
                pause = Self.interval
            } catch {
                guard !Task.isCancelled else { return }
                isNotReady("\(error)")
                pause = min(pause * 2, Self.interval)
            }
            do { try await Reactor.sleep(for: pause) } catch { return }
        }
    }

    private func isReady() {
        let wasToldOff = state.withLock { state in
            defer {
                state.health = .ready
                state.told = nil
            }
            return state.told != nil
        }
        up.set(1)
        if firstReady.fulfil(()) || wasToldOff { log.info("a dependency is ready") }
    }

    private func isNotReady(_ reason: String) {
        let isNews = state.withLock { state in
            state.health = .notReady(reason)
            guard state.told != reason || state.toldAt + Self.reminder < .now else { return false }
            state.told = reason
            state.toldAt = .now
            return true
        }
        up.set(0)
        if isNews { log.warning("a dependency is not ready; trying on", ["reason": .string(reason)]) }
    }
}
