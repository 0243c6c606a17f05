package import Database

/// The tables of the couriers, in every service's schema: `outbox` is what a transaction wants published, `inbox` is
/// what has been dealt with already.
package enum CourierSchema {
    package static let migrations = [
        Migration(origin: "couriers", number: 1, name: "create-outbox-and-inbox", sql: create)
    ]

    /// The login may delete here whatever its rights are elsewhere: these tables are traffic, not a record.
    private static let create: SQL = """
        CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            message_id uuid NOT NULL,
            schema text NOT NULL,
            partition_key text NOT NULL,
            payload bytea NOT NULL CHECK (length(payload) <= 1048576),
            traceparent text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            refusals integer NOT NULL DEFAULT 0,
            last_refusal text
        );
        COMMENT ON TABLE outbox IS 'Events whose transaction has committed and that the broker has not confirmed yet';
        CREATE INDEX outbox_to_publish ON outbox (id) WHERE refusals < 20;

        CREATE TABLE inbox (
            message_id uuid NOT NULL,
            source text NOT NULL,
            received_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (message_id, source)
        );
        COMMENT ON TABLE inbox IS 'Messages whose effect has committed: a second delivery has none';
        CREATE INDEX inbox_by_age ON inbox (received_at);

        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_schema() AND rolname <> current_user) THEN
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO %I', current_schema());
                EXECUTE format('GRANT SELECT, INSERT, DELETE ON inbox TO %I', current_schema());
            END IF;
        END $$;
        """
}
