internal import Core
package import Database

/// `database.*`: the service's login, and what `migrate` needs beyond it.
package struct DatabaseKeys: Sendable {
    package enum TLSMode: String, CaseIterable, Sendable { case disabled, preferred, verified }

    package let login: DatabaseConfiguration
    package let migratorUser: String
    package let migratorPassword: String?
    package let migrations: String?

    init(from reader: ConfigurationReader, service: ServiceName) {
        login = DatabaseConfiguration(
            host: reader.string(
                "host", default: "127.0.0.1", about: "A name, an address, or the directory of a unix socket."),
            port: reader.integer("port", default: 5_432, in: 1...65_535),
            database: reader.string("name", default: "infinite", atMost: 63),
            user: reader.string("user", default: service.schemaName, atMost: 63, about: "The service's login role."),
            password: reader.string("password", default: "", secret: true),
            schema: service.schemaName, tls: Self.tls(reader),
            poolSize: reader.integer("pool_size", default: 8, in: 1...512, about: "Connections of this replica."),
            maximumWaiters: reader.integer(
                "maximum_waiters", default: 1_024, in: 1...100_000,
                about: "Calls that may wait for a connection; the next is refused at once."),
            statementTimeout: reader.duration(
                "statement_timeout", default: .seconds(10), in: .milliseconds(10) ... .seconds(600)),
            connectTimeout: reader.duration(
                "connect_timeout", default: .seconds(5), in: .milliseconds(100) ... .seconds(60)),
            applicationName: service.operatorName)
        migratorUser = reader.string(
            "migrator_user", default: SchemaProvisioning.migratorRole, atMost: 63,
            about: "The role that `migrate` logs in as; it may become the schema's owner.")
        migratorPassword = reader.optionalString("migrator_password", secret: true, about: "Needed by `migrate` only.")
        migrations = reader.optionalString(
            "migrations", about: "The directory of the service's migrations; found beside the executable when not set.")
    }

    private static func tls(_ reader: ConfigurationReader) -> DatabaseTLS {
        let mode = reader.choice(
            "tls", default: TLSMode.preferred, about: "verified also demands a certificate signed by database.ca_file.")
        let caFile = reader.optionalString("ca_file", about: "Certificates that may sign the server's, as PEM.")
        switch mode {
        case .disabled: return .disabled
        case .preferred: return .preferred
        case .verified:
            if caFile == nil { reader.report("is verified, which needs database.ca_file; set it", at: "tls") }
            return .verified(caFile: caFile ?? "")
        }
    }

    /// As the role that may change the schema.
    var migratorConfiguration: DatabaseConfiguration {
        var configuration = login
        configuration.user = migratorUser
        configuration.password = migratorPassword ?? ""
        configuration.poolSize = 1
        return configuration
    }
}
