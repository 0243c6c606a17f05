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

@testable import ServiceKit
@testable import detector

private let reactors: ReactorGroup = {
    do { return try ReactorGroup(count: 1) } catch { fatalError("no reactors: \(error)") }
}()

/// Keeps what the outbox would have told the bus.
private final class Listener: OutboxPublisher {
    private let heard = Mutex<[OutboxMessage]>([])
    var messages: [OutboxMessage] { heard.withLock { $0 } }
    func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure) {
        heard.withLock { $0.append(message) }
    }
}

private let serviceFolder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Services/Detector").standardized.path

private func emptyDatabase() async throws -> Database {
    let server = try await freshDatabase()
    return Database(
        DatabaseConfiguration(
            host: server.host, port: server.port, database: server.name, user: server.user, password: server.password,
            schema: "public"), group: reactors)
}

func migratedDatabase() async throws -> Database {
    let database = try await emptyDatabase()
    let migrations = CourierSchema.migrations + (try MigrationDirectory.read("\(serviceFolder)/Migrations"))
    try await Migrator(database, owner: nil, migrations: migrations).migrate()
    return database
}

private func attack(_ client: IPAddress, at moment: Timestamp) -> ObservedRequest {
    ObservedRequest(
        id: UUIDv7(), at: moment, client: client, method: Array("GET".utf8), host: Array("shop.example".utf8),
        path: Array("/items".utf8), query: [], userAgent: [], referer: [], status: 403, course: .stopped, route: "shop",
        inspection: RuleEvidence(
            score: 0.95,
            findings: [
                RuleMatch(
                    rule: "sqli.union-select", category: .sqlInjection, variable: Array("argument:q".utf8),
                    matched: Array("union select".utf8), offset: 2, weight: 0.9)
            ]), user: nil, trace: .root())
}

@Suite struct StorageTests {
    /// Beside a thousand other tests a database takes its time.
    private let deadline = Deadline.after(.seconds(180))
    private let client = IPAddress(v4: 0xcb00_7107)

    @Test func whatIsJudgedIsSavedAndToldTogether() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let listener = Listener()
        let outbox = Outbox(database, publisher: listener)
        let journal = Journal(outbox, DetectorMetrics(MetricsRegistry()))
        var detection = Detection(seed: 1)
        let now = Timestamp.now
        for second in 0..<5 {
            try await journal.save(detection.observe(attack(client, at: now + .seconds(second))))
        }
        while try await outbox.relayBatch() > 0 {}

