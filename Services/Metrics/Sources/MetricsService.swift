import Core
import Messaging
import Reactor
import ServiceKit
import Telemetry

/// Counts what the suite observes, minute by minute, and answers how it looks.
final class MetricsService: Service {
    static let name = ServiceName.metrics

    private let configuration: MetricsConfiguration
    private let runtime: ServiceRuntime
    private let ledger: TallyLedger

    init(_ configuration: MetricsConfiguration, _ runtime: ServiceRuntime) async throws {
        self.configuration = configuration
        self.runtime = runtime
        ledger = TallyLedger(
            database: runtime.database, inbox: runtime.inbox, figures: MetricsMetrics(runtime.metrics))
    }

    func start() async throws {
        let bus = runtime.bus
        let options = ConsumptionOptions(
            prefetch: 2 * configuration.batch, batch: configuration.batch, linger: configuration.linger)
        let (requests, events) = (
            RequestStream(ledger: ledger, clock: runtime.clock), DomainEvents(ledger: ledger, clock: runtime.clock)
        )
        for queue in Queue.requests(of: .metrics) {
            bus.consumeBatches(queue, options: options) { try await requests.take($0, from: queue) }
        }
        let queue = Queue.events(of: .metrics)
        bus.consumeBatches(queue, options: options) { try await events.take($0, from: queue) }
        OverviewCalls(queries: TallyQueries(database: runtime.database), clock: runtime.clock).serve(on: bus)
        runtime.every(.seconds(60), "forgetting of old counts") { [self] in
            try await ledger.prune(retention: configuration.retention, now: runtime.clock.now)
        }
    }

    /// The bus stops its consumers by itself: what was taken is stored before it is acknowledged.
    func stop(deadline: Deadline) async {}
}
