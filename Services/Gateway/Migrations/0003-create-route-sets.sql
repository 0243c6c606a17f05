-- Upstreams and routes that are kept by the API; every replica follows this table.
CREATE TABLE route_sets (
    name text PRIMARY KEY,
    text text NOT NULL,
    digest bytea NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
