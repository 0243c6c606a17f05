package import Core
package import Reactor
internal import Synchronization
package import Telemetry

/// What was started, in order, so that it is stopped in reverse.
///
/// Stopping is bounded: a part that does not stop by the deadline is reported and left behind, and the parts below it
/// are still told to stop.
package final class Lifecycle: Sendable {
    package typealias Stop = @Sendable (Deadline) async -> Void

    /// What a part may still take when those above it have used up everything.
    private static let leastTime = Duration.milliseconds(200)

    private struct State {
        var parts: [(name: String, stop: Stop)] = []
        var isStopping = false
    }

    private let state = Mutex(State())
    private let reactor: Reactor
    private let log: Logger

    package init(on reactor: Reactor, log: Logger) {
        self.reactor = reactor
        self.log = log
    }

    /// Call it when the part has started.
    package func started(_ name: String, stop: @escaping Stop) {
        state.withLock { $0.parts.append((name, stop)) }
    }

    /// Stops every part, the newest first. Parts that start meanwhile are stopped too.
    package func stop(deadline: Deadline) async {
        while let part = state.withLock({ $0.parts.popLast() }) {
            await stop(part.name, part.stop, deadline: max(deadline, .after(Self.leastTime)))
        }
    }

    private func stop(_ name: String, _ stop: @escaping Stop, deadline: Deadline) async {
        let begun = Deadline.now
        let done = Promise<Void>()
        let task = reactor.run {
            await stop(deadline)
            _ = done.fulfil(())
        }
        do {
            try await done.value(deadline: deadline)
            log.debug("stopped", ["part": .string(name), "took_milliseconds": .milliseconds(.now - begun)])
        } catch {
            task.cancel()
            log.error("a part did not stop in time and is left behind", ["part": .string(name)])
        }
    }
}
