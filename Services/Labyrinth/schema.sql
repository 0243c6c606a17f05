-- The sum of Migrations/, for reading; a test proves that it is.
CREATE TABLE intruders (
    intruder_id uuid PRIMARY KEY,
    address text,
    decision_id uuid,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    step_count bigint NOT NULL,
    depth bigint NOT NULL,
    trap smallint NOT NULL,
    intent smallint NOT NULL,
    tool text NOT NULL
);

CREATE INDEX intruders_by_last_seen ON intruders (last_seen_at DESC, intruder_id DESC);

CREATE TABLE steps (
    step_id uuid PRIMARY KEY,
    intruder_id uuid NOT NULL,
    observed_at timestamptz NOT NULL,
    event bytea NOT NULL CHECK (length(event) <= 16384)
);

CREATE INDEX steps_of_intruder ON steps (intruder_id, observed_at DESC);
CREATE INDEX steps_by_age ON steps (observed_at);
