-- Decisions in force, as every replica of the gateway enforces them until they expire or are reverted.
CREATE TABLE enforcements (
    decision_id uuid PRIMARY KEY,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    action smallint NOT NULL,
    expires_at timestamptz NOT NULL,
    reason text NOT NULL,
    allowed_per_second double precision,
    incident_id uuid
);

CREATE INDEX enforcements_expires_at ON enforcements (expires_at);

-- Keys under which callers of the API made changes, so that a repeated call is answered and not made again.
CREATE TABLE idempotency_keys (
    caller_id uuid NOT NULL,
    -- Of the caller's key, which itself is nowhere.
    key_digest bytea NOT NULL,
    -- Of the call and its arguments.
    fingerprint bytea NOT NULL,
    request_id uuid NOT NULL,
    -- 0: under way; 1: answered; 2: nobody knows whether it was done.
    outcome smallint NOT NULL DEFAULT 0,
    -- Sealed with a key that is made from the caller's: this table does not tell what was answered.
    answer bytea,
    running_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (caller_id, key_digest)
);

CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);

-- Upstreams and routes that are kept by the API; every replica follows this table.
CREATE TABLE route_sets (
    name text PRIMARY KEY,
    text text NOT NULL,
    digest bytea NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
