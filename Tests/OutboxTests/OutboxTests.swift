internal import Core
internal import Database
internal import Outbox
internal import Reactor
internal import Synchronization
internal import TestSupport
internal import Testing

let reactors: ReactorGroup = {
    do { return try ReactorGroup(count: 2) } catch { fatalError("no reactors: \(error)") }
}()

/// A broker that remembers what it confirmed, and can be told to fail.
private final class RecordingPublisher: OutboxPublisher {
    private struct State {
        var published: [OutboxMessage] = []
        var failure: Failure?
        var refusedKey: String?
    }

    private let state = Mutex(State())

    var published: [OutboxMessage] { state.withLock { $0.published } }
    func fail(with failure: Failure?) { state.withLock { $0.failure = failure } }
    func refuse(key: String) { state.withLock { $0.refusedKey = key } }

    func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure) {
        try state.withLock { state throws(Failure) in
            if let failure = state.failure { throw failure }
            if message.key == state.refusedKey { throw Failure(.invalid, "too large") }
            state.published.append(message)
        }
    }
}

/// A broker that takes longer for every third message than for the next ones, and once has no time for number 30.
private final class UnevenPublisher: OutboxPublisher {
    private let state = Mutex<(published: [OutboxMessage], wasAway: Bool)>(([], false))

    var published: [OutboxMessage] { state.withLock { $0.published } }

    func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure) {
        for _ in 0..<(message.payload[0] / 3 % 3 == 0 ? 50 : 0) { await Task.yield() }
        try state.withLock { state throws(Failure) in
            if message.payload[0] == 30, !state.wasAway {
                state.wasAway = true
                throw Failure(.unavailable, "away for a moment")
            }
            state.published.append(message)
        }
    }
}

private func couriers(_ change: (inout DatabaseConfiguration) -> Void = { _ in }) async throws -> Database {
    let server = try await freshDatabase()
    var configuration = DatabaseConfiguration(
        host: server.host, port: server.port, database: server.name, user: server.user, password: server.password,
        schema: "public")
    change(&configuration)
    let database = Database(configuration, group: reactors)
    try await Migrator(database, owner: nil, migrations: CourierSchema.migrations).migrate()
    return database
}

private func messages(_ range: ClosedRange<Int>) -> [OutboxMessage] {
    range.map { OutboxMessage(schema: "test", key: "k\($0)", payload: [UInt8(truncatingIfNeeded: $0)]) }
}

@Suite struct OutboxTests {
    private struct Refusal: Error {}

    @Test("what a transaction enqueued is published in order after it committed, and then gone")
    func publishing() async throws {
        let database = try await couriers()
        defer { database.shutDown() }
        let publisher = RecordingPublisher()
        let outbox = Outbox(database, publisher: publisher)
        outbox.start(on: reactors.next())
        let sent = messages(1...700)
        try await outbox.transaction { _ in ((), sent) }
        try await eventually("all are published") { publisher.published.count == 700 }
        #expect(publisher.published == sent)
        try await eventually("the table is empty") { try await outbox.backlog().waiting == 0 }
        await outbox.stop()
    }

