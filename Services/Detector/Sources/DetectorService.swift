import Core
import Messaging
import Reactor
import ServiceKit
import Telemetry

/// The judgement service: consumes what the gateways observed, publishes threats and incidents, answers about them.
final class DetectorService: Service {
    static let name = ServiceName.detector

    private let configuration: DetectorConfiguration
    private let runtime: ServiceRuntime
    private let metrics: DetectorMetrics
    private let judge: Judge
    private let journal: Journal
    private let incidents: IncidentStore
    private let threats: ThreatStore
    private let profiles: ClientProfileStore

    init(_ configuration: DetectorConfiguration, _ runtime: ServiceRuntime) async throws {
        self.configuration = configuration
        self.runtime = runtime
        metrics = DetectorMetrics(runtime.metrics)
        judge = try Judge(configuration.detection)
        journal = Journal(runtime.outbox, metrics)
        incidents = IncidentStore(runtime.database)
        threats = ThreatStore(runtime.database)
        profiles = ClientProfileStore(runtime.database)
    }

    func start() async throws {
        try await remember()
        IncidentCalls(judge, incidents, threats, journal, clock: runtime.clock).serve(on: runtime.bus)
        AnalyzeCall(judge.inspector.engine).serve(on: runtime.bus)
        consume()
        keepHouse()
    }

    /// Everything that was started is in the lifecycle, which stops it.
    func stop(deadline: Deadline) async {}

    /// What the process before this one knew.
    private func remember() async throws {
        let since = runtime.clock.now + (.zero - configuration.detection.incidents.quietAfter)
        let open = try await incidents.open(since: since, limit: configuration.detection.incidents.capacity)
        let known = try await profiles.load(limit: configuration.detection.clientCapacity)
        judge.restore(seed: try await profiles.seed(), open, known)
        runtime.log.info(
            "judgement resumes", ["open_incidents": .int(open.count), "known_clients": .int(known.count)])
    }

    private func consume() {
        let events = SecurityEvents(judge, journal)
        var consumers = [runtime.bus.consume(.events(of: .detector)) { try await events.handle($0) }]
        for queue in Queue.requests(of: .detector) {
            let stream = RequestStream(judge, journal, metrics, clock: runtime.clock)
            consumers.append(
                runtime.bus.consumeBatches(queue, options: RequestStream.options) { try await stream.handle($0) })
        }
        let started = consumers
        runtime.lifecycle.started("consumers") { deadline in
            for consumer in started { await consumer.stop(deadline: deadline) }
        }
    }

    private func keepHouse() {
        let house = Housekeeping(
            judge, journal, profiles, threats, metrics, runtime.log, clock: runtime.clock, configuration)
        let task = runtime.group.next().run { await house.run() }
        runtime.lifecycle.started("housekeeping") { _ in
            task.cancel()
            await task.value()
        }
    }
}
