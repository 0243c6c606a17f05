-- What people said about threats, one word each, with the threat as it was told (infinite.detector.v1.Feedback).
CREATE TABLE feedback (
    threat_id uuid PRIMARY KEY,
    feedback_id uuid NOT NULL UNIQUE,
    verdict smallint NOT NULL,
    marked_at timestamptz NOT NULL,
    body bytea NOT NULL CHECK (length(body) <= 131072)
);

-- Other settings than the configured: in the shadow (1), in force (2) or retired (3), and what they would have said.
CREATE TABLE candidates (
    candidate_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) <= 128),
    status smallint NOT NULL,
    settings bytea NOT NULL CHECK (length(settings) <= 262144),
    proposed_at timestamptz NOT NULL,
    proposed_by text NOT NULL,
    promoted_at timestamptz,
    previous_id uuid,
    requests bigint NOT NULL DEFAULT 0,
    threats bigint NOT NULL DEFAULT 0,
    threats_in_force bigint NOT NULL DEFAULT 0,
    clients_only_candidate bigint NOT NULL DEFAULT 0,
    clients_only_in_force bigint NOT NULL DEFAULT 0,
    clients_both bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX candidates_one_of_each ON candidates (status) WHERE status <> 3;
