internal import Contracts
internal import Core
internal import HTTP
internal import Messaging
internal import Reactor
internal import ServiceKit
internal import Telemetry

/// Answers diverted clients for as long as they like to walk, and tells everybody where they go.
struct LabyrinthService: Service {
    static let name = ServiceName.labyrinth

    private static let forgettingInterval = Duration.seconds(600)

    private let configuration: LabyrinthConfiguration
    private let runtime: ServiceRuntime
    private let store: IntruderStore
    private let recorder: StepRecorder
    private let server: HTTPServer

    init(_ configuration: LabyrinthConfiguration, _ runtime: ServiceRuntime) {
        self.configuration = configuration
        self.runtime = runtime
        let metrics = LabyrinthMetrics(runtime.metrics)
        store = IntruderStore(database: runtime.database)
        let recorder = StepRecorder(
            store, outbox: runtime.outbox, maximumPending: configuration.maximumPendingSteps, log: runtime.log,
            metrics: metrics)
        self.recorder = recorder
        let handler = MazeHandler(
            secret: configuration.secret, tarpit: configuration.tarpit,
            rememberedIntruders: configuration.rememberedIntruders, clock: runtime.clock, metrics: metrics,
            record: { recorder.record($0) })
        var listening = HTTPServerConfiguration(address: configuration.listen)
        listening.maximumConnections = configuration.maximumConnections
        server = HTTPServer(listening, group: runtime.group, handler: handler)
    }

    func start() async throws {
        let calls = IntruderCalls(intruders: store)
        runtime.bus.serve(LabyrinthRPC.listIntruders) { try await calls.list($0, deadline: $1.deadline) }
        runtime.bus.serve(LabyrinthRPC.getIntruder) { try await calls.get($0, deadline: $1.deadline) }
        recorder.start(on: runtime.group.next())
        runtime.every(Self.forgettingInterval, "forgetting of old steps") { try await forgetOldSteps() }
        let address = try await server.start()
        runtime.log.info("the maze is open", ["address": .describing(address)])
    }

    func stop(deadline: Deadline) async {
        await server.stop(deadline: deadline)
        await recorder.stop(deadline: deadline)
    }

    private func forgetOldSteps() async throws {
        let limit = runtime.clock.now + (.zero - configuration.stepRetention)
        while try await store.forgetSteps(before: limit) > 0 {}
    }
}
