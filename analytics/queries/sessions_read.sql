SELECT count(DISTINCT session) AS sessions, coalesce(bool_or(generated), false) AS generated
FROM read
WHERE time >= $start AND time < $end
