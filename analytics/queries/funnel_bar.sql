SELECT * FROM listed ORDER BY entered DESC, session LIMIT $most OFFSET $after
