-- The page templates there are views of.
SELECT DISTINCT page
FROM read
WHERE kind = 'view' AND time >= $from AND time < $until
ORDER BY page
