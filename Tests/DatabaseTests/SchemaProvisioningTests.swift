internal import Core
internal import LocalServers
internal import TestSupport
internal import Testing

@testable import Database

@Suite(.serialized) struct SchemaProvisioningTests {
    private static let password = "a 'quoted' \\ password"

    /// Roles belong to the whole server, so this suite has one of its own.
    private func provisioned() async throws -> TestDatabase {
        let server = try await TestServers.dedicatedPostgreSQL()
        let testDatabase = try await freshDatabase(on: server)
        let provisioning = SchemaProvisioning(
            database: testDatabase.name,
            logins: ServiceName.allCases.map { .init($0, password: Self.password) }, migratorPassword: Self.password)
        let superuser = testDatabase.open()
        defer { superuser.shutDown() }
        try await superuser.runScript(provisioning.script)
        // A second run changes nothing and fails at nothing.
        try await superuser.runScript(provisioning.script)
        for service in ServiceName.allCases {
            let database = login(SchemaProvisioning.migratorRole, schema: service.schemaName, testDatabase)
            defer { database.shutDown() }
            let migrator = Migrator(
                database, owner: SchemaProvisioning.ownerRole(of: service),
                migrations: PartitionMaintenance.migrations + [
                    Migration(number: 1, name: "create", sql: "CREATE TABLE secret (id bigint PRIMARY KEY)")
                ])
            try await migrator.migrate()
        }
        return testDatabase
    }

    private func login(_ role: String, schema: String, _ testDatabase: TestDatabase) -> Database {
        testDatabase.open {
            $0.user = role
            $0.password = Self.password
            $0.schema = schema
            $0.poolSize = 1
        }
    }

    private func isForbidden(_ database: Database, _ sql: SQL) async -> Bool {
        guard case .statementFailed("42501", _)? = await failure({ try await database.execute(sql) }) else {
            return false
        }
        return true
    }

    @Test("each login works in its own schema and is refused by every other; none can change a schema or the record")
    func isolation() async throws {
        let testDatabase = try await provisioned()
        for service in ServiceName.allCases {
            let database = login(service.schemaName, schema: service.schemaName, testDatabase)
            defer { database.shutDown() }
            try await database.execute("INSERT INTO secret VALUES (1)")
            #expect(try await database.query("SELECT id FROM secret").count == 1)
            #expect(try await database.query("SELECT * FROM schema_migrations").count == 2)
            _ = try await PartitionMaintenance(database).run()
            let forbidden: [SQL] = [
                "DELETE FROM schema_migrations", "INSERT INTO partition_policy VALUES ('secret', 'day', 1, NULL)",
                "SELECT * FROM apply_partition_policy(now())", "CREATE TABLE mine (id int)", "DROP TABLE secret",
                "CREATE TABLE public.mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "TRUNCATE secret",
            ]
            for sql in forbidden {
                // DROP says 42501 too: "must be owner".
                #expect(await isForbidden(database, sql), "\(service): \(sql)")
            }
            for other in ServiceName.allCases where other != service {
                let table = SQL(trusted: "\(other.schemaName).secret")
                for sql in ["SELECT * FROM " + table, "INSERT INTO " + table + " VALUES (2)", "DELETE FROM " + table] {
                    #expect(await isForbidden(database, sql), "\(service): \(sql)")
                }
                #expect(
                    await isForbidden(database, SQL(trusted: "SET ROLE \(SchemaProvisioning.ownerRole(of: other))")))
            }
        }
        let audit = login("audit", schema: "audit", testDatabase)
        defer { audit.shutDown() }
        #expect(await isForbidden(audit, "UPDATE secret SET id = 2"))
        #expect(await isForbidden(audit, "DELETE FROM secret"))
        await testDatabase.server.stop()
    }
}
