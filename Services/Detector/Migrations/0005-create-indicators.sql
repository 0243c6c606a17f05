-- What others know to be bad: their lists, each in place of the source's one before.
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
