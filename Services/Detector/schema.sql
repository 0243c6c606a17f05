-- The sum of Migrations/: what a fresh schema looks like today. A test proves that both make the same.

-- Incidents and threats as the contracts encode them (infinite.detector.v1), with the columns that are searched beside
-- them. `body` is read by this service only; a newer version adds fields, and older ones skip them.
CREATE TABLE incidents (
    incident_id uuid PRIMARY KEY,
    subject text NOT NULL CHECK (length(subject) <= 256),
    status smallint NOT NULL,
    severity smallint NOT NULL,
    updated_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    body bytea NOT NULL CHECK (length(body) <= 65536),
    link_keys bytea NOT NULL DEFAULT '' CHECK (length(link_keys) <= 2048)
);
CREATE INDEX incidents_still_open ON incidents (updated_at) WHERE status <> 3;
CREATE INDEX incidents_by_change ON incidents (updated_at);

CREATE TABLE threats (
    threat_id uuid PRIMARY KEY,
    incident_id uuid NOT NULL,
    detected_at timestamptz NOT NULL,
    body bytea NOT NULL CHECK (length(body) <= 65536)
);
CREATE INDEX threats_of_incident ON threats (incident_id, threat_id DESC);
CREATE INDEX threats_by_age ON threats (detected_at);

-- What is remembered of each client's behaviour, so that a restart does not forgive it.
CREATE TABLE client_profiles (
    client text PRIMARY KEY CHECK (length(client) <= 45),
    last_seen timestamptz NOT NULL,
    body bytea NOT NULL CHECK (length(body) <= 4096),
    partition smallint NOT NULL DEFAULT -1
);
CREATE INDEX client_profiles_by_age ON client_profiles (last_seen);
CREATE INDEX client_profiles_by_partition ON client_profiles (partition, last_seen);

CREATE TABLE replicas (
    replica text PRIMARY KEY CHECK (length(replica) <= 64),
    seen_at timestamptz NOT NULL
);

-- The profiles' sketches are bitmaps of hashes under this seed: another seed would make them meaningless.
CREATE TABLE sketch_seed (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seed bigint NOT NULL
);

CREATE TABLE crowds (
    kind smallint NOT NULL,
    key bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    counts bytea NOT NULL CHECK (length(counts) <= 64),
    members bytea NOT NULL CHECK (length(members) <= 256),
    things bytea NOT NULL CHECK (length(things) <= 256),
    PRIMARY KEY (kind, key)
);
CREATE INDEX crowds_by_age ON crowds (updated_at);

CREATE TABLE indicators (
    source text NOT NULL CHECK (length(source) <= 72),
    network text NOT NULL CHECK (length(network) <= 49),
    expires_at timestamptz NOT NULL,
    confidence smallint NOT NULL CHECK (confidence BETWEEN 0 AND 100),
    description text NOT NULL CHECK (length(description) <= 200),
    PRIMARY KEY (source, network)
);
CREATE INDEX indicators_by_expiry ON indicators (expires_at);

CREATE TABLE indicator_sources (
    source text PRIMARY KEY CHECK (length(source) <= 72),
    imported_at timestamptz NOT NULL,
    digest bigint NOT NULL
);

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
    settings bytea NOT NULL CHECK (length(settings) <= 1048576),
    proposed_at timestamptz NOT NULL,
    proposed_by text NOT NULL,
    promoted_at timestamptz,
    previous_id uuid,
    requests bigint NOT NULL DEFAULT 0,
    threats bigint NOT NULL DEFAULT 0,
    threats_in_force bigint NOT NULL DEFAULT 0,
    clients_only_candidate bigint NOT NULL DEFAULT 0,
    clients_only_in_force bigint NOT NULL DEFAULT 0,
    clients_both bigint NOT NULL DEFAULT 0,
    refusal text NOT NULL DEFAULT '' CHECK (length(refusal) <= 1000),
    tried bigint NOT NULL DEFAULT 0,
    found_only_candidate bigint NOT NULL DEFAULT 0,
    found_only_in_force bigint NOT NULL DEFAULT 0,
    found_both bigint NOT NULL DEFAULT 0,
    blocked_only_candidate bigint NOT NULL DEFAULT 0,
    blocked_only_in_force bigint NOT NULL DEFAULT 0,
    blocked_both bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX candidates_one_of_each ON candidates (status) WHERE status <> 3;

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
