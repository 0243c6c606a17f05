internal import Core
internal import Database
internal import Outbox
internal import Reactor
internal import Telemetry

/// The migrations a service needs: what its shared modules bring, then its own files.
struct SchemaVersion: Sendable {
    let service: ServiceName
    let keys: DatabaseKeys

    private func migrations() throws(DatabaseFailure) -> [Migration] {
        let directory = try MigrationDirectory.find(for: service, configured: keys.migrations)
        return SharedSchema.migrations + (try MigrationDirectory.read(directory))
    }

    /// Throws what is missing, in words.
    func check(_ database: Database) async throws {
        let migrator = Migrator(database, owner: nil, migrations: try migrations())
        if case .behind(let missing) = try await migrator.status() {
            throw SchemaIsBehind(service: service, missing: missing)
        }
    }

    /// The `migrate` verb. A server that is still starting is waited for.
    func migrate(group: ReactorGroup, log: Logger) async throws {
        let database = Database(keys.migratorConfiguration, group: group)
        defer { database.shutDown() }
        let migrator = Migrator(
            database, owner: SchemaProvisioning.ownerRole(of: service), migrations: try migrations())
        let applied = try await patiently(log) { () async throws(DatabaseFailure) in try await migrator.migrate() }
        log.info("the schema is up to date", ["applied": .list(applied)])
    }

    private func patiently(
        _ log: Logger, _ work: () async throws(DatabaseFailure) -> [String]
    ) async throws -> [String] {
        let deadline = Deadline.after(.seconds(60))
        while true {
            do throws(DatabaseFailure) {
                return try await work()
            } catch {
                guard case .unreachable = error, !deadline.hasPassed else { throw error }
                log.warning("waiting for the database", ["reason": .error(error)])
                try await Reactor.sleep(for: .seconds(1))
            }
        }
    }
}

struct SchemaIsBehind: Error, CustomStringConvertible {
    let service: ServiceName
    let missing: [String]

    var description: String {
        "the schema lacks \(missing.count) migration(s), first \(missing.first ?? ""); run `\(service.operatorName) migrate`"
    }
}
