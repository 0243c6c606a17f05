internal import Core
internal import Database
internal import Foundation
internal import Outbox
internal import TestSupport
internal import Testing

/// `schema.sql` of each service is what its migrations add up to, so that people read one file and not the history.
@Suite struct ServiceSchemaTests {
    private static let services = ServiceName.allCases.filter {
        FileManager.default.fileExists(atPath: folder(of: $0) + "/Migrations")
    }

    private static func folder(of service: ServiceName) -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        return "\(root)/Services/\(MigrationDirectory.folderName(of: service))"
    }

    private func database() async throws -> Database {
        let server = try await freshDatabase()
        let configuration = DatabaseConfiguration(
            host: server.host, port: server.port, database: server.name, user: server.user, password: server.password,
            schema: "public")
        return Database(configuration, group: reactors)
    }

    @Test("schema.sql equals the migrations, and they apply", arguments: services)
    func equality(service: ServiceName) async throws {
        let migrated = try await database()
        let written = try await database()
        defer {
            migrated.shutDown()
            written.shutDown()
        }
        let own = try MigrationDirectory.read(Self.folder(of: service) + "/Migrations")
        try await Migrator(migrated, owner: nil, migrations: SharedSchema.migrations + own).migrate()
        try await Migrator(written, owner: nil, migrations: SharedSchema.migrations).migrate()
        let file = Self.folder(of: service) + "/schema.sql"
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try Self.sum(of: own).write(toFile: file, atomically: true, encoding: .utf8)
        }
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try await written.runScript(SQL(trusted: text))
        let expected = try await SchemaCatalog(migrated).describe()
        let found = try await SchemaCatalog(written).describe()
        #expect(Set(expected).subtracting(found).sorted() == [], "the migrations make this, schema.sql does not")
        #expect(Set(found).subtracting(expected).sorted() == [], "schema.sql has this, the migrations do not make it")
        #expect(!expected.isEmpty)
    }

    /// The migrations one after the other: right from the start, and tidied by hand when a later one changes a table.
    private static func sum(of migrations: [Migration]) -> String {
        (["-- The sum of Migrations/, for reading; a test proves that it is. RECORD=1 writes it anew.\n"]
            + migrations.map(\.sql.text)).joined(separator: "\n")
    }

    @Test("the shared tables need no rights of a superuser beyond the schema")
    func sharedTables() async throws {
        let database = try await database()
        defer { database.shutDown() }
        try await Migrator(database, owner: nil, migrations: SharedSchema.migrations).migrate()
        let lines = try await SchemaCatalog(database).describe()
        #expect(
            lines.contains("table inbox") && lines.contains("table outbox") && lines.contains("table partition_policy"))
    }
}
