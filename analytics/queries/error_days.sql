-- The days on which a group was met, latest first.
SELECT DISTINCT day FROM counted
WHERE part = 'all' AND fingerprint = $fingerprint
ORDER BY day DESC
LIMIT $most
