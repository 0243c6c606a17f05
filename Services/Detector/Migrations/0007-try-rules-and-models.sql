-- A candidate may bring rules and a model for the gateways: what they found with them beside what is in force.
ALTER TABLE candidates DROP CONSTRAINT candidates_settings_check;
ALTER TABLE candidates ADD CONSTRAINT candidates_settings_check CHECK (length(settings) <= 1048576);
ALTER TABLE candidates
    ADD COLUMN refusal text NOT NULL DEFAULT '' CHECK (length(refusal) <= 1000),
    ADD COLUMN tried bigint NOT NULL DEFAULT 0,
    ADD COLUMN found_only_candidate bigint NOT NULL DEFAULT 0,
    ADD COLUMN found_only_in_force bigint NOT NULL DEFAULT 0,
    ADD COLUMN found_both bigint NOT NULL DEFAULT 0,
    ADD COLUMN blocked_only_candidate bigint NOT NULL DEFAULT 0,
    ADD COLUMN blocked_only_in_force bigint NOT NULL DEFAULT 0,
    ADD COLUMN blocked_both bigint NOT NULL DEFAULT 0;

-- Of its rules, how often only it, or only what is in force, found them.
CREATE TABLE candidate_rules (
    candidate_id uuid NOT NULL REFERENCES candidates ON DELETE CASCADE,
    rule text NOT NULL CHECK (length(rule) <= 128),
    only_candidate bigint NOT NULL,
    only_in_force bigint NOT NULL,
    PRIMARY KEY (candidate_id, rule)
);

-- A few requests that would have gone otherwise (infinite.detector.v1.TrialExample).
CREATE TABLE candidate_examples (
    candidate_id uuid NOT NULL REFERENCES candidates ON DELETE CASCADE,
    request_id uuid NOT NULL,
    body bytea NOT NULL CHECK (length(body) <= 16384),
    PRIMARY KEY (candidate_id, request_id)
);

-- What was told while a candidate was in the shadow, and whether it would have been silent: to be set against feedback.
CREATE TABLE candidate_threats (
    candidate_id uuid NOT NULL REFERENCES candidates ON DELETE CASCADE,
    threat_id uuid NOT NULL,
    is_silent boolean NOT NULL,
    PRIMARY KEY (candidate_id, threat_id)
);
