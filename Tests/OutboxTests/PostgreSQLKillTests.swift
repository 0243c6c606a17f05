internal import BusTestSupport
internal import Contracts
internal import Core
internal import Database
internal import LocalServers
internal import Messaging
internal import Outbox
internal import Reactor
internal import Telemetry
internal import TestSupport
internal import Testing

/// Numbered messages travel from one service's transaction through its outbox, the broker and the inbox of another
/// into that one's table, while PostgreSQL is killed with SIGKILL and started again, twice.
@Suite(.onBroker) struct PostgreSQLKillTests {
    private static let total = 200_000
    private static let block = 500

    @Test(
        "200,000 messages have their effect exactly once although PostgreSQL is killed twice", .timeLimit(.minutes(8)))
    func exactlyOnceThroughCrashes() async throws {
        let server = try await TestServers.dedicatedPostgreSQL()
        let database = Database(
            DatabaseConfiguration(
                host: "127.0.0.1", port: server.port, database: "postgres", user: PrivatePostgreSQL.superuser,
                password: server.password, schema: "public", poolSize: 8), group: reactors)
        try await Migrator(database, owner: nil, migrations: SharedSchema.migrations).migrate()
        try await database.runScript(
            "CREATE TABLE produced (block int8 PRIMARY KEY); CREATE TABLE effect (number int8 NOT NULL)")
        let (publishing, consuming) = (
            try await BusFixture.current.bus(.detector), try await BusFixture.current.bus(.audit)
        )

        let outbox = Outbox(database, publisher: publishing)
        outbox.start(on: reactors.next())
        let applied = Progress()
        consume(consuming, into: database, applied)

        let producing = reactors.next().run { await produce(outbox) }
        for share in [0.2, 0.6] {
            try await eventually("\(share) of the messages have had their effect", within: .seconds(200)) {
                applied.count >= Int(share * Double(Self.total))
            }
            await server.kill9()
            #expect(applied.count < Self.total, "the crash has to come in the middle")
            try await server.start()
        }
        await producing.value()
        try await eventually("every message has had an effect", within: .seconds(200)) {
            let row = try? await database.queryRow("SELECT count(DISTINCT number) FROM effect")
            return try row?.get(0, as: Int.self) == Self.total
        }
        try await eventually("the outbox is empty", within: .seconds(60)) { try await outbox.backlog().waiting == 0 }
        let count = try #require(try await database.queryRow("SELECT count(*) FROM effect"))
        #expect(try count.get(0, as: Int.self) == Self.total, "an effect came twice")

        await outbox.stop()
        await publishing.stop(deadline: .after(.seconds(5)))
        await consuming.stop(deadline: .after(.seconds(5)))
        database.shutDown()
        await server.stop()
    }

    /// Each block is one transaction. One whose commit was interrupted may or may not have happened: its number, unique
    /// in `produced`, tells when it is tried again.
    private func produce(_ outbox: Outbox) async {
        for block in 0..<Self.total / Self.block {
            let numbers = block * Self.block..<(block + 1) * Self.block
            let messages = numbers.map { OutboxMessage(AuditEvent(target: "\($0)"), key: "\($0)") }
            while !Task.isCancelled {
                do {
                    try await outbox.transaction { transaction in
                        try await transaction.execute("INSERT INTO produced VALUES ($1)", [.int(block)])
                        return ((), messages)
                    }
                    break
                } catch let failure as DatabaseFailure where failure.isUniqueViolation() {
                    break
                } catch {
                    try? await Reactor.sleep(for: .milliseconds(20))
                }
            }
        }
    }

    private func consume(_ bus: Bus, into database: Database, _ progress: Progress) {
        let inbox = Inbox(database)
        bus.consumeBatches(
            .events(of: .audit),
            options: ConsumptionOptions(prefetch: 2_000, concurrency: 2, batch: 500, linger: .milliseconds(5))
        ) { deliveries in
            do {
                let applied = try await inbox.apply(source: "test", ids: deliveries.map(\.id)) { transaction, fresh in
                    var numbers: [Int64] = []
                    for position in fresh {
                        numbers += try deliveries[position].decode(as: AuditEvent.self).compactMap { Int64($0.target) }
                    }
                    return try await transaction.bulkInsert(into: "effect", columns: [BulkColumn("number", numbers)])
                }
                progress.add(applied)
            } catch let failure as DatabaseFailure {
                throw failure.failure
            }
        }
    }
}
