internal import Contracts
internal import Core
internal import Database
internal import Messaging
internal import ServiceKit
internal import Telemetry

/// Appends every security event to the log and answers questions about it.
struct AuditService: Service {
    static let name = ServiceName.audit

    private let configuration: Configuration
    private let runtime: ServiceRuntime
    private let store: LogStore
    private let metrics: AuditMetrics

    init(_ configuration: Configuration, _ runtime: ServiceRuntime) {
        self.configuration = configuration
        self.runtime = runtime
        store = LogStore(runtime.database, inbox: runtime.inbox)
        metrics = AuditMetrics(runtime.metrics)
    }

    func start() async throws {
        let reading = LogReading(store: store)
        reading.serve(on: runtime.bus)
        reading.addRoutes(to: runtime.admin)
        let recording = EventRecording(store: store, metrics: metrics, clock: runtime.clock)
        recording.start(on: runtime.bus, batch: configuration.batch, linger: configuration.linger)
    }

    /// The bus stops its consumers after they have finished; nothing of ours is left to end.
    func stop(deadline: Deadline) async {}
}
