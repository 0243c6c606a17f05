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
    private struct State {
        /// Whether the checkpoint of this partition has been read back.
        var remembers = false
        var deliveries: [UUIDv7] = []
        var events: [DetectionEvent] = []
    }

    static let options = ConsumptionOptions(prefetch: 64, concurrency: 1, batch: 16)

    private let partition: Int
    private let judge: Judge
    private let journal: Journal
    private let profiles: ClientProfileStore
    private let metrics: DetectorMetrics
    private let clock: any WallClock
    private let state = Mutex(State())

    init(
        _ partition: Int, _ judge: Judge, _ journal: Journal, _ profiles: ClientProfileStore,
        _ metrics: DetectorMetrics, clock: any WallClock
    ) {
        self.partition = partition
        self.judge = judge
        self.journal = journal
        self.profiles = profiles
        self.metrics = metrics
        self.clock = clock
    }

    func handle(_ deliveries: [Delivery]) async throws {
        try await remember()
        let events = try judgeOnce(deliveries)
        try await journal.save(events)
        state.withLock { ($0.deliveries, $0.events) = ([], []) }
    }

    /// Not before the first delivery: until then another replica may still be reading the partition.
    private func remember() async throws {
        guard !state.withLock({ $0.remembers }) else { return }
        judge.restore(try await profiles.load(partition: partition, limit: judge.clientCapacity), of: partition)
        state.withLock { $0.remembers = true }
    }

    private func judgeOnce(_ deliveries: [Delivery]) throws -> [DetectionEvent] {
        let (handled, kept) = state.withLock { ($0.deliveries, $0.events) }
        let new = deliveries.filter { !handled.contains($0.id) }
        var requests: [ObservedRequest] = []
        requests.reserveCapacity(new.reduce(0) { $0 + $1.count })
        for delivery in new {
            try delivery.forEach(as: RequestObserved.self) { requests.append(ObservedRequest($0)) }
        }
        let (events, reinspected) = try judge.observe(requests, of: partition)
        count(requests, reinspected)
        let all = kept + events
        state.withLock { ($0.deliveries, $0.events) = (handled + new.map(\.id), all) }
        return all
    }

    private func count(_ requests: [ObservedRequest], _ reinspected: Int) {
        metrics.requests.increment(by: requests.count)
        metrics.reinspected.increment(by: reinspected)
        if let last = requests.last { metrics.lag.observe(clock.now - last.at) }
    }
}
