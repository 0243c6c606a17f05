/// What the servers must contain before a service connects: users, roles, schemas and the topology of the bus.
internal import Core
internal import Database
internal import LocalServers
internal import Messaging

enum StackProvisioning {
    /// The broker loads this before it listens. The administrator is the server's own (see PrivateRabbitMQ), who also
    /// may look into our virtual host.
    static func brokerDefinitions(
        _ layout: StackLayout, administratorPassword: String
    ) throws(LocalServerFailure) -> String {
        var credentials: [ServiceName: BusCredential] = [:]
        for service in ServiceName.allCases {
            let password = try layout.secret("broker-\(service.operatorName)")
            credentials[service] = BusCredential(service: service, password: password)
        }
        let administrator = BusCredential(user: PrivateRabbitMQ.administrator, password: administratorPassword)
        let definitions = Topology.definitions(
            virtualHost: StackConfiguration.virtualHost, credentials: credentials, administrators: [administrator])
        return String(decoding: definitions, as: UTF8.self)
    }

    /// May be run at every start: it creates what is missing and sets everything else anew.
    static func prepareDatabase(_ server: PrivatePostgreSQL, _ layout: StackLayout) async throws(LocalServerFailure) {
        let database = StackConfiguration.database
        let exists = try await server.execute("SELECT 1 FROM pg_database WHERE datname = '\(database)'")
        if exists.isEmpty { try await server.execute("CREATE DATABASE \(database)") }
        var logins: [SchemaProvisioning.Login] = []
        for service in ServiceName.allCases {
            let password = try layout.secret("database-\(service.operatorName)")
            logins.append(SchemaProvisioning.Login(service, password: password, connectionLimit: 24))
        }
        let provisioning = SchemaProvisioning(
            database: database, logins: logins, migratorPassword: try layout.secret(migratorSecret))
        try await server.execute(provisioning.script.text, database: database)
    }

    static let migratorSecret = "database-migrator"
}
