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
