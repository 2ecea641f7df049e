-- Keeping rates by experience level and for sessions with errors: `keep` is what everybody has, each
-- session's own stands with its summary (`inclusion`).

ALTER TABLE sealed_files ADD COLUMN keep_most DOUBLE;   -- the highest of a session; NULL: `keep`
