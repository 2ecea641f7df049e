-- The same out of the detail, for a store whose counts are gone.
SELECT page, hash(page) AS hashed FROM read WHERE kind = 'view' GROUP BY page ORDER BY page
