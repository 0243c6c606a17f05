import Contracts
import Core
import Messaging
import Reactor
import Telemetry

/// Tells the other replicas ten times a second what this one admitted, and counts what they tell, so that a limit holds
/// for all of them together.
///
/// What several replicas admit between two tellings may exceed the burst; it is owed, and the pace holds over time. While
/// the broker is away every replica holds the limit by itself: N replicas then let N times as much pass, and nobody is
/// refused for a reason that nobody can see.
final class RateSharing: Sendable {
    private static let pause = Duration.milliseconds(100)
    /// Older than this it is history.
    private static let freshness = Duration.seconds(5)

    private let gate: RateGate
    private let lanes: [RequestLane]
    private let bus: Bus
    private let untold: Counter

    init(_ gate: RateGate, _ lanes: [RequestLane], _ bus: Bus, untold: Counter) {
        self.gate = gate
        self.lanes = lanes
        self.bus = bus
        self.untold = untold
    }

    func tell() async {
        while !Task.isCancelled {
            try? await Reactor.sleep(for: Self.pause)
            var usage: [RateUsage.Entry] = []
            for lane in lanes { usage += await lane.reactor.perform { lane.rateUsage.take() } }
            guard !usage.isEmpty else { continue }
            await tell(usage)
        }
    }

    private func tell(_ usage: [RateUsage.Entry]) async {
        let event = RateUsageReported(
            replica: bus.configuration.replica, reportedAt: .now,
            usage: usage.map { Contracts.RateUsage(key: $0.key, nanoseconds: UInt64(max(0, $0.nanoseconds))) })
        do {
            try await bus.publish(event, to: .rateUsageReported, deadline: .after(.seconds(1)))
        } catch {
            untold.increment(by: usage.count)
        }
    }

    func hear(_ delivery: Delivery) throws {
        for event in try delivery.decode(as: RateUsageReported.self) {
            guard event.replica != bus.configuration.replica, Timestamp.now - event.reportedAt < Self.freshness else {
                continue
            }
            for usage in event.usage {
                gate.charge(usage.key, nanoseconds: Int64(clamping: usage.nanoseconds), now: .now)
            }
        }
    }
}
