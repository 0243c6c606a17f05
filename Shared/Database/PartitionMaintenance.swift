internal import Core

/// Partitions by time: made ahead, rolled off when their time has passed.
///
/// The policy is data: a migration of the service inserts a row into `partition_policy`. The service itself may only
/// ask that the policy be carried out now; it owns no table, so a stolen login can neither keep nor destroy history.
/// There is no default partition: a row for a time without a partition is refused with a clear error, which is better
/// than a default partition whose rows stand in the way of the real one later. So make enough `ahead`.
package struct PartitionMaintenance: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package enum Change: Sendable, Equatable {
        case created(String)
        case dropped(String)
    }

    /// Safe at any time and from several replicas; one works, the others wait for it and find nothing to do.
    package func run() async throws(DatabaseFailure) -> [Change] {
        var changes: [Change] = []
        for row in try await database.query("SELECT change, partition_name FROM maintain_partitions()") {
            let name = try row.get(1, as: String.self)
            changes.append(try row.get(0, as: String.self) == "created" ? .created(name) : .dropped(name))
        }
        return changes
    }

    package static let migrations = [
        Migration(origin: "partitions", number: 1, name: "create-policy-and-maintenance", sql: createMaintenance)
    ]

    private static let createMaintenance: SQL = """
        CREATE TABLE partition_policy (
            parent text PRIMARY KEY,
            period text NOT NULL CHECK (period IN ('hour', 'day', 'week', 'month')),
            ahead integer NOT NULL CHECK (ahead BETWEEN 1 AND 100),
            keep interval CHECK (keep > interval '0')
        );
        COMMENT ON TABLE partition_policy IS 'How many partitions to make ahead, and how long to keep old ones';

        CREATE FUNCTION apply_partition_policy(at timestamptz) RETURNS TABLE (change text, partition_name text)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
        DECLARE
            policy partition_policy;
            step interval;
            start timestamptz;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('infinite-partitions:' || current_schema(), 0));
            FOR policy IN SELECT * FROM partition_policy ORDER BY parent LOOP
                step := ('1 ' || policy.period)::interval;
                FOR number IN 0 .. policy.ahead LOOP
                    start := date_trunc(policy.period, at) + number * step;
                    partition_name := policy.parent || '_p' || to_char(start, 'YYYYMMDDHH24');
                    CONTINUE WHEN to_regclass(quote_ident(partition_name)) IS NOT NULL;
                    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                        partition_name, policy.parent, start, start + step);
                    change := 'created';
                    RETURN NEXT;
                END LOOP;
                FOR partition_name IN
                    SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
                    WHERE inhparent = to_regclass(quote_ident(policy.parent)) AND child.relname ~ '_p[0-9]{10}$'
                        AND to_timestamp(right(child.relname, 10), 'YYYYMMDDHH24') + step + policy.keep <= at
                    ORDER BY child.relname
                LOOP
                    EXECUTE format('DROP TABLE %I', partition_name);
                    change := 'dropped';
                    RETURN NEXT;
                END LOOP;
            END LOOP;
        END $$;

        CREATE FUNCTION maintain_partitions() RETURNS TABLE (change text, partition_name text)
        LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
            SELECT * FROM apply_partition_policy(now())
        $$;

        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_schema() AND rolname <> current_user) THEN
                EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON partition_policy FROM %I', current_schema());
                EXECUTE format('REVOKE EXECUTE ON FUNCTION apply_partition_policy FROM %I', current_schema());
            END IF;
        END $$;
        """
}
