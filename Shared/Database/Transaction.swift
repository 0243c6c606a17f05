package import Core
internal import Synchronization

/// An open transaction. It lives inside the closure of `Database.transaction`: afterwards every call fails.
package final class Transaction: Sendable {
    private let connection: PostgreSQLConnection
    private let database: Database
    package let deadline: Deadline
    private let isOpen = Atomic<Bool>(true)

    init(_ connection: PostgreSQLConnection, of database: Database, deadline: Deadline) {
        self.connection = connection
        self.database = database
        self.deadline = deadline
    }

    package func query(_ sql: SQL, _ parameters: [SQLValue] = []) async throws(DatabaseFailure) -> Rows {
        let rows = try await pipeline([Statement(sql, parameters)])
        return rows.first ?? .none
    }

    package func queryRow(_ sql: SQL, _ parameters: [SQLValue] = []) async throws(DatabaseFailure) -> Row? {
        try await query(sql, parameters).atMostOne()
    }

    @discardableResult
    package func execute(_ sql: SQL, _ parameters: [SQLValue] = []) async throws(DatabaseFailure) -> Int {
        try await query(sql, parameters).affectedRows
    }

    /// One round trip for all of them.
    package func pipeline(_ statements: [Statement]) async throws(DatabaseFailure) -> [Rows] {
        guard isOpen.load(ordering: .acquiring) else {
            throw .unexpectedResult("the transaction has ended; its value must not leave the closure")
        }
        return try await connection.onReactor { () async throws(DatabaseFailure) in
            try await self.connection.queryAll(statements, deadline: self.deadline)
        }
    }

    @discardableResult
    package func bulkInsert(
        into table: SQL, columns: [BulkColumn], suffix: SQL = ""
    ) async throws(DatabaseFailure) -> Int {
        try await query(BulkColumn.insert(into: table, columns, suffix), columns.map(\.values)).affectedRows
    }

    func end() { isOpen.store(false, ordering: .releasing) }
}

/// What a concurrent transaction may be seen to have done; PostgreSQL's own words.
package enum TransactionIsolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case serializable = "SERIALIZABLE"

    var begin: Statement { Statement(SQL(trusted: "BEGIN ISOLATION LEVEL \(rawValue)")) }
}

extension Database {
    /// Runs `body` in a transaction and commits it. When a concurrent transaction won (serialisation failure,
    /// deadlock) everything is rolled back and `body` runs again, at most `attempts` times in all: it must not do
    /// anything outside of the transaction that a second run would double.
    @discardableResult
    package func transaction<Value: Sendable>(
        isolation: TransactionIsolation = .readCommitted, attempts: Int = 5, deadline: Deadline? = nil,
        _ body: @Sendable (Transaction) async throws -> Value
    ) async throws -> Value {
        let deadline = deadline ?? .after(configuration.statementTimeout)
        var attempt = 1
        while true {
            do {
                return try await runOnce(isolation, deadline: deadline, body)
            } catch let failure as DatabaseFailure where failure.isSerializationConflict && attempt < attempts {
                attempt += 1
                // Apart from each other, or the same two meet again.
                try await pause(attempt: attempt, deadline: deadline)
            }
        }
    }

    private func runOnce<Value: Sendable>(
        _ isolation: TransactionIsolation, deadline: Deadline, _ body: @Sendable (Transaction) async throws -> Value
    ) async throws -> Value {
        let lease = try await pool.lease(deadline: deadline)
        let transaction = Transaction(lease.connection, of: self, deadline: deadline)
        let outcome: Result<Value, any Error>
        do {
            _ = try await transaction.pipeline([isolation.begin])
            let value = try await body(transaction)
            try await commit(transaction)
            outcome = .success(value)
        } catch {
            outcome = .failure(error)
        }
        // Whatever happened, an open transaction on a connection that is given back is rolled back.
        transaction.end()
        giveBack(lease)
        return try outcome.get()
    }

    /// A transaction that failed inside ends in ROLLBACK even when COMMIT is asked for, and PostgreSQL calls that a
    /// success: `body` must have swallowed the failure.
    private func commit(_ transaction: Transaction) async throws(DatabaseFailure) {
        let rows = try await transaction.pipeline([Statement("COMMIT")])
        guard rows.first?.commandTag != "ROLLBACK" else {
            throw .unexpectedResult("a statement of the transaction had failed, so it was rolled back")
        }
    }

    private func pause(attempt: Int, deadline: Deadline) async throws {
        let longest = Int64(1) << Int64(min(attempt, 8))
        let wake = Deadline.after(.milliseconds(Int64.random(in: 1...longest)))
        try await sleep(until: min(wake, deadline))
    }
}
