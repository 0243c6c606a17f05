internal import Core
internal import TestSupport
internal import Testing

@testable import Database

@Suite struct MigrationTests {
    private func migration(_ number: Int, _ sql: SQL) -> Migration {
        Migration(number: number, name: "step", sql: sql)
    }

    private let steps = [
        Migration(number: 1, name: "create", sql: "CREATE TABLE item (id int8); INSERT INTO item VALUES (1);"),
        Migration(number: 2, name: "grow", sql: "ALTER TABLE item ADD COLUMN name text -- no semicolon at the end"),
    ]

    @Test("each migration is applied once, in order, and the schema then is up to date")
    func applyOnce() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        let first = Migrator(database, owner: nil, migrations: [steps[0]])
        let all = Migrator(database, owner: nil, migrations: steps)
        #expect(try await all.status() == .behind(missing: ["1-create", "2-grow"]))
        #expect(try await first.migrate() == ["1-create"])
        #expect(try await all.status() == .behind(missing: ["2-grow"]))
        #expect(try await all.migrate() == ["2-grow"])
        #expect(try await all.migrate() == [])
        #expect(try await all.status() == .upToDate)
        // The version before may go on beside the new schema.
        #expect(try await first.status() == .upToDate)
        let count = try #require(try await database.queryRow("SELECT count(*) FROM item"))
        #expect(try count.get(0, as: Int.self) == 1)
    }

    @Test("several migrators at once apply everything exactly once")
    func concurrentMigrators() async throws {
        let database = try await freshDatabase().open { $0.poolSize = 8 }
        defer { database.shutDown() }
        let migrator = Migrator(database, owner: nil, migrations: steps)
        try await withThrowingTaskGroup(of: Int.self) { tasks in
            for _ in 0..<6 { tasks.addTask { try await migrator.migrate().count } }
            let applied = try await tasks.reduce(0, +)
            #expect(applied == 2)
        }
    }

    @Test("a failing migration leaves nothing behind and is named")
    func failingMigration() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        let broken = migration(3, "CREATE TABLE half (id int8); SELECT 1/0")
        let migrator = Migrator(database, owner: nil, migrations: steps + [broken])
        let failed = await failure { try await migrator.migrate() }
        #expect(failed?.description.contains("3-step failed and was rolled back") == true)
        #expect(try await migrator.status() == .behind(missing: ["3-step"]))
        let half = try #require(try await database.queryRow("SELECT to_regclass('half') IS NULL"))
        #expect(try half.get(0, as: Bool.self))
    }

    @Test("an edited migration is found")
    func editedMigration() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        try await Migrator(database, owner: nil, migrations: [migration(1, "SELECT 1")]).migrate()
        let edited = Migrator(database, owner: nil, migrations: [migration(1, "SELECT 2")])
        let refused = await failure { _ = try await edited.status() }
        #expect(refused?.description.contains("was edited after it was applied") == true)
    }

    @Test(
        "file names and texts that would hurt are refused",
        arguments: [
            ("1-short.sql", "SELECT 1", "is not named"), ("0000-zero.sql", "SELECT 1", "is not named"),
            ("0001-x.txt", "SELECT 1", "is not named"), ("0001-.sql", "SELECT 1", "is not named"),
            ("0001-x.sql", "ALTER TABLE a\n  DROP  COLUMN b", "drop column"),
            ("0001-x.sql", "alter table a rename to b", "rename to"),
        ])
    func refusedFiles(name: String, text: String, reason: String) {
        let refused = #expect(throws: DatabaseFailure.self) { try Migration.parse(fileName: name, text: text) }
        #expect(refused?.description.contains(reason) == true)
    }

    @Test(
        "a vouched-for or commented danger is let through",
        arguments: [
            "-- safe-because: nobody reads b since 0003\nALTER TABLE a DROP COLUMN b", "SELECT 1 -- drop table a",
        ])
    func acceptedFiles(text: String) throws {
        #expect(try Migration.parse(fileName: "0001-x.sql", text: text).number == 1)
    }
}

@Suite struct PartitionTests {
    @Test("partitions are made ahead and rolled off by their policy, and doing it again changes nothing")
    func policy() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        try await Migrator(
            database, owner: nil,
            migrations: PartitionMaintenance.migrations + [
                Migration(
                    number: 1, name: "create-event",
                    sql: """
                        CREATE TABLE event (at timestamptz NOT NULL, id int8) PARTITION BY RANGE (at);
                        INSERT INTO partition_policy VALUES ('event', 'day', 2, '3 days');
                        """)
            ]
        ).migrate()
        func apply(_ moment: String) async throws -> [String] {
            try await database.query(
                "SELECT change || ' ' || partition_name FROM apply_partition_policy($1::text::timestamptz)",
                [.text(moment)]
            ).map { try $0.get(0, as: String.self) }
        }
        #expect(
            try await apply("2026-02-27 12:00+00") == [
                "created event_p2026022700", "created event_p2026022800", "created event_p2026030100",
            ])
        #expect(try await apply("2026-02-27 23:59:59+00") == [])
        try await database.execute("INSERT INTO event VALUES ('2026-03-01 23:59+00', 1)")
        #expect(
            try await apply("2026-03-03 00:00+00").filter { $0.hasPrefix("dropped") } == ["dropped event_p2026022700"])
        let outside = await failure { try await database.execute("INSERT INTO event VALUES ('2027-01-01', 1)") }
        #expect(outside?.description.contains("no partition of relation") == true)
    }
}
