-- Sessions, newest first. A page is looked for in the detail, which is kept of a share only once a
-- day is sealed.
SELECT merged.*, coalesce(chunks, 0) AS chunks, coalesce(recorded_s, 0) AS recorded_s
FROM merged LEFT JOIN recorded USING (session)
WHERE last_time >= $start AND first_time < $end
    AND ($since::TIMESTAMP IS NULL OR first_time >= $since::TIMESTAMP)
    AND ($level IS NULL OR coalesce(level, 'undeclared') = $level)
    AND ($device IS NULL OR device = $device)
    AND ($user_key IS NULL OR user_key = $user_key)
    AND ($low::UUID[] IS NULL
        OR session BETWEEN $low[1]::UUID AND $high[1]::UUID
        OR session BETWEEN $low[2]::UUID AND $high[2]::UUID)
    AND (NOT $errors OR errors > 0)
    AND (NOT $recorded OR chunks > 0)
    AND ($page IS NULL OR entry_page = $page OR session IN (
        SELECT session FROM events_in($detail_files)
        WHERE site = $site AND day BETWEEN $first_day AND $last_day
            AND kind = 'view' AND page = $page
    ))
ORDER BY first_time DESC, session
LIMIT $most OFFSET $after
