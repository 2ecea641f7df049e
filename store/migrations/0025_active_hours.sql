-- How long people were at it, by hour: the demand that an outage is measured against. Without
-- personal data; of all sessions but bots, written as days are sealed.

CREATE TABLE active_hours (
    site      VARCHAR NOT NULL,
    day       DATE NOT NULL,          -- of the sign that the time began with
    hour      TIMESTAMP NOT NULL,
    seconds   DOUBLE NOT NULL,        -- of all people together; sum over rows
    generated BOOLEAN NOT NULL
);

-- The same of hot rows. A person is at it from one sign of their browser to the next, where that is
-- no more than a quarter of an hour later: a session that is silent for longer has ended.
CREATE MACRO active_between(of_site, first_day, last_day) AS TABLE
    WITH signs AS (
        SELECT
            day, time, generated,
            lead(time) OVER (PARTITION BY session ORDER BY time) AS next_time
        FROM events
        WHERE site = of_site AND day BETWEEN first_day AND last_day + 1
            AND NOT bot AND server IS NOT TRUE
    ),
    stretches AS (
        SELECT day, time, next_time, date_trunc('hour', time) AS hour, generated
        FROM signs
        WHERE day BETWEEN first_day AND last_day AND next_time > time
            AND next_time <= time + INTERVAL 15 MINUTE
    ),
    parts AS (
        SELECT day, hour, generated,
            epoch_us(least(next_time, hour + INTERVAL 1 HOUR)) - epoch_us(time) AS us
        FROM stretches
        UNION ALL
        SELECT day, hour + INTERVAL 1 HOUR, generated,
            epoch_us(next_time) - epoch_us(hour + INTERVAL 1 HOUR)
        FROM stretches
        WHERE next_time > hour + INTERVAL 1 HOUR
    )
    SELECT of_site AS site, day, hour, sum(us) / 1e6 AS seconds, generated
    FROM parts
    GROUP BY ALL;
