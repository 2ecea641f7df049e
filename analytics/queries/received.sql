SELECT count(*) FROM events WHERE session = $session
