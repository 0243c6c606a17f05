internal import BusTestSupport
internal import Contracts
internal import Core
internal import Database
internal import LocalServers
internal import Messaging
internal import Outbox
internal import Reactor
internal import Synchronization
internal import Telemetry
internal import TestSupport
internal import Testing

/// Numbered messages, each published alone and confirmed, while the broker is killed with SIGKILL twice and a consumer
/// dies with unacknowledged messages in its hands.
@Suite struct BrokerKillTests {
    private static let total = 200_000
    private static let producers = 400

    @Test(
        "200,000 messages have their effect exactly once although broker and consumer are killed",
        .timeLimit(.minutes(9)))
    func exactlyOnceThroughCrashes() async throws {
        let broker = try await brokerWithTopology()
        let database = try await database()
        let confirmed = Progress()
        let publishing = try await bus(.labyrinth, broker, on: reactors)
        let producing = reactors.next().run { await produce(on: publishing, confirmed) }

        let doomed = try ReactorGroup(count: 1)
        consume(try await bus(.metrics, broker, on: doomed), into: database)
        try await crash(broker, when: confirmed, reaches: 0.2)
        try await eventually("half of the messages are confirmed", within: .seconds(200)) {
            confirmed.count >= Self.total / 2
        }
        // The consumer's death: its loops end, its sockets close, nothing it held is acknowledged.
        doomed.shutdown()
        let successor = try await bus(.metrics, broker, on: reactors)
        consume(successor, into: database)
        try await crash(broker, when: confirmed, reaches: 0.7)

        await producing.value()
        #expect(confirmed.count == Self.total)
        try await eventually("every message has had an effect", within: .seconds(200)) {
            let row = try await database.queryRow("SELECT count(DISTINCT number) FROM effect")
            return try row?.get(0, as: Int.self) == Self.total
        }
        let count = try #require(try await database.queryRow("SELECT count(*) FROM effect"))
        #expect(try count.get(0, as: Int.self) == Self.total, "an effect came twice")

        await publishing.stop(deadline: .after(.seconds(5)))
        await successor.stop(deadline: .after(.seconds(5)))
        database.shutDown()
        await broker.stop()
    }

    private final class Progress: Sendable {
        private let number = Atomic<Int>(0)
        var count: Int { number.load(ordering: .relaxed) }
        func add(_ amount: Int) { number.add(amount, ordering: .relaxed) }
    }

    private func crash(_ broker: PrivateRabbitMQ, when confirmed: Progress, reaches share: Double) async throws {
        try await eventually("\(share) of the messages are confirmed", within: .seconds(200)) {
            confirmed.count >= Int(share * Double(Self.total))
        }
        await broker.kill9()
        #expect(confirmed.count < Self.total, "the crash has to come in the middle")
        try await broker.start()
    }

    /// RabbitMQ loses a quorum queue that is killed within a second of its declaration: it takes its time to note the
    /// queue's identity down. The first crash comes long after; this makes sure of it.
    private func brokerWithTopology() async throws -> PrivateRabbitMQ {
        let definitions = Topology.definitions(virtualHost: "/", credentials: BusFixture.credentials)
        let broker = try await TestServers.dedicatedBroker(definitions: String(decoding: definitions, as: UTF8.self))
        let declared = Deadline.now
        try await eventually("the queues are two seconds old") { Deadline.now - declared > .seconds(2) }
        return broker
    }

    private func database() async throws -> Database {
        let server = try await freshDatabase()
        let database = Database(
            DatabaseConfiguration(
                host: server.host, port: server.port, database: server.name, user: server.user,
                password: server.password, schema: "public", poolSize: 4), group: reactors)
        try await Migrator(database, owner: nil, migrations: SharedSchema.migrations).migrate()
        try await database.runScript("CREATE TABLE effect (number int8 NOT NULL)")
        return database
    }

    private func bus(_ service: ServiceName, _ broker: PrivateRabbitMQ, on group: ReactorGroup) async throws -> Bus {
        let configuration = BusConfiguration(
            port: UInt16(broker.port), user: service.operatorName, password: BusFixture.password)
        return try await Bus.connected(configuration, service, on: group)
    }

    /// Every number once, as often as it takes until it is confirmed, under one identifier.
    private func produce(on bus: Bus, _ confirmed: Progress) async {
        await withDiscardingTaskGroup { group in
            for first in 0..<Self.producers {
                group.addTask {
                    for number in stride(from: first, to: Self.total, by: Self.producers) {
                        await Self.publish(number, on: bus)
                        confirmed.add(1)
                    }
                }
            }
        }
    }

    private static func publish(_ number: Int, on bus: Bus) async {
        let (sample, id) = (MetricSample(value: Double(number)), UUIDv7())
        while true {
            do throws(Failure) {
                return try await bus.publish(
                    sample.wireBytes(), to: .metricSampled, id: id, deadline: .after(.seconds(20)))
            } catch {
                guard error.isTransient else {
                    Issue.record("number \(number): \(error)")
                    return
                }
            }
        }
    }

    private func consume(_ bus: Bus, into database: Database) {
        let inbox = Inbox(database)
        let options = ConsumptionOptions(prefetch: 2_000, batch: 500, linger: .milliseconds(20))
        bus.consumeBatches(.events(of: .metrics), options: options) { deliveries in
            let numbers = try deliveries.map { Int64(try $0.decode(as: MetricSample.self)[0].value) }
            try await inbox.apply(source: "effect", ids: deliveries.map(\.id)) { transaction, fresh in
                _ = try await transaction.bulkInsert(
                    into: "effect", columns: [BulkColumn("number", fresh.map { numbers[$0] })])
            }
        }
    }
}
