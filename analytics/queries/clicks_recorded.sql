-- Views of the page whose page load is recorded, those of desktops first, then the newest: their session, load, and how long they
-- lasted, up to the next view of the load.
WITH viewed AS (
    SELECT
        session, batch >> 20 AS load, page, time,
        coalesce(device, '') AS device,
        lead(time) OVER (PARTITION BY session, batch >> 20 ORDER BY time, batch, position) AS until
    FROM events_in($files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND kind = 'view' AND NOT bot
        AND session IN (SELECT session FROM replays WHERE site = $site)
)
SELECT session::VARCHAR, load::BIGINT, time, until
FROM viewed
WHERE page = $page AND time >= $start AND time < $end AND ($device IS NULL OR device = $device)
    AND EXISTS (
        FROM replays
        WHERE replays.site = $site AND replays.session = viewed.session
            AND replays.load = viewed.load AND replays.start_time <= viewed.time + INTERVAL 5 SECOND
    )
ORDER BY device = 'desktop' DESC, time DESC
LIMIT $most
