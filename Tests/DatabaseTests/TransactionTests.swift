internal import Core
internal import TestSupport
internal import Testing

@testable import Database

@Suite struct TransactionTests {
    private struct Refusal: Error {}

    private func accounts() async throws -> Database {
        let database = try await freshDatabase().open()
        try await database.runScript(
            "CREATE TABLE account (id int8 PRIMARY KEY, balance int8 NOT NULL); INSERT INTO account VALUES (1, 0), (2, 0)"
        )
        return database
    }

    private func balances(_ database: Database) async throws -> [Int] {
        try await database.query("SELECT balance FROM account ORDER BY id").map { try $0.get(0, as: Int.self) }
    }

    @Test("what the closure did is committed when it returns and undone when it throws")
    func commitAndRollback() async throws {
        let database = try await accounts()
        defer { database.shutDown() }
        try await database.transaction { try await $0.execute("UPDATE account SET balance = 5 WHERE id = 1") }
        await #expect(throws: Refusal.self) {
            try await database.transaction { transaction in
                try await transaction.execute("UPDATE account SET balance = 9")
                throw Refusal()
            }
        }
        #expect(try await balances(database) == [5, 0])
    }

    @Test("a failure that the closure swallowed does not become a silent rollback")
    func swallowedFailure() async throws {
        let database = try await accounts()
        defer { database.shutDown() }
        await #expect(throws: DatabaseFailure.self) {
            try await database.transaction { transaction in
                try await transaction.execute("UPDATE account SET balance = 9")
                _ = try? await transaction.execute("SELECT 1/0")
            }
        }
        #expect(try await balances(database) == [0, 0])
    }

    @Test("serialisation failures are run again until every increment counts")
    func serialisationRetry() async throws {
        let database = try await accounts()
        defer { database.shutDown() }
        let runs = Counter()
        try await withThrowingTaskGroup { tasks in
            for _ in 0..<4 {
                tasks.addTask {
                    for _ in 0..<10 {
                        try await database.transaction(isolation: .serializable, attempts: 50) { transaction in
                            runs.increment()
                            let row = try await transaction.queryRow("SELECT balance FROM account WHERE id = 1")
                            let balance = try row?.get(0, as: Int.self) ?? 0
                            try await transaction.execute(
                                "UPDATE account SET balance = $1 WHERE id = 1", [.int(balance + 1)])
                        }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        #expect(try await balances(database) == [40, 0])
        #expect(runs.value > 40)
    }

    @Test("a deadlock is run again")
    func deadlock() async throws {
        let database = try await accounts()
        defer { database.shutDown() }
        try await database.runScript(
            "ALTER DATABASE \(SQL.identifier(database.configuration.database)) SET deadlock_timeout = '50ms'".trusted)
        let fresh = Database(database.configuration, group: reactors)
        defer { fresh.shutDown() }
        let arrived = Counter()
        try await withThrowingTaskGroup { tasks in
            for (first, second) in [(1, 2), (2, 1)] {
                tasks.addTask {
                    try await fresh.transaction { transaction in
                        let add: SQL = "UPDATE account SET balance = balance + 1 WHERE id = $1"
                        try await transaction.execute(add, [.int(first)])
                        arrived.increment()
                        try await eventually("both hold one row") { arrived.value >= 2 }
                        try await transaction.execute(add, [.int(second)])
                    }
                }
            }
            try await tasks.waitForAll()
        }
        #expect(try await balances(database) == [2, 2])
        #expect(arrived.value == 3)
    }

    @Test("a transaction that escaped its closure refuses to work")
    func escapedTransaction() async throws {
        let database = try await accounts()
        defer { database.shutDown() }
        let escaped = try await database.transaction { $0 }
        let refused = await failure { try await escaped.execute("SELECT 1") }
        #expect(refused == .unexpectedResult("the transaction has ended; its value must not leave the closure"))
    }
}

extension String {
    fileprivate var trusted: SQL { SQL(trusted: self) }
}