        let incident = try #require(
            try await IncidentStore(database).page(
                before: nil, status: .open, minimumSeverity: .medium, limit: 10, deadline: deadline
            ).first)
        #expect(incident.subject?.clientAddress == client)
        #expect(incident.severity == .high)
        #expect(incident.techniques == ["T1190"])
        let threats = try await ThreatStore(database).newest(of: incident.incidentID, deadline: deadline)
        #expect(threats.count == 5)
        #expect(threats.first?.findings.first?.matched == Array("union select".utf8))
        #expect(listener.messages.filter { $0.schema == IncidentOpened.schema }.count == 1)
        #expect(listener.messages.filter { $0.schema == ThreatDetected.schema }.count == 5)
        #expect(listener.messages.allSatisfy { $0.key == "\(client)" })
    }

    @Test func anOlderRevisionNeverOverwritesANewerOneAndNothingReopensAResolvedIncident() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let journal = Journal(Outbox(database, publisher: Listener()), DetectorMetrics(MetricsRegistry()))
        let store = IncidentStore(database)
        var detection = Detection(seed: 1)
        let events = (0..<4).flatMap { detection.observe(attack(client, at: Timestamp(seconds: 1_000 + Int64($0)))) }
        for event in events.reversed() { try await journal.save([event]) }
        let newest = try #require(detection.incidents.incident(of: client))
        let stored = try #require(try await store.find(newest.id, deadline: deadline))
        #expect(Incident(stored)?.threatCount == 4)

        try await journal.save([
            try #require(detection.resolve(newest.id, as: .truePositive, at: Timestamp(seconds: 2_000)))
        ])
        var late = newest
        late.revision += 10
        try await journal.save([.updated(late, .evidenceAdded, previousStage: late.stage)])
        #expect(try await store.find(newest.id, deadline: deadline)?.status == .resolved)
        #expect(try await store.open(since: Timestamp(seconds: 0), limit: 10).isEmpty)
    }

    @Test func anIncidentSurvivesItsRow() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let journal = Journal(Outbox(database, publisher: Listener()), DetectorMetrics(MetricsRegistry()))
        var detection = Detection(seed: 1)
        try await journal.save(detection.observe(attack(client, at: Timestamp(seconds: 1_000))))
        #expect(
            try await IncidentStore(database).open(since: Timestamp(seconds: 0), limit: 10)
                == [try #require(detection.incidents.incident(of: client))])
    }

    @Test func pagesFollowEachOtherWithoutGapOrRepetition() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let journal = Journal(Outbox(database, publisher: Listener()), DetectorMetrics(MetricsRegistry()))
        var detection = Detection(seed: 1)
        try await journal.save(
            (1...25).flatMap {
                detection.observe(attack(IPAddress(v4: UInt32($0) << 16), at: Timestamp(seconds: 1_000)))
            })
        var seen: [UUIDv7] = []
        var cursor: UUIDv7?
        repeat {
            let page = try await IncidentStore(database).page(
                before: cursor, status: .unspecified, minimumSeverity: .unspecified, limit: 10, deadline: deadline)
            seen += page.map(\.incidentID)
            cursor = page.last?.incidentID
        } while cursor != nil
        #expect(seen.count == 25)
        #expect(seen == seen.sorted(by: >))
    }

    @Test func profilesAndTheirSeedSurviveARestart() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let store = ClientProfileStore(database)
        let seed = try await store.seed()
        #expect(try await store.seed() == seed)
        var detection = Detection(seed: seed)
        let now = Timestamp.now
        for index in 0..<30 {
            var request = attack(IPAddress(v4: UInt32(index % 3)), at: now)
            request.path = Array("/\(index)".utf8)
            request.status = 404
            _ = detection.observe(request)
        }
        let saved = detection.clients.recent(10)
        try await store.save(saved)
        try await store.save(saved)
        #expect(try await store.load(partition: 3, limit: 10).isEmpty)
        let loaded = try await store.load(partition: 0, limit: 10)
        #expect(loaded.count == 3)
        for (client, profile) in loaded { #expect(detection.clients.profile(of: client) == profile) }
        try await store.forget(before: now + .seconds(1))
        #expect(try await store.load(partition: 0, limit: 10).isEmpty)
    }

    /// The task that keeps house is cancelled at a stop, and the database refuses what a cancelled task asks.
    @Test func aStopForgetsNothing() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let judge = try Judge(Detection.Settings())
        _ = try judge.observe([attack(client, at: .now)], of: 2)
        let (profiles, metrics) = (ClientProfileStore(database), DetectorMetrics(MetricsRegistry()))
        let configuration = try LoadedConfiguration<DetectorConfiguration>(
            ConfigurationSources(service: .detector, file: nil)
        ).service
        let house = Housekeeping(
            judge, Journal(Outbox(database, publisher: Listener()), metrics), profiles, CrowdStore(database),
            IncidentStore(database), ThreatStore(database), metrics, .silent, clock: SystemClock(), configuration)
        let task = reactors.next().run { await house.run() }
        task.cancel()
        await task.value()
        await house.finish()
        #expect(try await profiles.load(partition: 2, limit: 10).map(\.client) == [client])
    }

    @Test func crowdsSurviveARestart() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let (store, judge) = (CrowdStore(database), try Judge(Detection.Settings()))
        let now = Timestamp(seconds: 1_000_000)
        for index in 0..<60 {
            _ = judge.observe(
                FailedLogin(
                    request: UUIDv7(), at: now, client: IPAddress(v4: 0xc633_6400 + UInt32(index % 30)),
                    claimedName: Array("user\(index % 7)".utf8)))
        }
        let crowds = judge.crowds(since: now)
        #expect(crowds.count == 8)
        try await store.save(crowds)
        try await store.save(crowds)
        let loaded = try await store.load(since: now)
        #expect(loaded.count == crowds.count && loaded.allSatisfy(crowds.contains))
        try await store.forget(before: now + .seconds(1))
        #expect(try await store.load(since: now).isEmpty)
    }

    @Test func replicasSeeWhoIsThereAndWhoLeft() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let store = ReplicaStore(database)
        #expect(try await store.meet("a", patience: .seconds(60)) == ["a"])
        #expect(try await Set(store.meet("b", patience: .seconds(60))) == ["a", "b"])
        try await store.leave("a")
        #expect(try await store.meet("b", patience: .seconds(60)) == ["b"])
        // Whoever is silent for longer than the patience is not there.
        #expect(try await store.meet("c", patience: .zero).isEmpty)
    }

    @Test func theSchemaFileIsTheSumOfTheMigrations() async throws {
        let migrated = try await emptyDatabase()
        defer { migrated.shutDown() }
        try await Migrator(migrated, owner: nil, migrations: try MigrationDirectory.read("\(serviceFolder)/Migrations"))
            .migrate()
        let written = try await emptyDatabase()
        defer { written.shutDown() }
        let script = try String(contentsOfFile: "\(serviceFolder)/schema.sql", encoding: .utf8)
        try await written.runScript(SQL(trusted: script))
        func ours(_ database: Database) async throws -> [String] {
            try await SchemaCatalog(database).describe().filter { !$0.contains("migration") }
        }
        #expect(try await ours(migrated) == ours(written))
    }
}

@Suite struct ProfileBytesTests {
    @Test func bytesOfAnotherKindAreRefused() {
        let profile = ClientProfile(at: Timestamp(seconds: 5))
        #expect(ClientProfile(stored: profile.storedBytes) == profile)
        #expect(ClientProfile(stored: []) == nil)
        #expect(ClientProfile(stored: Array(profile.storedBytes.dropLast())) == nil)
        var other = profile.storedBytes
        other[7] = 9
        #expect(ClientProfile(stored: other) == nil)
        var random = SeededGenerator(seed: 3)
        for length in 0..<400 {
            _ = ClientProfile(stored: (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        }
    }
}
