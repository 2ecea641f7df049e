SELECT min(day) FROM events WHERE site = $site
