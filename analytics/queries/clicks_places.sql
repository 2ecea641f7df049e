-- Where on the page an element was clicked, as shares of it: what is fixed scrolls along, and has no
-- place of its own.
SELECT
    click.target AS target,
    median(click.page_x / nullif(click.viewport_width, 0)) AS x,
    median(click.page_y / nullif(click.document_height, 0)) AS y,
    coalesce(avg(click.fixed::INTEGER), 0) > 0.5 AS fixed
FROM read
WHERE page = $page AND kind = 'click' AND time >= $start AND time < $end
    AND coalesce(click.target, '') <> ''
GROUP BY ALL
