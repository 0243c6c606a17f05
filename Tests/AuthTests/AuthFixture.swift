import Contracts
import Core
import Cryptography
import Database
import Outbox
import Reactor
import ServiceKit
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import auth

let reactors: ReactorGroup = {
    do { return try ReactorGroup(count: 2) } catch { fatalError("no reactors: \(error)") }
}()

/// Keeps what would have gone to the broker.
final class RecordingPublisher: OutboxPublisher {
    private let messages = Mutex<[OutboxMessage]>([])

    func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure) {
        messages.withLock { $0.append(message) }
    }

    func published<Message: WireMessage>(_: Message.Type) -> [Message] {
        messages.withLock { $0 }.filter { $0.schema == Message.schema }
            .compactMap { try? Message(wireBytes: $0.payload) }
    }
}

/// Auth on a real, empty database, with a clock that the test moves.
struct AuthFixture {
    let parts: AuthParts
    let database: Database
    let publisher = RecordingPublisher()
    let clock = ManualClock()
    let migrator: Migrator

    static let secret = "correct horse battery"
    static let address = IPAddress(v4: 0x0a00_0001)

    init(_ change: (inout AuthConfiguration) -> Void = { _ in }) async throws {
        let server = try await freshDatabase()
        database = Database(
            DatabaseConfiguration(
                host: server.host, port: server.port, database: server.name, user: server.user,
                password: server.password, schema: "public"),
            group: reactors)
        let migrations = try MigrationDirectory.read("\(Repository.root)/Services/Auth/Migrations")
        migrator = Migrator(database, owner: nil, migrations: CourierSchema.migrations + migrations)
        try await migrator.migrate()
        var reader = ConfigurationReader(
            ConfigurationSources(
                service: .auth, file: nil,
                environment: [
                    "INFINITE_AUTH_MASTER_SECRET": String(repeating: "ab", count: 32),
                    "INFINITE_AUTH_FIRST_ADMINISTRATOR_SECRET": Self.secret,
                ]))
        var configuration = AuthConfiguration(from: &reader)
        try #require(reader.finish().isEmpty)
        change(&configuration)
        parts = try AuthParts(
            configuration, database: database, outbox: Outbox(database, publisher: publisher),
            metrics: MetricsRegistry(), clock: clock)
        try await parts.keys.refresh()
        #expect(try await CreateAccount(parts: parts).createFirst(deadline: .after(.seconds(10))))
    }

    /// Publishes what the transactions enqueued.
    func relay() async throws { while try await parts.outbox.relayBatch() > 0 {} }

    func caller(_ principal: Principal? = nil, address: IPAddress = address) -> Caller {
        var principal = principal ?? Principal()
        principal.clientAddress = address
        return Caller(principal: principal, trace: nil, deadline: .after(.seconds(20)))
    }

    func signIn(
        _ name: String = "admin", _ secret: String = secret, address: IPAddress = address
    ) async throws -> IssueTokenResponse {
        try await IssueToken(parts: parts).answer(
            IssueTokenRequest(grantType: .password, username: name, password: secret), caller(address: address))
    }

    var storedHash: String {
        get async throws {
            let row = try await database.queryRow("SELECT secret_hash FROM accounts WHERE name = 'admin'")
            return try #require(row).get(0)
        }
    }

    func refresh(_ token: String) async throws -> IssueTokenResponse {
        try await IssueToken(parts: parts).answer(
            IssueTokenRequest(grantType: .refreshToken, refreshToken: token), caller())
    }

    func administrator() async throws -> Caller {
        let token = try #require(AccessToken(try await signIn().accessToken, ring: parts.keys.ring, now: clock.now))
        return caller(
            Principal(userID: token.user, sessionID: token.session ?? .unset, name: token.name, roles: [.admin]))
    }
}
