internal import Core

/// What a schema consists of, as sorted lines of text: tables with their columns, constraints, indexes, triggers,
/// functions and rights. Two schemas with the same lines are the same to everyone who uses them; the difference of the
/// lines is what a person wants to see when they are not.
package struct SchemaCatalog: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// Of the connection's own schema. Partitions are left out: they come and go.
    package func describe() async throws(DatabaseFailure) -> [String] {
        var lines: [String] = []
        for row in try await database.query(Self.query) { lines.append(try row.get(0, as: String.self)) }
        return lines
    }

    private static let query: SQL = """
        WITH tables AS (
            SELECT oid, relname, relacl, relkind FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
                AND NOT relispartition
        )
        SELECT line COLLATE "C" FROM (
            SELECT format('%s %s', CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' WHEN 'S' THEN 'sequence'
                ELSE 'table' END, relname) AS line FROM tables
            UNION ALL
            SELECT format('partitioned %s %s', relname, pg_get_partkeydef(oid)) FROM tables WHERE relkind = 'p'
            UNION ALL
            SELECT format('column %s.%s %s%s%s%s', relname, attname, format_type(atttypid, atttypmod),
                CASE WHEN attnotnull THEN ' not null' ELSE '' END,
                CASE attidentity WHEN '' THEN '' ELSE ' identity ' || attidentity::text END,
                coalesce(' default ' || pg_get_expr(adbin, adrelid), ''))
            FROM tables JOIN pg_attribute ON attrelid = tables.oid
                LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'S'
            UNION ALL
            SELECT format('constraint %s.%s %s', relname, conname, pg_get_constraintdef(pg_constraint.oid))
            FROM tables JOIN pg_constraint ON conrelid = tables.oid
            UNION ALL
            SELECT format('index %s', pg_get_indexdef(indexrelid)) FROM tables JOIN pg_index ON indrelid = tables.oid
            UNION ALL
            SELECT format('trigger %s', pg_get_triggerdef(pg_trigger.oid))
            FROM tables JOIN pg_trigger ON tgrelid = tables.oid WHERE NOT tgisinternal
            UNION ALL
            SELECT format('function %s rights %s', pg_get_functiondef(oid), proacl)
            FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prokind IN ('f', 'p')
            UNION ALL
            SELECT format('rights %s %s', relname, relacl) FROM tables
        ) AS everything ORDER BY line
        """
}
