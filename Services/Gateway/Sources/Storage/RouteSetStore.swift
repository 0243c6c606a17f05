import Core
import Database

/// The table `route_sets`: all replicas look here.
struct RouteSetStore: Sendable {
    private static let columns: SQL = "name, text, changed_at, changed_by"

    let database: Database

    /// What there is, by name; cheap to ask again and again.
    func digests(deadline: Deadline? = nil) async throws -> [String: [UInt8]] {
        let rows = try await database.query("SELECT name, digest FROM route_sets", deadline: deadline)
        return Dictionary(try rows.map { row in (try row.get(0), try row.get(1)) }) { first, _ in first }
    }

    func all(deadline: Deadline? = nil) async throws -> [RouteSet] {
        try await database.query("SELECT " + Self.columns + " FROM route_sets", deadline: deadline).map {
            try RouteSet($0)
        }
    }

    func find(_ name: String) async throws -> RouteSet? {
        try await database.queryRow(
            "SELECT " + Self.columns + " FROM route_sets WHERE name = $1", [.text(name)]
        ).map { try RouteSet($0) }
    }

    /// - Parameter replaces: the digest of what is to be replaced; nil: whatever there is.
    /// - Returns: false when something else is there by now, or as many sets as there may be.
    func put(_ set: RouteSet, replaces: [UInt8]?) async throws -> Bool {
        try await database.execute(
            """
            INSERT INTO route_sets (name, text, digest, changed_at, changed_by)
            SELECT $1, $2, $3, $4, $5
            WHERE EXISTS (SELECT 1 FROM route_sets WHERE name = $1)
            OR ($6::bytea IS NULL AND (SELECT count(*) FROM route_sets) < $7)
            ON CONFLICT (name) DO UPDATE SET
            text = excluded.text, digest = excluded.digest, changed_at = excluded.changed_at,
            changed_by = excluded.changed_by
            WHERE $6::bytea IS NULL OR route_sets.digest = $6
            """,
            [
                .text(set.name), .text(set.text), .bytes(set.digest), .timestamp(set.changedAt), .text(set.changedBy),
                .nullable(replaces, SQLValue.bytes, .bytes), .int(RouteSet.most),
            ]) == 1
    }

    /// False when there is none.
    func remove(_ name: String) async throws -> Bool {
        try await database.execute("DELETE FROM route_sets WHERE name = $1", [.text(name)]) == 1
    }
}

extension RouteSet {
    init(_ row: Row) throws {
        self.init(
            name: try row.get(0), text: try row.get(1), changedAt: try row.get(2), changedBy: try row.get(3))
    }
}
