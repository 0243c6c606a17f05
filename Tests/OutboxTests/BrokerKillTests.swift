internal import BusTestSupport
internal import Contracts
internal import Core
internal import Database
internal import Glibc
internal import LocalServers
internal import Messaging
internal import Outbox
internal import Reactor
internal import Telemetry
internal import TestSupport
internal import Testing

/// Numbered messages, each published alone and confirmed, while broker and consumer are each killed with SIGKILL twice,
/// the consumer with unacknowledged messages in its hands. It is a process of its own: `consumer-probe`.
@Suite struct BrokerKillTests {
    private static let total = 200_000
    private static let producers = 400

    @Test(
        "200,000 messages have their effect exactly once although broker and consumer are killed",
        .timeLimit(.minutes(9)))
    func exactlyOnceThroughCrashes() async throws {
        let broker = try await brokerWithTopology()
        let server = try await freshDatabase()
        let database = try await database(server)
        let confirmed = Progress()
        let publishing = try await bus(.labyrinth, broker, on: reactors)
        let producing = reactors.next().run { await produce(on: publishing, confirmed) }

        var consumer = try startConsumer(broker, server)
        try await crash(broker, when: confirmed, reaches: 0.2)
        consumer = try await crash(consumer, of: database, havingApplied: 0.3) { try startConsumer(broker, server) }
        try await crash(broker, when: confirmed, reaches: 0.6)
        consumer = try await crash(consumer, of: database, havingApplied: 0.7) { try startConsumer(broker, server) }

        await producing.value()
        #expect(confirmed.count == Self.total)
        try await eventually("every message has had an effect", within: .seconds(200)) {
            let row = try await database.queryRow("SELECT count(DISTINCT number) FROM effect")
            return try row?.get(0, as: Int.self) == Self.total
        }
        #expect(try await applied(database) == Self.total, "an effect came twice")

        await publishing.stop(deadline: .after(.seconds(5)))
        #expect(consumer.isRunning)
        await consumer.stop(signal: SIGKILL)
        database.shutDown()
        await broker.stop()
    }

    private func startConsumer(_ broker: PrivateRabbitMQ, _ database: TestDatabase) throws -> ChildProcess {
        try ChildProcess.start(
            ProcessLaunch(
                name: "consumer-probe", program: BuiltExecutables.path("consumer-probe"),
                arguments: [
                    "\(broker.port)", BusFixture.password, "\(database.port)", database.name, database.user,
                    database.password,
                ],
                output: .file("\(TestServers.folder)/consumer-probe.log")))
    }

    /// Kills the consumer in the middle of its work and returns its successor.
    private func crash(
        _ consumer: ChildProcess, of database: Database, havingApplied share: Double,
        successor: () throws -> ChildProcess
    ) async throws -> ChildProcess {
        try await eventually("\(share) of the messages have had their effect", within: .seconds(200)) {
            guard consumer.isRunning else { throw ConsumerEnded() }
            return try await applied(database) >= Int(share * Double(Self.total))
        }
        consumer.send(SIGKILL)
        #expect(await consumer.waitForExit() == .signal(SIGKILL))
        #expect(try await applied(database) < Self.total, "the crash has to come in the middle")
        return try successor()
    }

    private struct ConsumerEnded: Error, CustomStringConvertible {
        var description: String { PrivateFiles.tail("\(TestServers.folder)/consumer-probe.log") }
    }

    private func applied(_ database: Database) async throws -> Int {
        try #require(try await database.queryRow("SELECT count(*) FROM effect")).get(0, as: Int.self)
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

    private func database(_ server: TestDatabase) async throws -> Database {
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
}
