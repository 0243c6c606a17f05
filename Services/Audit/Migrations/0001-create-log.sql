-- The log. Entries are appended by the service and changed by nobody: its login has neither UPDATE nor DELETE, and the
-- trigger below stops the owner too, until somebody removes the trigger, which the next verification cannot undo but
-- a copy of an earlier head reveals.
CREATE TABLE log_entry (
    index bigint PRIMARY KEY CHECK (index > 0),
    recorded_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    schema text NOT NULL,
    producer text NOT NULL,
    summary text NOT NULL,
    payload bytea NOT NULL,
    leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 64),
    previous_hash bytea NOT NULL CHECK (length(previous_hash) = 64),
    hash bytea NOT NULL CHECK (length(hash) = 64)
);
COMMENT ON TABLE log_entry IS 'hash = SHA-512(0x01, previous_hash, leaf_hash); leaf_hash = SHA-512(0x00, canonical entry)';

CREATE INDEX log_entry_by_schema ON log_entry (schema, index);
CREATE INDEX log_entry_by_event ON log_entry (event_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER log_entry_is_append_only BEFORE UPDATE OR DELETE ON log_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_entry_is_not_truncated BEFORE TRUNCATE ON log_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
