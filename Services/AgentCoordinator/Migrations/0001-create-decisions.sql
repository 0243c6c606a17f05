-- What was decided, what people were asked about it, and whether agents may act at all.
-- The numbers of kinds, actions, severities, levels and states are those of Sources/Domain.
CREATE TABLE decisions (
    decision_id uuid PRIMARY KEY,
    subject_kind smallint NOT NULL,
    subject bytea NOT NULL CHECK (length(subject) BETWEEN 1 AND 256),
    action smallint NOT NULL,
    status smallint NOT NULL,
    duration_milliseconds bigint NOT NULL CHECK (duration_milliseconds > 0),
    decided_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    reason text NOT NULL,
    severity smallint NOT NULL,
    confidence double precision NOT NULL,
    decided_by text NOT NULL,
    autonomy smallint NOT NULL,
    threat_id uuid,
    incident_id uuid,
    throttle_per_minute integer,
    traceparent text NOT NULL DEFAULT ''
);

CREATE INDEX decisions_by_subject ON decisions (subject_kind, subject, decided_at);
CREATE INDEX decisions_newest_first ON decisions (decided_at DESC, decision_id DESC);
-- Waiting (1) and in force (2): what the sweep and a starting gateway look at.
CREATE INDEX decisions_standing ON decisions (expires_at) WHERE status IN (1, 2);

CREATE TABLE approvals (
    approval_id uuid PRIMARY KEY,
    decision_id uuid NOT NULL UNIQUE REFERENCES decisions,
    agent text NOT NULL,
    status smallint NOT NULL,
    requested_at timestamptz NOT NULL,
    answer_until timestamptz NOT NULL,
    on_timeout smallint NOT NULL,
    resolved_by text NOT NULL DEFAULT '',
    resolved_at timestamptz,
    comment text NOT NULL DEFAULT ''
);

CREATE INDEX approvals_newest_first ON approvals (requested_at DESC, approval_id DESC);
CREATE INDEX approvals_waiting ON approvals (answer_until) WHERE status = 1;
