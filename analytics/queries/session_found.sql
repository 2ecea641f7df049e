-- One session, and on which days it was.
SELECT merged.*, coalesce(chunks, 0) AS chunks, coalesce(recorded_s, 0) AS recorded_s
FROM merged LEFT JOIN recorded USING (session)
