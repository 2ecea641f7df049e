-- Where on the page an element was clicked: what is fixed scrolls along, and has no place of its own.
SELECT
    target,
    median(x) AS x,
    median(y) AS y,
    coalesce(avg(fixed::INTEGER), 0) > 0.5 AS fixed
FROM made
GROUP BY ALL
