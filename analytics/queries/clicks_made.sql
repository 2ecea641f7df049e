-- One row a click on a thing of the page, and where on the page it was, as shares of it.
SELECT
    epoch_us(time) AS at_us,
    hash(session) AS session,
    click.target AS target,
    click.rage > 0 AS rage,
    click.dead AS dead,
    click.error AS error,
    click.fixed AS fixed,
    click.page_x / nullif(click.viewport_width, 0) AS x,
    click.page_y / nullif(click.document_height, 0) AS y
FROM read
WHERE page = $page AND kind = 'click' AND time >= $start AND time < $end
    AND coalesce(click.target, '') <> ''
