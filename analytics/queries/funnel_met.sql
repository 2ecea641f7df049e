-- What those who came to a step met in the view in which they did, until they went on; its vitals are
-- told at its end, and count whole.
met AS (
    SELECT
        who, step,
        coalesce(bool_or(kind = 'error') FILTER (before), false) AS error,
        coalesce(bool_or(kind = 'request') FILTER (before), false) AS failed_request,
        coalesce(bool_or(kind = 'click') FILTER (before), false) AS frustration,
        arg_max(struct_pack(lcp_ms, inp_ms, cls), (time, batch, position))
            FILTER (kind = 'vitals') AS vital
    FROM (
        SELECT
            arrived.who, arrived.step, read.*,
            onward_us IS NULL OR epoch_us(read.time) <= onward_us AS before
        FROM read
        JOIN arrived
            ON hash(read.session) = arrived.session AND read.view = arrived.view
            AND read.batch >> 20 = arrived.load
        WHERE kind = 'vitals'
            OR kind = 'error' AND source IS DISTINCT FROM 'script'
            OR kind = 'request' AND (
                request.status >= 500 OR request.status = 0 AND NOT request.aborted
            )
            OR kind = 'click' AND (click.rage > 0 OR click.dead)
    )
    GROUP BY who, step
)