    @Test("what a transaction enqueued before it was rolled back is never published")
    func rollback() async throws {
        let database = try await couriers()
        defer { database.shutDown() }
        let publisher = RecordingPublisher()
        let outbox = Outbox(database, publisher: publisher)
        await #expect(throws: Refusal.self) {
            try await database.transaction { transaction in
                try await outbox.enqueue(messages(1...3), in: transaction)
                throw Refusal()
            }
        }
        #expect(try await outbox.relayBatch() == 0)
        #expect(publisher.published.isEmpty)
    }

    @Test("while the broker is away messages stay; when it is back they go out under the same identifiers")
    func brokerAway() async throws {
        let database = try await couriers()
        defer { database.shutDown() }
        let publisher = RecordingPublisher()
        let failures = Mutex(0)
        let outbox = Outbox(database, publisher: publisher) { _ in failures.withLock { $0 += 1 } }
        publisher.fail(with: Failure(.unavailable, "away"))
        outbox.start(on: reactors.next())
        let sent = messages(1...5)
        try await outbox.transaction { _ in ((), sent) }
        try await eventually("the failure is told") { failures.withLock { $0 } > 0 }
        #expect(try await outbox.backlog().waiting == 5)
        publisher.fail(with: nil)
        try await eventually("all are published") { publisher.published.count == 5 }
        #expect(publisher.published.map(\.id) == sent.map(\.id))
        await outbox.stop()
    }

    @Test("the messages of one key keep their order, though each takes its own time and one has to be tried again")
    func orderOfOneKey() async throws {
        let database = try await couriers()
        defer { database.shutDown() }
        let publisher = UnevenPublisher()
        let outbox = Outbox(database, publisher: publisher)
        let sent = (0..<60).map { OutboxMessage(schema: "test", key: "k\($0 % 3)", payload: [UInt8($0)]) }
        try await outbox.transaction { _ in ((), sent) }
        while try await outbox.backlog().waiting > 0 { _ = try await outbox.relayBatch() }
        for key in ["k0", "k1", "k2"] {
            #expect(publisher.published.filter { $0.key == key } == sent.filter { $0.key == key })
        }
    }

    @Test("a message the broker refuses is set aside after twenty tries and holds up nobody")
    func refusedMessage() async throws {
        let database = try await couriers()
        defer { database.shutDown() }
        let publisher = RecordingPublisher()
        publisher.refuse(key: "k2")
        let outbox = Outbox(database, publisher: publisher)
        try await outbox.transaction { _ in ((), messages(1...3)) }
        for _ in 0..<20 { _ = try await outbox.relayBatch() }
        #expect(Set(publisher.published.map(\.key)) == ["k1", "k3"])
        let backlog = try await outbox.backlog()
        #expect(backlog.waiting == 0 && backlog.setAside == 1)
        #expect(try await outbox.relayBatch() == 0)
    }

    @Test("several relays beside each other publish everything exactly once while nothing fails")
    func severalRelays() async throws {
        let database = try await couriers { $0.poolSize = 12 }
        defer { database.shutDown() }
        let publisher = RecordingPublisher()
        let outboxes = (0..<3).map { _ in Outbox(database, publisher: publisher) }
        for outbox in outboxes { outbox.start(on: reactors.next()) }
        try await withThrowingTaskGroup { tasks in
            for block in 0..<20 {
                let outbox = outboxes[block % 3]
                tasks.addTask {
                    try await outbox.transaction { _ in ((), messages(block * 50 + 1...block * 50 + 50)) }
                }
            }
            try await tasks.waitForAll()
        }
        try await eventually("the table is empty") { try await outboxes[0].backlog().waiting == 0 }
        #expect(publisher.published.count == 1_000)
        #expect(Set(publisher.published.map(\.id)).count == 1_000)
        for outbox in outboxes { await outbox.stop() }
    }
}

@Suite struct InboxTests {
    @Test("a message has its effect once, however often and however concurrently it comes")
    func onceOnly() async throws {
        let database = try await couriers { $0.poolSize = 8 }
        defer { database.shutDown() }
        try await database.runScript("CREATE TABLE effect (number int8 NOT NULL)")
        let inbox = Inbox(database)
        let ids = (0..<200).map { _ in UUIDv7() }
        try await withThrowingTaskGroup { tasks in
            for attempt in 0..<8 {
                tasks.addTask {
                    // Overlapping batches in different orders, with repetitions inside.
                    let positions = (Array(0..<200) + [attempt, attempt]).shuffled()
                    for start in stride(from: 0, to: positions.count, by: 50) {
                        let batch = Array(positions[start..<min(start + 50, positions.count)])
                        try await inbox.apply(source: "test", ids: batch.map { ids[$0] }) { transaction, fresh in
                            try await transaction.bulkInsert(
                                into: "effect", columns: [BulkColumn("number", fresh.map { Int64(batch[$0]) })])
                        }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        let row = try #require(try await database.queryRow("SELECT count(*), count(DISTINCT number) FROM effect"))
        #expect(try row.get(0, as: Int.self) == 200)
        #expect(try row.get(1, as: Int.self) == 200)
    }

    @Test("another consumer of the same service has its own memory, and an effect that failed is not remembered")
    func sourcesAndFailures() async throws {
        struct Broken: Error {}
        let database = try await couriers()
        defer { database.shutDown() }
        let inbox = Inbox(database)
        let id = UUIDv7()
        await #expect(throws: Broken.self) {
            try await inbox.apply(source: "a", ids: [id]) { _, _ in throw Broken() }
        }
        #expect(try await inbox.apply(source: "a", ids: [id]) { _, fresh in fresh } == [0])
        #expect(try await inbox.apply(source: "a", ids: [id, id]) { _, fresh in fresh } == [])
        #expect(try await inbox.apply(source: "b", ids: [id, id]) { _, fresh in fresh } == [0])
    }

    @Test("old identifiers are forgotten, young ones kept")
    func pruning() async throws {
        let database = try await couriers()
        defer { database.shutDown() }
        let inbox = Inbox(database, retention: .seconds(3_600))
        try await inbox.apply(source: "a", ids: [UUIDv7(), UUIDv7()]) { _, _ in }
        try await database.execute(
            "UPDATE inbox SET received_at = now() - interval '2 hours' WHERE message_id = (SELECT min(message_id::text)::uuid FROM inbox)"
        )
        #expect(try await inbox.prune() == 1)
        #expect(try await inbox.prune() == 0)
    }
}
