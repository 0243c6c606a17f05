-- Which partition of the request stream a client came from: whoever takes the partition over reads its clients back.
-- -1: an older version saved it and did not say.
ALTER TABLE client_profiles ADD COLUMN partition smallint NOT NULL DEFAULT -1;
CREATE INDEX client_profiles_by_partition ON client_profiles (partition, last_seen);

-- Who is there. The replicas agree on their shares of the partitions by looking here.
CREATE TABLE replicas (
    replica text PRIMARY KEY CHECK (length(replica) <= 64),
    seen_at timestamptz NOT NULL
);
