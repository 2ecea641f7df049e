-- When a site was last heard of before $end, of hot rows.
SELECT max(time) FROM events WHERE site = $site AND time < $end
