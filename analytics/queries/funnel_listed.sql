-- Those behind a bar, who entered last first: the session in which they came to the step, and
-- whether it was recorded.
named AS (
    SELECT DISTINCT session, hash(session) AS hashed
    FROM summaries_in($summary_files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND hash(session) IN (SELECT session FROM arrived WHERE step = $step)
),
listed AS (
    SELECT
        named.session AS session,
        make_timestamp(entered_us) AS entered,
        make_timestamp(last_us) AS arrived,
        depth, level, took_s,
        coalesce(chunks, 0) AS chunks,
        coalesce(recorded_s, 0) AS recorded_s
    FROM told
    JOIN arrived USING (who)
    JOIN named ON named.hashed = arrived.session
    LEFT JOIN (
        SELECT session, count(*) AS chunks, sum(epoch(end_time - start_time)) AS recorded_s
        FROM replays
        WHERE site = $site
        GROUP BY session
    ) AS recorded ON recorded.session = named.session
    WHERE arrived.step = $step
        AND ($outcome = 'reached'
            OR $outcome = 'went_on' AND depth > $step
            OR $outcome = 'dropped' AND depth = $step AND entered_last_us < $settled_before_us)
        AND (NOT $recorded OR chunks > 0)
        AND ($part_1 IS NULL OR coalesce({first}, $without_1) = $part_1)
        AND ($part_2 IS NULL OR coalesce({second}, $without_2) = $part_2)
)
