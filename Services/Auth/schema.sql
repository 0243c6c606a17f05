-- The sum of Migrations/; a test proves it.
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
    secret_hash text NOT NULL,
    roles text[] NOT NULL CHECK (cardinality(roles) BETWEEN 1 AND 8),
    is_enabled boolean NOT NULL DEFAULT true,
    is_service_account boolean NOT NULL,
    created_at timestamptz NOT NULL,
    last_login_at timestamptz
);
COMMENT ON COLUMN accounts.name IS 'Lower case: two accounts must not look alike';
COMMENT ON COLUMN accounts.secret_hash IS 'Argon2id as a PHC string';

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    grant_type smallint NOT NULL,
    client_address bytea NOT NULL CHECK (length(client_address) IN (0, 4, 16)),
    started_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    generation bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN sessions.generation IS 'Of the only refresh token that is good; the token itself is stored nowhere';
CREATE INDEX sessions_of_account ON sessions (account_id, started_at DESC);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE signing_keys (
    id text PRIMARY KEY,
    sealed_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    signs_from timestamptz NOT NULL,
    published_until timestamptz NOT NULL
);
COMMENT ON COLUMN signing_keys.sealed_key IS 'PKCS #8 under AES-256-GCM, bound to the id';

CREATE TABLE revocations (
    target_id uuid NOT NULL,
    scope smallint NOT NULL,
    revoked_at timestamptz NOT NULL,
    relevant_until timestamptz NOT NULL,
    reason text NOT NULL,
    revoked_by text NOT NULL,
    PRIMARY KEY (target_id, scope)
);
CREATE INDEX revocations_by_relevance ON revocations (relevant_until);
