-- Every view, and the one event that is asked for: what paths are made of. Pages as numbers, for texts
-- would be most of what leaves the store; and without a join, which would forget the files' order.
SELECT
    hash(session) AS who,
    weight,
    epoch_us(time) AS time_us,
    kind = 'view' AS viewed,
    hash(page) AS page
FROM read
WHERE time >= $from AND time < $until AND kind IN ('view', 'event')
    AND (kind = 'view' OR read.name = $event)
