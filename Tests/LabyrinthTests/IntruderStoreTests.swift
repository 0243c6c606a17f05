import Contracts
import Core
import Database
import Foundation
import Outbox
import Reactor
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import labyrinth

private let reactors: ReactorGroup = {
    do { return try ReactorGroup(count: 2) } catch { fatalError("no reactors: \(error)") }
}()

/// A database with the labyrinth's tables, as the migrations make them.
private func labyrinthDatabase() async throws -> Database {
    let server = try await freshDatabase()
    let database = Database(
        DatabaseConfiguration(
            host: server.host, port: server.port, database: server.name, user: server.user, password: server.password,
            schema: "public"), group: reactors)
    let own = try MigrationDirectory.read(MigrationDirectory.find(for: .labyrinth, configured: nil))
    try await Migrator(database, owner: nil, migrations: CourierSchema.migrations + own).migrate()
    return database
}

private func step(_ number: UInt64, of intruder: UInt64, at second: Int64, depth: UInt32 = 1) -> IntruderStep {
    var walker = labyrinth.Intruder(id: UUIDv7(high: 7, low: intruder), now: Timestamp(seconds: second))
    walker.address = IPAddress("203.0.113.7")
    _ = walker.take(
        Room(number: number, depth: depth), .database, at: Timestamp(seconds: second), usesCanary: false,
        postsCredentials: false, userAgent: Array("sqlmap/1.7".utf8))
    return IntruderStep(
        observedAt: Timestamp(seconds: second), method: Array("GET".utf8), path: Array("/a\u{0}b".utf8), query: [],
        userAgent: [0xff, 0xfe], room: Room(number: number, depth: depth), trap: .database, intruder: walker)
}

/// The broker's part: remembers what it was given.
private final class Listener: OutboxPublisher {
    private let heard = Mutex<[OutboxMessage]>([])
    var messages: [OutboxMessage] { heard.withLock { $0 } }

    func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure) {
        heard.withLock { $0.append(message) }
    }
}

@Suite struct IntruderStoreTests {
    @Test func stepsOfAllReplicasAddUpAndTheNewestSpeaks() async throws {
        let database = try await labyrinthDatabase()
        defer { database.shutDown() }
        let store = IntruderStore(database: database)
        let batches = [
            [step(1, of: 1, at: 10), step(2, of: 1, at: 11, depth: 9)],
            [step(3, of: 1, at: 12), step(4, of: 2, at: 5)],
        ]
        for batch in batches {
            try await database.transaction { transaction in try await store.add(batch, in: transaction) }
        }
        // The same batch again, as after a commit whose answer was lost: steps are not doubled.
        try await database.transaction { transaction in try await store.add([batches[0][0]], in: transaction) }
        let found = try #require(try await store.find(UUIDv7(high: 7, low: 1), deadline: .after(.seconds(10))))
        #expect(found.depth == 9)
        #expect(found.lastSeenAt == Timestamp(seconds: 12))
        #expect(found.firstSeenAt == Timestamp(seconds: 10))
        #expect(found.subject?.clientAddress == IPAddress("203.0.113.7"))
        #expect(found.tool == "sqlmap")
        #expect(found.intent == .stealingData)
        let steps = try await store.steps(of: found.intruderID, deadline: .after(.seconds(10)))
        #expect(steps.map(\.room) == [3, 2, 1])
        #expect(steps.first?.path == Array("/a\u{0}b".utf8))
    }

