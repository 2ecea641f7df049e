-- What fuller checks say: the step that failed, the body it failed on, certificates, hops.

ALTER TABLE checks ADD COLUMN failed_step VARCHAR;
ALTER TABLE checks ADD COLUMN body_part VARCHAR;             -- capped, secrets masked
ALTER TABLE checks ADD COLUMN http_version VARCHAR;
ALTER TABLE checks ADD COLUMN certificate_expires TIMESTAMP;
ALTER TABLE checks ADD COLUMN certificate_issuer VARCHAR;
ALTER TABLE checks ADD COLUMN certificate_names VARCHAR[];   -- the first few
ALTER TABLE checks ADD COLUMN certificate_problem VARCHAR;
ALTER TABLE checks ADD COLUMN hops STRUCT(name VARCHAR, total_ms FLOAT)[];   -- before the last
