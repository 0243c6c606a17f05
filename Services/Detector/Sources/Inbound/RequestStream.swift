import Contracts
import Core
import Messaging
import Synchronization
import Telemetry

/// One partition of the stream of all requests: batch in, events out, saved before the batch is acknowledged.
///
/// A batch whose events could not be saved is handed over again. It must not be judged twice, so its events are kept
/// until they are saved; a second delivery after a crash is judged anew, which decaying counts forgive.
final class RequestStream: Sendable {
    private struct Unsaved {
        var deliveries: [UUIDv7] = []
        var events: [DetectionEvent] = []
    }

    static let options = ConsumptionOptions(prefetch: 64, concurrency: 1, batch: 16)

    private let judge: Judge
    private let journal: Journal
    private let metrics: DetectorMetrics
    private let clock: any WallClock
    private let unsaved = Mutex(Unsaved())

    init(_ judge: Judge, _ journal: Journal, _ metrics: DetectorMetrics, clock: any WallClock) {
        self.judge = judge
        self.journal = journal
        self.metrics = metrics
        self.clock = clock
    }

    func handle(_ deliveries: [Delivery]) async throws {
        let events = try judgeOnce(deliveries)
        try await journal.save(events)
        unsaved.withLock { $0 = Unsaved() }
    }

    private func judgeOnce(_ deliveries: [Delivery]) throws -> [DetectionEvent] {
        let known = unsaved.withLock { $0 }
        let new = deliveries.filter { !known.deliveries.contains($0.id) }
        let requests = try new.flatMap { try $0.decode(as: RequestObserved.self).map(ObservedRequest.init) }
        let (events, reinspected) = try judge.observe(requests)
        count(requests, reinspected)
        let all = known.events + events
        unsaved.withLock { $0 = Unsaved(deliveries: known.deliveries + new.map(\.id), events: all) }
        return all
    }

    private func count(_ requests: [ObservedRequest], _ reinspected: Int) {
        metrics.requests.increment(by: requests.count)
        metrics.reinspected.increment(by: reinspected)
        if let last = requests.last { metrics.lag.observe(clock.now - last.at) }
    }
}