    @Test func theListGoesOnWhereItsCursorPoints() async throws {
        let database = try await labyrinthDatabase()
        defer { database.shutDown() }
        let calls = IntruderCalls(intruders: IntruderStore(database: database))
        let all = (1...25 as ClosedRange<UInt64>).map { step($0, of: $0, at: Int64(100 + $0 / 2)) }
        try await database.transaction { transaction in try await calls.intruders.add(all, in: transaction) }
        var seen: [UUIDv7] = []
        var cursor = ""
        repeat {
            let page = try await calls.list(.init(limit: 10, cursor: cursor), deadline: .after(.seconds(10)))
            #expect(page.intruders.count <= 10)
            seen += page.intruders.map(\.intruderID)
            cursor = page.nextCursor
        } while !cursor.isEmpty
        #expect(seen.count == 25)
        #expect(Set(seen).count == 25)
        for wrong in ["x", "1.", ".", "-1.00000000-0000-7000-8000-000000000000", String(repeating: "9", count: 128)] {
            await #expect(throws: LabyrinthFailure.foreignCursor) {
                _ = try await calls.list(.init(limit: 10, cursor: wrong), deadline: .after(.seconds(10)))
            }
        }
        await #expect(throws: LabyrinthFailure.unknownIntruder(UUIDv7(high: 1, low: 1))) {
            _ = try await calls.get(.init(intruderID: UUIDv7(high: 1, low: 1)), deadline: .after(.seconds(10)))
        }
    }

    @Test func whatIsRecordedIsStoredAndToldOnce() async throws {
        let database = try await labyrinthDatabase()
        defer { database.shutDown() }
        let listener = Listener()
        let outbox = Outbox(database, publisher: listener)
        let store = IntruderStore(database: database)
        let recorder = StepRecorder(
            store, outbox: outbox, maximumPending: 1_000, log: .silent, metrics: LabyrinthMetrics(MetricsRegistry()))
        outbox.start(on: reactors.next())
        recorder.start(on: reactors.next())
        for number in 1...300 as ClosedRange<UInt64> {
            recorder.record(step(number, of: number % 7, at: Int64(number)))
        }
        await recorder.stop(deadline: .after(.seconds(20)))
        try await eventually("every step is told", within: .seconds(20)) { listener.messages.count == 300 }
        await outbox.stop()
        let events = try listener.messages.map { try IntruderStepObserved(wireBytes: $0.payload) }
        #expect(Set(events.map(\.room)) == Set(1...300))
        #expect(zip(listener.messages, events).allSatisfy { $0.id == $1.stepID })
        let counts = try await store.list(limit: 500, after: nil, deadline: .after(.seconds(10))).map(\.stepCount)
        #expect(counts.reduce(0, +) == 300)
    }

    @Test func oldStepsAreForgottenInBatches() async throws {
        let database = try await labyrinthDatabase()
        defer { database.shutDown() }
        let store = IntruderStore(database: database)
        let all = (1...20 as ClosedRange<UInt64>).map { step($0, of: 1, at: Int64($0)) }
        try await database.transaction { transaction in try await store.add(all, in: transaction) }
        #expect(try await store.forgetSteps(before: Timestamp(seconds: 16), limit: 10) == 10)
        #expect(try await store.forgetSteps(before: Timestamp(seconds: 16), limit: 10) == 5)
        #expect(try await store.forgetSteps(before: Timestamp(seconds: 16), limit: 10) == 0)
        #expect(try await store.steps(of: UUIDv7(high: 7, low: 1), deadline: .after(.seconds(10))).count == 5)
    }

    @Test func schemaSQLIsTheSumOfTheMigrations() async throws {
        let migrated = try await labyrinthDatabase()
        let server = try await freshDatabase()
        let summed = Database(
            DatabaseConfiguration(
                host: server.host, port: server.port, database: server.name, user: server.user,
                password: server.password, schema: "public"), group: reactors)
        defer {
            migrated.shutDown()
            summed.shutDown()
        }
        let folder = try MigrationDirectory.find(for: .labyrinth, configured: nil)
        try await Migrator(summed, owner: nil, migrations: CourierSchema.migrations).migrate()
        try await summed.runScript(SQL(trusted: String(contentsOfFile: folder + "/../schema.sql", encoding: .utf8)))
        #expect(try await SchemaCatalog(summed).describe() == SchemaCatalog(migrated).describe())
    }
}
