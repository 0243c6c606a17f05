import Core
import Messaging
import Reactor
import Telemetry

/// Events that must not be lost: published one by one and repeated until the broker has them.
///
/// Bounded: at most `capacity` wait; beyond it an event is counted and given up, because a gateway that runs out of
/// memory protects nobody. A disk spool takes its place later.
final class ProtectedEvents: Sendable {
    struct Pending: Sendable {
        var topic: Topic
        var payload: [UInt8]
        var key: String
        var trace: TraceContext?
        var id = UUIDv7()
    }

    private static let senders = 8
    private static let attempt = Duration.seconds(20)
    private static let pause = Duration.milliseconds(500)

    private let waiting: AsyncQueue<Pending>
    private let publish: @Sendable (Pending, Deadline) async throws -> Void
    private let dropped: Counter

    init(capacity: Int, dropped: Counter, publish: @escaping @Sendable (Pending, Deadline) async throws -> Void) {
        waiting = AsyncQueue(capacity: capacity)
        self.dropped = dropped
        self.publish = publish
    }

    var count: Int { waiting.count }

    func offer(_ event: Pending) {
        if !waiting.offer(event) { dropped.increment() }
    }

    func start(on reactor: Reactor) -> [TaskHandle] {
        (0..<Self.senders).map { _ in reactor.run { [self] in await send() } }
    }

    private func send() async {
        do throws(StreamFailure) {
            while let event = try await waiting.receive() { await deliver(event) }
        } catch {
            return
        }
    }

    private func deliver(_ event: Pending) async {
        while true {
            do {
                return try await publish(event, .after(Self.attempt))
            } catch {
                guard !Task.isCancelled else { return dropped.increment() }
            }
            try? await Reactor.sleep(for: Self.pause)
        }
    }

    /// Sends what waits, until the deadline.
    func stop(_ senders: [TaskHandle], deadline: Deadline) async {
        waiting.finish()
        let end = Promise<Void>()
        let watch = Reactor.current?.run {
            for sender in senders { await sender.value() }
            end.fulfil(())
        }
        do throws(StreamFailure) {
            try await end.value(deadline: deadline)
        } catch {
            for sender in senders { sender.cancel() }
        }
        await watch?.value()
    }
}
