-- The sessions of which there is a recording.
SELECT DISTINCT hash(session) AS session FROM replays WHERE site = $site
