internal import Core
internal import Reactor
internal import TestSupport
internal import Testing

@testable import Database

@Suite struct StatementTests {
    @Test("a statement is prepared once and run many times, also when others push it out of the cache")
    func preparedStatements() async throws {
        let database = try await freshDatabase().open {
            $0.poolSize = 1
            $0.statementCacheSize = 3
        }
        defer { database.shutDown() }
        for round in 0..<3 {
            for constant in 0..<6 {
                let sql = SQL(trusted: "SELECT $1::int8 + \(constant)")
                let row = try #require(try await database.queryRow(sql, [.int(round)]))
                #expect(try row.get(0, as: Int.self) == round + constant)
            }
        }
        let kept = try #require(try await database.queryRow("SELECT count(*) FROM pg_prepared_statements"))
        #expect(try kept.get(0, as: Int.self) <= 5)
    }

    @Test("a pipeline is one transaction: all of it or nothing")
    func pipeline() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        try await database.runScript("CREATE TABLE number (value int8 PRIMARY KEY)")
        let insert: SQL = "INSERT INTO number VALUES ($1)"
        let rows = try await database.pipeline((1...300).map { Statement(insert, [.int($0)]) })
        #expect(rows.count == 300)
        let refused = await failure {
            _ = try await database.pipeline([
                Statement(insert, [301]), Statement(insert, [1]), Statement(insert, [302]),
            ])
        }
        #expect(refused?.isUniqueViolation(of: "number_pkey") == true)
        let count = try #require(try await database.queryRow("SELECT count(*) FROM number"))
        #expect(try count.get(0, as: Int.self) == 300)
    }

    @Test("a large pipeline with large answers does not block on either side")
    func largePipeline() async throws {
        // What is measured is progress; a slow machine may take its time.
        let database = try await freshDatabase().open { $0.statementTimeout = .seconds(120) }
        defer { database.shutDown() }
        let text = String(repeating: "x", count: 20_000)
        let rows = try await database.pipeline(
            (0..<500).map { _ in Statement("SELECT $1::text || $1::text", [.text(text)]) })
        #expect(try rows.last?.first?.get(0, as: String.self).utf8.count == 40_000)
    }

    @Test("bulk insert unnests one array per column and knows ON CONFLICT")
    func bulkInsert() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        try await database.runScript("CREATE TABLE item (id int8 PRIMARY KEY, name text, seen timestamptz NOT NULL)")
        let now = Timestamp.now
        func insert(_ ids: [Int64]) async throws -> Int {
            try await database.bulkInsert(
                into: "item",
                columns: [
                    BulkColumn("id", ids), BulkColumn("name", ids.map { $0.isMultiple(of: 2) ? "even" : nil }),
                    BulkColumn("seen", ids.map { _ in now }),
                ], suffix: "ON CONFLICT (id) DO NOTHING")
        }
        #expect(try await insert(Array(1...500)) == 500)
        #expect(try await insert(Array(400...600)) == 100)
        let nameless = try #require(try await database.queryRow("SELECT count(*) FROM item WHERE name IS NULL"))
        #expect(try nameless.get(0, as: Int.self) == 300)
    }

    @Test("COPY takes rows in chunks, counts them, and is given up when a row has too few fields")
    func copy() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        try await database.runScript("CREATE TABLE item (id int8 PRIMARY KEY, payload bytea)")
        let payload = [UInt8](repeating: 7, count: 200)
        let copied = try await database.copy(1...20_000, into: "item", columns: ["id", "payload"]) { id, row in
            row.field(Int64(id))
            row.field(payload)
        }
        #expect(copied == 20_000)
        let short = await failure {
            _ = try await database.copy(1...10, into: "item", columns: ["id", "payload"]) { id, row in
                row.field(Int64(id + 50_000))
                if id != 5 { row.null() }
            }
        }
        #expect(short == .unexpectedResult("a row has 1 fields, the COPY names 2 columns"))
        let twice = await failure {
            _ = try await database.copy(1...1, into: "item", columns: ["id", "payload"]) { id, row in
                row.field(Int64(id))
                row.null()
            }
        }
        #expect(twice?.isUniqueViolation() == true)
        let count = try #require(try await database.queryRow("SELECT count(*) FROM item"))
        #expect(try count.get(0, as: Int.self) == 20_000)
    }

    @Test("a constraint is named, a wrong statement explained, and the connection goes on")
    func refusals() async throws {
        let database = try await freshDatabase().open { $0.poolSize = 1 }
        defer { database.shutDown() }
        try await database.runScript(
            "CREATE TABLE item (id int8 PRIMARY KEY, size int4 CONSTRAINT size_is_positive CHECK (size > 0))")
        guard
            case .constraintViolated(let violation)? = await failure({
                try await database.execute("INSERT INTO item VALUES (1, -1)")
            })
        else {
            Issue.record("the check did not refuse the row")
            return
        }
        #expect(violation.kind == .check && violation.constraint == "size_is_positive")
        let missing = await failure { try await database.execute("SELECT * FROM nowhere") }
        #expect(missing?.description.contains("42P01") == true)
        try await database.ping()
        #expect(database.idleConnections == 1)
    }

    @Test("after a column was added the statements prepared before still work")
    func changedTable() async throws {
        let database = try await freshDatabase().open { $0.poolSize = 1 }
        defer { database.shutDown() }
        try await database.runScript("CREATE TABLE item (id int8)")
        try await database.execute("INSERT INTO item VALUES (1)")
        #expect(try await database.query("SELECT * FROM item").count == 1)
        try await database.runScript("ALTER TABLE item ADD COLUMN name text")
        #expect(try await database.query("SELECT * FROM item").count == 1)
    }
}
