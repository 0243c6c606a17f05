import Contracts
import Core
import Messaging

extension RequestFacts {
    init(_ wire: RequestObserved) {
        self.init(
            observedAt: wire.observedAt, status: Int(wire.status), effect: Measure(wire.outcome),
            requestBytes: wire.requestBytes, responseBytes: wire.responseBytes,
            durationMicroseconds: wire.durationMicroseconds)
    }
}

extension Measure {
    /// What an outcome adds to beside `requests`.
    init?(_ outcome: RequestOutcome) {
        switch outcome {
        case .blocked, .banned, .refused: self = .blocked
        case .diverted: self = .diverted
        case .throttled: self = .throttled
        default: return nil
        }
    }
}

/// Counts the stream of all requests, a partition at a time.
struct RequestStream: Sendable {
    let ledger: TallyLedger
    let clock: any WallClock

    func take(_ deliveries: [Delivery], from queue: Queue) async throws {
        let now = clock.now
        try await ledger.apply(ids: deliveries.map(\.id), source: queue.name) { fresh in
            var tally = Tally(now: now)
            for position in fresh {
                try deliveries[position].forEach(as: RequestObserved.self) { tally.add(RequestFacts($0)) }
            }
            return (tally, [])
        }
    }
}
