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

@testable import audit

private let reactors: ReactorGroup = {
    do { return try ReactorGroup(count: 2) } catch { fatalError("no reactors: \(error)") }
}()

/// Events from the broker into the log and back out as answers, on real servers, with the rights of production.
@Suite(.onBroker) struct RecordingTests {
    private static let password = "recording"

    private func provisionedDatabase(_ server: PrivatePostgreSQL) async throws -> Database {
        let testDatabase = try await freshDatabase(on: server)
        let base = DatabaseConfiguration(
            host: testDatabase.host, port: testDatabase.port, database: testDatabase.name, user: testDatabase.user,
            password: testDatabase.password, schema: "audit")
        let superuser = Database(base, group: reactors)
        defer { superuser.shutDown() }
        let provisioning = SchemaProvisioning(
            database: testDatabase.name, logins: [.init(.audit, password: Self.password)],
            migratorPassword: Self.password)
        try await superuser.runScript(provisioning.script)
        var migratorLogin = base
        migratorLogin.user = SchemaProvisioning.migratorRole
        migratorLogin.password = Self.password
        let migratorDatabase = Database(migratorLogin, group: reactors)
        defer { migratorDatabase.shutDown() }
        let migrations = try MigrationDirectory.read(try MigrationDirectory.find(for: .audit, configured: nil))
        try await Migrator(
            migratorDatabase, owner: SchemaProvisioning.ownerRole(of: .audit),
            migrations: SharedSchema.migrations + migrations
        ).migrate()
        var login = base
        login.user = "audit"
        login.password = Self.password
        return Database(login, group: reactors)
    }

    @Test("events of several services are recorded once each and can be asked for, with the login's few rights")
    func recording() async throws {
        let server = try await TestServers.dedicatedPostgreSQL()
        let database = try await provisionedDatabase(server)
        let fixture = BusFixture.current
        let (gateway, auth, audit) = (
            try await fixture.bus(.gateway), try await fixture.bus(.auth), try await fixture.bus(.audit)
        )
        let store = LogStore(database, inbox: Inbox(database))
        LogReading(store: store).serve(on: audit)
        EventRecording(store: store, metrics: AuditMetrics(MetricsRegistry()), clock: SystemClock())
            .start(on: audit, batch: 100, linger: .milliseconds(5))

        for number in 0..<50 {
            let event = RequestBlocked(
                requestID: UUIDv7(), method: Array("GET".utf8), path: Array("/\(number)?x=<script>\n".utf8))
            try await gateway.publish(event, to: .requestBlocked, deadline: .after(.seconds(60)))
        }
        let repeated = UUIDv7()
        let failedLogin = LoginFailed(eventID: repeated, claimedName: Array("root".utf8)).wireBytes()
        for _ in 0..<3 {
            try await auth.publish(failedLogin, to: .loginFailed, id: repeated, deadline: .after(.seconds(60)))
        }
        try await auth.publish([0xff, 0xff], to: .tokenIssued, deadline: .after(.seconds(60)))
        try await eventually("all are recorded", within: .seconds(60)) { try await store.head().size == 52 }

        let page = try await gateway.call(
            AuditRPC.listEntries, ListEntriesRequest(limit: 5), deadline: .after(.seconds(60)))
        #expect(page.entries.map(\.index) == [52, 51, 50, 49, 48])
        #expect(page.entries.contains { $0.summary == "unreadable" })
        #expect(page.entries.allSatisfy { !$0.summary.contains("\n") })
        let verified = try await gateway.call(
            AuditRPC.verifyChain, VerifyChainRequest(), deadline: .after(.seconds(60)))
        #expect(verified.isIntact && verified.checked == 52)
        await #expect(throws: Failure.self) {
            try await gateway.call(AuditRPC.getProof, GetProofRequest(index: 53), deadline: .after(.seconds(60)))
        }
        for sql in ["UPDATE log_entry SET summary = ''", "DELETE FROM log_entry", "TRUNCATE log_entry"] {
            await #expect(throws: DatabaseFailure.self) { try await database.execute(SQL(trusted: sql)) }
        }
        for bus in [gateway, auth, audit] { await bus.stop(deadline: .after(.seconds(5))) }
        database.shutDown()
        await server.stop()
    }
}
