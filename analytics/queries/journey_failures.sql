-- By slot of time and level: the sessions that did anything on a journey's pages then, and those of
-- them that met a failure, by weight; `squares` are of all their weights.
SELECT
    slot,
    level,
    sum(weight) AS came,
    coalesce(sum(weight) FILTER (failed), 0) AS failed,
    sum(weight * weight) AS squares
FROM (
    SELECT
        session,
        epoch_us(time) // $slot_us AS slot,
        any_value(weight) AS weight,
        bool_or(mark = -1) AS failed
    FROM marked
    WHERE mark IN (-1, 1)
    GROUP BY ALL
)
JOIN (
    SELECT
        session,
        coalesce(arg_min(level, time) FILTER (level IS NOT NULL), 'undeclared') AS level
    FROM read
    GROUP BY session
) USING (session)
GROUP BY ALL
