internal import Contracts
internal import Core
internal import Database
internal import Outbox
internal import Reactor
internal import TestSupport
internal import Testing

@testable import audit

private let reactors: ReactorGroup = {
    do { return try ReactorGroup(count: 2) } catch { fatalError("no reactors: \(error)") }
}()

@Suite struct LogStoreTests {
    /// The schema as the migrations make it, and the log in it.
    private func log() async throws -> (TestDatabase, Database) {
        let server = try await freshDatabase()
        let database = Database(
            DatabaseConfiguration(
                host: server.host, port: server.port, database: server.name, user: server.user,
                password: server.password, schema: "public"), group: reactors)
        let directory = try MigrationDirectory.find(for: .audit, configured: nil)
        let migrations = SharedSchema.migrations + (try MigrationDirectory.read(directory))
        try await Migrator(database, owner: nil, migrations: migrations).migrate()
        return (server, database)
    }

    private func messages(_ range: Range<Int>) -> [LogStore.Message] {
        range.map { number in
            LogStore.Message(id: UUIDv7(high: 5, low: UInt64(number)), records: [HashChainTests.record(number)])
        }
    }

    @Test("messages are recorded once, in order, however many replicas append at once")
    func exactlyOnce() async throws {
        let (_, database) = try await log()
        defer { database.shutDown() }
        let store = LogStore(database, inbox: Inbox(database))
        try await withThrowingTaskGroup { tasks in
            for replica in 0..<4 {
                tasks.addTask {
                    // Each replica gets every message, in batches of its own.
                    let all = messages(1..<301)
                    for start in stride(from: 0, to: all.count, by: 30 + replica) {
                        _ = try await store.append(Array(all[start..<min(start + 30 + replica, all.count)]))
                    }
                }
            }
            try await tasks.waitForAll()
        }
        let head = try await store.head()
        #expect(head.size == 300)
        let result = try await LogReading(store: store).verifyEverything()
        #expect(result.isIntact && result.checked == 300)
        let events = try await store.entries(from: 1, through: 300).map(\.record.eventID.low)
        #expect(Set(events).count == 300)
    }

    @Test("pages go from the newest to the oldest, by schema too; proofs reach the head")
    func reading() async throws {
        let (_, database) = try await log()
        defer { database.shutDown() }
        let store = LogStore(database, inbox: Inbox(database))
        _ = try await store.append(messages(1..<26))
        let reading = LogReading(store: store)
        var seen: [UInt64] = []
        var before: UInt64 = 0
        repeat {
            let page = try await reading.list(ListEntriesRequest(limit: 10, before: before, schema: "test"))
            seen += page.entries.map(\.index)
            before = page.nextBefore
        } while before != 0
        #expect(seen == (1...25).reversed())
        #expect(try await reading.list(ListEntriesRequest(schema: "other")).entries.isEmpty)

        let proof = try await reading.proof(GetProofRequest(index: 20))
        let entry = try #require(proof.entry)
        #expect(proof.laterHashes.count == 5)
        #expect(proof.laterHashes.reduce(entry.hash) { LogEntry.link($0, $1) } == proof.head?.hash)
        await #expect(throws: AuditFailure.noSuchEntry(26, size: 25)) {
            try await reading.proof(GetProofRequest(index: 26))
        }
    }

    @Test("the log refuses changes, and a change made past the trigger is found")
    func tampering() async throws {
        let (server, database) = try await log()
        defer { database.shutDown() }
        let store = LogStore(database, inbox: Inbox(database))
        _ = try await store.append(messages(1..<11))
        for statement in ["UPDATE log_entry SET summary = ''", "DELETE FROM log_entry", "TRUNCATE log_entry"] {
            await #expect(throws: (any Error).self) { try await server.execute(statement) }
        }
        let reading = LogReading(store: store)
        #expect(try await reading.verify(VerifyChainRequest(first: 3, last: 7)).checked == 5)
        try await server.execute(
            "ALTER TABLE log_entry DISABLE TRIGGER USER; UPDATE log_entry SET summary = 'nothing' WHERE index = 6")
        let result = try await reading.verify(VerifyChainRequest())
        #expect(!result.isIntact && result.brokenAt == 6)
    }

    @Test("an empty log has a head and is intact")
    func emptyLog() async throws {
        let (_, database) = try await log()
        defer { database.shutDown() }
        let reading = LogReading(store: LogStore(database, inbox: Inbox(database)))
        #expect(try await reading.head().size == 0)
        #expect(try await reading.verify(VerifyChainRequest()).isIntact)
    }
}
