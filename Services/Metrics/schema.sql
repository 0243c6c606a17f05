-- The sum of Migrations/, for reading; a test proves that it is.
-- What happened in a minute, counted: measure 'requests' and its kin have an empty key; 'latency' has the bucket of
-- the sketch, 'category' the attack category's number, 'attacker' the subject.
CREATE TABLE minute_tallies (
    minute timestamptz NOT NULL,
    measure text NOT NULL,
    key text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (minute, measure, key)
);

-- What is going on: an open incident, a decision in force, an active intruder, each until its end.
CREATE TABLE ongoing (
    kind text NOT NULL,
    id uuid NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE INDEX ongoing_ends_at ON ongoing (ends_at);
