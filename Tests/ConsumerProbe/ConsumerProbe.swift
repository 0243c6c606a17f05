/// A consumer of numbered messages, for the tests that kill it: a process of its own, so that SIGKILL is what ends it.
/// Each number is written once, by way of the inbox.
internal import Contracts
internal import Core
internal import Database
internal import Messaging
internal import Outbox
internal import Reactor
internal import Telemetry

@main
struct ConsumerProbe {
    /// `consumer-probe BROKER-PORT BROKER-PASSWORD DATABASE-PORT DATABASE USER PASSWORD`
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 7, let brokerPort = UInt16(arguments[1]), let databasePort = Int(arguments[3]) else {
            throw Failure(.invalid, "consumer-probe takes six arguments")
        }
        let group = try ReactorGroup(count: 1)
        let database = Database(
            DatabaseConfiguration(
                host: "127.0.0.1", port: databasePort, database: arguments[4], user: arguments[5],
                password: arguments[6], schema: "public", poolSize: 4), group: group)
        let bus = Bus(
            configuration: BusConfiguration(port: brokerPort, user: "metrics", password: arguments[2]),
            service: .metrics, group: group,
            logger: Logger(service: .metrics, sink: DescriptorLogSink.standardError), metrics: MetricsRegistry())
        await bus.start()
        consume(bus, into: database)
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    private static func consume(_ bus: Bus, into database: Database) {
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
