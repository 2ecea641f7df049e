-- What each saved funnel came to on each finished day of entry: a row a level ('' for everyone) and
-- step, without personal data. Sums of weights, so that shares keep their intervals; a funnel that
-- is changed counts under another definition from then on.

CREATE TABLE funnel_days (
    funnel     VARCHAR NOT NULL,    -- the saved funnel's id
    definition VARCHAR NOT NULL,    -- a digest of its steps and rules
    site       VARCHAR NOT NULL,
    day        DATE NOT NULL,       -- UTC
    level      VARCHAR NOT NULL,
    step       UTINYINT NOT NULL,   -- from 1
    label      VARCHAR NOT NULL,
    sessions   UBIGINT NOT NULL,    -- read, that came to the step
    reached    DOUBLE NOT NULL,     -- the sum of their weights
    squares    DOUBLE NOT NULL,     -- and of its squares
    taken_at   TIMESTAMP NOT NULL,
    generated  BOOLEAN NOT NULL
);
