/// What the servers must contain before a service connects: users, schemas and the topology of the bus.
internal import Core
internal import LocalServers

enum StackProvisioning {
    static func brokerDefinitions(_ layout: StackLayout) throws(LocalServerFailure) -> String {
        "{}"
    }

    static func prepareDatabase(_ server: PrivatePostgreSQL, _ layout: StackLayout) async throws(LocalServerFailure) {
        let database = StackConfiguration.database
        let exists = try await server.execute("SELECT 1 FROM pg_database WHERE datname = '\(database)'")
        if exists.isEmpty { try await server.execute("CREATE DATABASE \(database)") }
    }
}
