internal import Core
internal import Messaging
internal import Reactor
internal import ServiceKit
internal import Synchronization

/// Turns the detector's judgement into responses: consumes threats and incidents, decides, asks people where it must,
/// publishes, and answers the calls about it all.
struct AgentCoordinatorService: Service {
    static let name = ServiceName.agentCoordinator

    private let configuration: AgentCoordinatorConfiguration
    private let runtime: ServiceRuntime
    private let metrics: AgentCoordinatorMetrics

    init(_ configuration: AgentCoordinatorConfiguration, _ runtime: ServiceRuntime) {
        self.configuration = configuration
        self.runtime = runtime
        metrics = AgentCoordinatorMetrics(runtime.metrics)
    }

    func start() async throws {
        DecisionCalls(runtime, policy: configuration.policy, metrics: metrics).serve()
        let intake = ThreatIntake(runtime, policy: configuration.policy, metrics: metrics)
        let options = ConsumptionOptions(
            prefetch: configuration.batch * 4, batch: configuration.batch, linger: .milliseconds(2))
        let consumer = runtime.bus.consumeBatches(.events(of: .agentCoordinator), options: options) { deliveries in
            try await intake.take(deliveries)
        }
        runtime.lifecycle.started("threat intake") { deadline in await consumer.stop(deadline: deadline) }
        let sweep = ClockSweep(runtime: runtime, policy: configuration.policy, metrics: metrics)
        runtime.every(configuration.sweepInterval, "clock sweep") { try await sweep.sweep() }
    }

    func stop(deadline: Deadline) async {}
}
