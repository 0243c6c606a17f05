import BusTestSupport
import Contracts
import Core
import Database
import Messaging
import Outbox
import Reactor
import Telemetry
import TestSupport
import Testing

@testable import ServiceKit
@testable import detector

/// A replica of the detector as far as the stream of requests goes: keeper, judge and stores on the real servers.
private final class Replica: Sendable {
    let name: String
    let bus: Bus
    let judge: Judge
    let keeper: PartitionKeeper
    private let task: TaskHandle

    init(_ name: String, _ fixture: BusFixture, _ database: Database) async throws {
        self.name = name
        bus = try await fixture.bus(.detector) { $0.replica = name }
        let yaml = "partitions:\n  heartbeat: 100ms\n"
        let configuration = try LoadedConfiguration<DetectorConfiguration>(
            ConfigurationSources(service: .detector, file: try YAMLNode.parse(yaml, file: "test.yaml"))
        ).service
        judge = try Judge(configuration.detection)
        let profiles = ClientProfileStore(database)
        judge.restore(seed: try await profiles.seed(), [])
        let metrics = DetectorMetrics(MetricsRegistry())
        keeper = PartitionKeeper(
            bus, judge, Journal(Outbox(database, publisher: bus), metrics), profiles, ReplicaStore(database), metrics,
            .silent, clock: SystemClock(), configuration)
        let keeper = keeper
        task = bus.reactor.run { await keeper.run() }
    }

    func leave() async {
        task.cancel()
        await task.value()
        await keeper.stop(deadline: .after(.seconds(10)))
        await keeper.leave()
    }
}

@Suite("Replicas share the partitions", .onBroker, .timeLimit(.minutes(3)))
struct PartitionTests {
    @Test("two replicas read half each; when one leaves, the other reads all")
    func handover() async throws {
        let fixture = BusFixture.current
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let gateway = try await fixture.bus(.gateway)
        let batcher = EventBatcher(bus: gateway, topic: .requestsObserved)
        let clients = (1...40).map { IPAddress(v4: 0x0a00_0000 + UInt32($0)) }
        func visit() async throws {
            for client in clients {
                var event = RequestObserved()
                (event.requestID, event.observedAt, event.clientAddress) = (UUIDv7(), .now, client)
                event.inspectionNanoseconds = 1
                #expect(batcher.offer(event, key: client.bytes))
            }
            #expect(await batcher.flush(deadline: .after(.seconds(30))))
        }
        func census(_ replica: Replica) -> Int { replica.judge.census.clients }

        let first = try await Replica("a", fixture, database)
        try await eventually("the only replica has all clients") {
            try await visit()
            return census(first) == clients.count
        }
        let joined = Timestamp.now
        let second = try await Replica("b", fixture, database)
        try await eventually("both have clients, and every client is one replica's") {
            try await visit()
            return census(first) > 0 && census(second) > 0 && census(first) + census(second) == clients.count
        }
        // Read back from what the first saved when it gave them up.
        let moved = clients.compactMap { second.judge.profile(of: $0) }
        #expect(!moved.isEmpty && moved.allSatisfy { $0.firstSeen < joined })
        await second.leave()
        try await eventually("the first reads all partitions again") {
            try await visit()
            return census(first) == clients.count
        }
        await first.leave()
    }
}
