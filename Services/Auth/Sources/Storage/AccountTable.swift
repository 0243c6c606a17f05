import Core
import Database

/// `accounts`: who can sign in.
struct AccountTable: Sendable {
    let database: Database

    private static let columns: SQL =
        "id, name, secret_hash, roles, is_enabled, is_service_account, created_at, last_login_at"

    func find(name: String, deadline: Deadline) async throws(DatabaseFailure) -> Account? {
        try await database.queryRow(
            "SELECT " + Self.columns + " FROM accounts WHERE name = $1", [.text(name)], deadline: deadline
        ).map { row throws(DatabaseFailure) in try Account(row: row) }
    }

    static func find(id: UUIDv7, in transaction: Transaction) async throws(DatabaseFailure) -> Account? {
        try await transaction.queryRow("SELECT " + columns + " FROM accounts WHERE id = $1", [.uuid(id)])
            .map { row throws(DatabaseFailure) in try Account(row: row) }
    }

    /// In order of names, those behind `after`.
    func list(after: String, limit: Int, deadline: Deadline) async throws(DatabaseFailure) -> [Account] {
        let rows = try await database.query(
            "SELECT " + Self.columns + " FROM accounts WHERE name > $1 ORDER BY name LIMIT $2",
            [.text(after), .int(limit)], deadline: deadline)
        return try rows.map { row throws(DatabaseFailure) in try Account(row: row) }
    }

    func isEmpty() async throws(DatabaseFailure) -> Bool {
        try await database.queryRow("SELECT 1 FROM accounts LIMIT 1") == nil
    }

    /// False when the name is taken.
    static func insert(_ account: Account, in transaction: Transaction) async throws(DatabaseFailure) -> Bool {
        let inserted = try await transaction.execute(
            "INSERT INTO accounts (" + columns
                + ") VALUES ($1, $2, $3, $4, $5, $6, $7, NULL) ON CONFLICT (name) DO NOTHING",
            [
                .uuid(account.id), .text(account.name), .text(account.secretHash),
                .array(account.roles.map(\.rawValue)), .bool(account.isEnabled), .bool(account.isServiceAccount),
                .timestamp(account.createdAt),
            ])
        return inserted == 1
    }

    static func noteLogin(_ id: UUIDv7, at now: Timestamp, in transaction: Transaction) async throws(DatabaseFailure) {
        try await transaction.execute(
            "UPDATE accounts SET last_login_at = $2 WHERE id = $1", [.uuid(id), .timestamp(now)])
    }

    /// The same secret at another cost; nothing when the secret itself was changed meanwhile.
    static func replaceHash(
        of account: Account, by hash: String, in transaction: Transaction
    ) async throws(DatabaseFailure) {
        try await transaction.execute(
            "UPDATE accounts SET secret_hash = $3 WHERE id = $1 AND secret_hash = $2",
            [.uuid(account.id), .text(account.secretHash), .text(hash)])
    }
}

extension Account {
    init(row: Row) throws(DatabaseFailure) {
        self.init(
            id: try row.get(0), name: try row.get(1), secretHash: try row.get(2),
            // A role of a newer version is one that this version cannot grant.
            roles: try row.getArray(3, of: String.self).compactMap(UserRole.init), isEnabled: try row.get(4),
            isServiceAccount: try row.get(5), createdAt: try row.get(6),
            lastLoginAt: try row.get(7, as: Timestamp?.self))
    }
}
