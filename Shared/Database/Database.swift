package import Core
package import Reactor

/// A service's door to its schema: a pool of connections, statements prepared once per connection, values and rows in
/// binary, a deadline on every call.
///
/// A call made on a reactor waits on that reactor; a call made elsewhere borrows one.
package final class Database: Sendable {
    package let configuration: DatabaseConfiguration
    let group: ReactorGroup
    let pool: ConnectionPool

    package init(_ configuration: DatabaseConfiguration, group: ReactorGroup) {
        self.configuration = configuration
        self.group = group
        pool = ConnectionPool(configuration, group: group)
    }

    /// Closes the idle connections now and the others when they come back.
    package func shutDown() { pool.shutDown() }

    // MARK: One statement

    package func query(
        _ sql: SQL, _ parameters: [SQLValue] = [], deadline: Deadline? = nil
    ) async throws(DatabaseFailure) -> Rows {
        try await withConnection(deadline: deadline) { (connection, deadline) async throws(DatabaseFailure) in
            try await connection.query(Statement(sql, parameters), deadline: deadline)
        }
    }

    /// The only row, or none; more than one is a failure, because the code thought that it could not happen.
    package func queryRow(
        _ sql: SQL, _ parameters: [SQLValue] = [], deadline: Deadline? = nil
    ) async throws(DatabaseFailure) -> Row? {
        try await query(sql, parameters, deadline: deadline).atMostOne()
    }

    /// How many rows the statement changed.
    @discardableResult
    package func execute(
        _ sql: SQL, _ parameters: [SQLValue] = [], deadline: Deadline? = nil
    ) async throws(DatabaseFailure) -> Int {
        try await query(sql, parameters, deadline: deadline).affectedRows
    }

    // MARK: Many

    /// Sends all statements at once, as one transaction: either all take effect or the first failure is thrown.
    package func pipeline(
        _ statements: [Statement], deadline: Deadline? = nil
    ) async throws(DatabaseFailure) -> [Rows] {
        try await withConnection(deadline: deadline) { (connection, deadline) async throws(DatabaseFailure) in
            try await connection.queryAll(statements, deadline: deadline)
        }
    }

    /// `INSERT … SELECT * FROM unnest(…)` with one array per column: the fastest way that still knows ON CONFLICT.
    /// `suffix` is what follows, such as `ON CONFLICT DO NOTHING`.
    @discardableResult
    package func bulkInsert(
        into table: SQL, columns: [BulkColumn], suffix: SQL = "", deadline: Deadline? = nil
    ) async throws(DatabaseFailure) -> Int {
        try await query(BulkColumn.insert(into: table, columns, suffix), columns.map(\.values), deadline: deadline)
            .affectedRows
    }

    /// Streams `rows` in by binary COPY, the fastest way there is; the types must be exactly the columns'.
    package func copy<Source: Sequence & Sendable>(
        _ rows: Source, into table: SQL, columns: [String], deadline: Deadline? = nil,
        fields: @Sendable (Source.Element, inout CopyWriter) -> Void
    ) async throws(DatabaseFailure) -> Int {
        let names = columns.map(SQL.identifier).joined(separator: ", ")
        let copy = "COPY " + table + SQL(trusted: " (\(names)) FROM STDIN (FORMAT binary)")
        return try await withConnection(deadline: deadline) { (connection, deadline) async throws(DatabaseFailure) in
            var iterator = rows.makeIterator()
            return try await connection.copyIn(copy, columns: columns.count, deadline: deadline) { writer in
                while let row = iterator.next() {
                    writer.beginRow()
                    fields(row, &writer)
                    if writer.isChunkFull { return true }
                }
                return false
            }
        }
    }

    /// Several statements without parameters, run as they stand. For migrations and provisioning.
    package func runScript(_ script: SQL, deadline: Deadline? = nil) async throws(DatabaseFailure) {
        try await withConnection(deadline: deadline) { (connection, deadline) async throws(DatabaseFailure) in
            try await connection.runScript(script, deadline: deadline)
        }
    }

    // MARK: Health

    /// Asks the server for a sign of life over a pooled connection.
    package func ping(deadline: Deadline? = nil) async throws(DatabaseFailure) {
        _ = try await query("SELECT 1", deadline: deadline)
    }

    package var idleConnections: Int { pool.occupancy.idle }
    package var leasedConnections: Int { pool.occupancy.leased }
    package var waitingCallers: Int { pool.occupancy.waiting }
}

/// One column of a bulk insert: the server needs its type to unnest the array.
package struct BulkColumn: Sendable {
    let name: String
    let values: SQLValue

    package init<Element: SQLEncodable>(_ name: String, _ values: [Element]) {
        self.name = name
        self.values = .array(values)
    }

    package init<Element: SQLEncodable>(_ name: String, _ values: [Element?]) {
        self.name = name
        self.values = .array(values)
    }

    static func insert(into table: SQL, _ columns: [BulkColumn], _ suffix: SQL) -> SQL {
        let names = columns.map { SQL.identifier($0.name) }.joined(separator: ", ")
        let arrays = (1...max(1, columns.count)).map { "$\($0)" }.joined(separator: ", ")
        return "INSERT INTO " + table + SQL(trusted: " (\(names)) SELECT * FROM unnest(\(arrays)) ") + suffix
    }
}

extension Rows {
    func atMostOne() throws(DatabaseFailure) -> Row? {
        guard count <= 1 else { throw .unexpectedResult("\(count) rows where at most one was expected") }
        return first
    }
}

extension PostgreSQLConnection {
    func query(_ statement: Statement, deadline: Deadline) async throws(DatabaseFailure) -> Rows {
        try await queryAll([statement], deadline: deadline).first ?? .none
    }

    /// All answers or the first failure. A plan that a migration made stale is made anew, once, as long as nothing
    /// else hangs on it: inside of a transaction the failure has ended the transaction.
    func queryAll(_ statements: [Statement], deadline: Deadline) async throws(DatabaseFailure) -> [Rows] {
        var outcomes = try await run(statements, deadline: deadline)
        if isIdle, outcomes.contains(where: { $0.failure?.meansStalePlan == true }) {
            outcomes = try await run(statements, deadline: deadline)
        }
        var all: [Rows] = []
        for outcome in outcomes { all.append(try outcome.get()) }
        return all
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
