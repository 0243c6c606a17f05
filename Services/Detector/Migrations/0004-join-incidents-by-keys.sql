-- What joins others to an incident: hashes under the installation's seed, nine bytes each. See Domain/Campaign.swift.
ALTER TABLE incidents ADD COLUMN link_keys bytea NOT NULL DEFAULT '' CHECK (length(link_keys) <= 2048);
CREATE INDEX incidents_by_change ON incidents (updated_at);
