SELECT hash(session) AS session, level, device, visitor, weight, views
FROM came JOIN who USING (session)
WHERE ($level IS NULL OR level = $level) AND ($device IS NULL OR device = $device)
ORDER BY hash(session)
