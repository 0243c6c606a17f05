import Core
import Database
import Reactor
import TestSupport

@testable import ServiceKit

/// An empty database of one test, with the gateway's tables.
func gatewayDatabase(on group: ReactorGroup) async throws -> (TestDatabase, Database) {
    let server = try await freshDatabase()
    let database = Database(
        DatabaseConfiguration(
            host: server.host, port: server.port, database: server.name, user: server.user,
            password: server.password, schema: "public"), group: group)
    let directory = try MigrationDirectory.find(for: .gateway, configured: nil)
    try await Migrator(database, owner: nil, migrations: try MigrationDirectory.read(directory)).migrate()
    return (server, database)
}
