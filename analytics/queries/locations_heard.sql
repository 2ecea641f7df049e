-- Of each location that ever delivered: its newest result, when the last delivery came, and how far
-- its clock was off then.
SELECT
    location,
    max(last_result) AS last_result,
    max(received) AS received,
    arg_max(clock_offset_us, received) AS clock_offset_us
FROM deliveries
GROUP BY location
ORDER BY location
