SELECT at_us, hash(session) AS session, level, device, visitor, weight, views
FROM came JOIN who USING (session)
