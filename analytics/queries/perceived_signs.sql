-- The signs in the order of the sessions' ids; `begins` is the first one of its session.
SELECT
    epoch_us(time) AS time_us,
    mark,
    session IS DISTINCT FROM lag(session) OVER (ORDER BY session, time, batch, position) AS begins
FROM marked
ORDER BY session, time, batch, position
