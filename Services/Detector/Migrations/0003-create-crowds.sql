-- What many addresses do together, to one account or out of one network: sketches under the installation's seed, so that
-- a key names nobody. See Domain/Crowds.swift.
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
