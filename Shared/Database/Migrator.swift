package import Core
internal import Reactor

/// Brings one schema up to date: each migration once, in order, in a transaction of its own, one migrator at a time.
///
/// Connect with the migrating role, not the service's login: `owner` is the role that owns what is created. What was
/// applied is recorded in `schema_migrations` with a checksum, so an edited file is found, not ignored.
package struct Migrator: Sendable {
    private let database: Database
    private let owner: String?
    private let migrations: [Migration]

    /// A lock queue behind a long statement would stop the service that runs beside us; so each try waits briefly.
    private static let lockTimeout = "2s"
    private static let lockAttempts = 30

    /// `migrations` of the shared modules come first, then the service's own.
    package init(_ database: Database, owner: String?, migrations: [Migration]) {
        self.database = database
        self.owner = owner
        self.migrations = migrations
    }

    package enum Status: Sendable, Equatable {
        case upToDate
        /// Applied by nobody yet, in the order they would be.
        case behind(missing: [String])
    }

    /// What a service asks at its start. Needs no more than the right to read `schema_migrations`.
    package func status() async throws(DatabaseFailure) -> Status {
        guard let row = try await database.queryRow("SELECT to_regclass('schema_migrations') IS NOT NULL"),
            try row.get(0, as: Bool.self)
        else { return .behind(missing: migrations.map(\.title)) }
        let missing = try pending(after: try await applied())
        return missing.isEmpty ? .upToDate : .behind(missing: missing.map(\.title))
    }

    /// Applies what is missing and returns its titles.
    @discardableResult
    package func migrate(deadline: Deadline = .after(.seconds(300))) async throws(DatabaseFailure) -> [String] {
        // One connection for all: the lock and the role are its session's.
        let lease = try await database.pool.lease(deadline: deadline)
        return try await lease.connection.onReactor { () async throws(DatabaseFailure) in
            defer { database.giveBack(lease, isReusable: false) }
            return try await self.migrate(lease.connection, deadline: deadline)
        }
    }

    private func migrate(
        _ connection: PostgreSQLConnection, deadline: Deadline
    ) async throws(DatabaseFailure) -> [String] {
        try await prepare(connection, deadline: deadline)
        let done = try await connection.query(Self.selectApplied, deadline: deadline)
        let missing = try pending(after: done)
        for migration in missing { try await applyPatiently(migration, connection, deadline: deadline) }
        return missing.map(\.title)
    }

    private func prepare(_ connection: PostgreSQLConnection, deadline: Deadline) async throws(DatabaseFailure) {
        let lock = Statement(
            "SELECT pg_advisory_lock(hashtextextended('infinite-migrations:' || current_schema(), 0))")
        try await connection.runScript("SET statement_timeout = 0", deadline: deadline)
        if let owner {
            try await connection.runScript(SQL(trusted: "SET ROLE \(SQL.identifier(owner))"), deadline: deadline)
        }
        _ = try await connection.query(lock, deadline: deadline)
        try await connection.runScript(Self.createTable, deadline: deadline)
    }

    private func applyPatiently(
        _ migration: Migration, _ connection: PostgreSQLConnection, deadline: Deadline
    ) async throws(DatabaseFailure) {
        for attempt in 1...Self.lockAttempts {
            do throws(DatabaseFailure) {
                return try await apply(migration, connection, deadline: deadline)
            } catch {
                guard case .statementFailed("55P03", _) = error, attempt < Self.lockAttempts, !deadline.hasPassed else {
                    throw .migration("\(migration.title) failed and was rolled back: \(error)")
                }
                // The tables were busy; the transaction is gone, whoever waited behind us has had its turn.
            }
        }
    }

    private func apply(
        _ migration: Migration, _ connection: PostgreSQLConnection, deadline: Deadline
    ) async throws(DatabaseFailure) {
        let record = """
            INSERT INTO schema_migrations (origin, number, name, checksum) VALUES \
            (\(SQL.literal(migration.origin)), \(migration.number), \(SQL.literal(migration.name)), \
            \(SQL.literal(migration.checksum)))
            """
        let script = """
            BEGIN; SET LOCAL lock_timeout = '\(Self.lockTimeout)';
            \(migration.sql.text)
            ;\(record); COMMIT
            """
        do throws(DatabaseFailure) {
            try await connection.runScript(SQL(trusted: script), deadline: deadline)
        } catch {
            try await connection.runScript("ROLLBACK", deadline: deadline)
            throw error
        }
    }

    private func applied() async throws(DatabaseFailure) -> Rows {
        try await database.query(Self.selectApplied.sql)
    }

    /// What `done` does not contain yet. An applied migration that is unknown here came from a newer version, which is
    /// allowed to run beside us; one with another text is not.
    private func pending(after done: Rows) throws(DatabaseFailure) -> [Migration] {
        var checksums: [String: String] = [:]
        for row in done {
            let origin = try row.get(0, as: String.self)
            let number = try row.get(1, as: Int.self)
            checksums["\(origin) \(number)"] = try row.get(2, as: String.self)
        }
        var missing: [Migration] = []
        for migration in migrations {
            guard let checksum = checksums["\(migration.origin) \(migration.number)"] else {
                missing.append(migration)
                continue
            }
            guard checksum == migration.checksum else {
                throw .migration("\(migration.title) was edited after it was applied; restore it and add a new one")
            }
        }
        return missing
    }

    private static let selectApplied = Statement(
        "SELECT origin, number, checksum FROM schema_migrations ORDER BY origin, number")

    /// The service may read which migrations there are, whatever its default rights are, and never write.
    private static let createTable: SQL = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            origin text NOT NULL,
            number integer NOT NULL,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (origin, number)
        );
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_schema() AND rolname <> current_user) THEN
                EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM %I', current_schema());
            END IF;
        END $$
        """
}
