internal import Core
internal import LocalServers
internal import Reactor
internal import TestSupport
internal import Testing

@testable import Database

@Suite struct FaultTests {
    @Test("a wrong password, role or database is refused at once, with what to check")
    func refusedConnections() async throws {
        let server = try await freshDatabase()
        let cases: [((inout DatabaseConfiguration) -> Void, String, String)] = [
            ({ $0.password = "wrong" }, "28P01", "database.password"),
            ({ $0.user = "nobody" }, "28P01", "database.user"),
            ({ $0.database = "nowhere" }, "3D000", "database.name"),
        ]
        for (change, sqlState, advice) in cases {
            let database = server.open(change)
            let refused = await failure { try await database.ping() }
            guard case .refused(sqlState, _)? = refused else {
                Issue.record("expected \(sqlState), got \(String(describing: refused))")
                continue
            }
            #expect(refused?.description.contains(advice) == true)
        }
    }

    @Test("no server: the call fails at its deadline with the reason; when the server comes, the same pool connects")
    func absentServer() async throws {
        let server = try await TestServers.dedicatedPostgreSQL()
        await server.stop()
        let database = Database(
            DatabaseConfiguration(
                host: "127.0.0.1", port: server.port, database: "postgres", user: PrivatePostgreSQL.superuser,
                password: server.password, schema: "public"), group: reactors)
        let absent = await failure { try await database.ping(deadline: .after(.milliseconds(300))) }
        guard case .unreachable(let reason)? = absent else {
            Issue.record("expected unreachable, got \(String(describing: absent))")
            return
        }
        #expect(reason.contains("refused"))
        try await server.start()
        try await database.ping(deadline: .after(.seconds(20)))
        database.shutDown()
        await server.stop()
    }

    @Test("after kill -9 and a restart the pool recovers by itself, and nothing half-done stays")
    func killedServer() async throws {
        let server = try await TestServers.dedicatedPostgreSQL()
        let database = Database(
            DatabaseConfiguration(
                host: "127.0.0.1", port: server.port, database: "postgres", user: PrivatePostgreSQL.superuser,
                password: server.password, schema: "public", poolSize: 4), group: reactors)
        try await database.runScript("CREATE TABLE number (value int8)")
        let begun = Promise<Void>()
        async let interrupted = failure {
            try await database.transaction { transaction in
                try await transaction.execute("INSERT INTO number VALUES (1)")
                begun.fulfil(())
                try await transaction.execute("SELECT pg_sleep(30)")
            }
        }
        try await begun.value(deadline: .after(.seconds(10)))
        await server.kill9()
        guard case .connectionLost? = await interrupted else {
            Issue.record("the transaction should have lost its connection")
            return
        }
        try await server.start()
        let count = try #require(
            try await database.queryRow("SELECT count(*) FROM number", deadline: .after(.seconds(20))))
        #expect(try count.get(0, as: Int.self) == 0)
        database.shutDown()
        await server.stop()
    }

    @Test("a deadline and a cancellation stop the statement on the server, and the connection is used again")
    func givenUpStatements() async throws {
        let testDatabase = try await freshDatabase()
        let database = testDatabase.open { $0.poolSize = 1 }
        defer { database.shutDown() }
        let before = try #require(try await database.queryRow("SELECT pg_backend_pid()")).get(0, as: Int.self)
        let late = await failure {
            _ = try await database.query("SELECT pg_sleep(60)", deadline: .after(.milliseconds(100)))
        }
        #expect(late == .deadlineExceeded("the call's deadline passed"))
        let after = try #require(try await database.queryRow("SELECT pg_backend_pid()")).get(0, as: Int.self)
        #expect(after == before)

        let outcome = Promise<DatabaseFailure?>()
        let task = reactors.next().run {
            outcome.fulfil(await failure { _ = try await database.query("SELECT pg_sleep(61)") })
        }
        try await eventually("the statement runs") { try await sleepers(testDatabase) == "1" }
        task.cancel()
        #expect(try await outcome.value(deadline: .after(.seconds(5))) == .cancelled)
        try await eventually("the statement is stopped") { try await sleepers(testDatabase) == "0" }
        try await database.ping()
    }

    private func sleepers(_ database: TestDatabase) async throws -> String {
        try await database.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%' AND state = 'active' AND datname = '\(database.name)'"
        ).filter { !$0.isNewline }
    }

    @Test("the server's own statement timeout is a deadline, not a riddle")
    func statementTimeout() async throws {
        let database = try await freshDatabase().open { $0.statementTimeout = .milliseconds(100) }
        defer { database.shutDown() }
        let late = await failure { _ = try await database.query("SELECT pg_sleep(5)", deadline: .after(.seconds(20))) }
        guard case .deadlineExceeded(let reason)? = late else {
            Issue.record("got \(String(describing: late))")
            return
        }
        #expect(reason.contains("statement timeout"))
    }

    @Test("when all connections are busy a caller waits, and says so when that takes too long")
    func busyPool() async throws {
        let database = try await freshDatabase().open { $0.poolSize = 1 }
        defer { database.shutDown() }
        let begun = Promise<Void>()
        let release = Promise<Void>()
        async let holder: Void = database.transaction { _ in
            begun.fulfil(())
            try await release.value(deadline: .after(.seconds(20)))
        }
        try await begun.value(deadline: .after(.seconds(10)))
        let refused = await failure { try await database.ping(deadline: .after(.milliseconds(50))) }
        #expect(refused == .poolExhausted("all 1 stayed busy"))
        async let patient: Void = database.ping()
        try await eventually("the next caller waits") { database.waitingCallers == 1 }
        release.fulfil(())
        try await holder
        try await patient
    }

    @Test("a hundred callers on four connections all get their own answer")
    func manyCallers() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for number in 0..<100 {
                tasks.addTask {
                    let row = try await database.queryRow("SELECT $1::int8", [.int(number)])
                    return try row?.get(0, as: Int.self) == number
                }
            }
            for try await isRight in tasks { #expect(isRight) }
        }
        #expect(database.idleConnections + database.leasedConnections <= 4)
    }
}
