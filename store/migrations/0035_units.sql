-- A site's sample may be of users: all sessions of one user are in it, or none. A session is then in
-- the bucket of the first user declared in it, of its own where none is; sealed files hold it so.

ALTER TABLE events ADD COLUMN user_bucket UINTEGER;  -- of user_key: rum.bucket.bucket_of_key; NULL without
ALTER TABLE sealed_files ADD COLUMN unit VARCHAR DEFAULT 'session';  -- of the day's sample: session or user
