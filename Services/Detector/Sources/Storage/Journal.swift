import Core
import Database
import Outbox
import Telemetry

/// Saves what was judged and what others are to be told of it, together or not at all.
final class Journal: Sendable {
    private static let patience = Duration.seconds(10)

    private let outbox: Outbox
    private let metrics: DetectorMetrics

    init(_ outbox: Outbox, _ metrics: DetectorMetrics) {
        self.outbox = outbox
        self.metrics = metrics
    }

    func save(_ events: [DetectionEvent]) async throws {
        guard !events.isEmpty else { return }
        let messages = events.compactMap { OutboxMessage($0) }
        do {
            try await outbox.transaction(deadline: .after(Self.patience)) { transaction in
                try await IncidentStore.save(events.compactMap(\.incident), in: transaction)
                try await ThreatStore.save(events.compactMap(\.threat), in: transaction)
                return ((), messages)
            }
        } catch {
            metrics.failures["save"].increment()
            throw error
        }
        for event in events { metrics.count(event) }
    }
}

extension DetectionEvent {
    fileprivate var incident: Incident? {
        switch self {
        case .opened(let incident), .updated(let incident, _, _), .contained(let incident): incident
        case .threat: nil
        }
    }

    fileprivate var threat: Threat? {
        if case .threat(let threat) = self { threat } else { nil }
    }
}
