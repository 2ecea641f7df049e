-- The quality of each session of `{sessions}`, as lived: analytics/quality.py says how it is told.
rated_views AS (
    SELECT
        session,
        arg_max(struct_pack(lcp_ms, inp_ms, cls), (time, batch, position)) AS vital
    FROM read SEMI JOIN {sessions} USING (session)
    WHERE kind = 'vitals'
    GROUP BY session, batch >> 20, view
),
rated_sessions AS (
    SELECT
        session,
        count(coalesce(vital.lcp_ms, vital.inp_ms, vital.cls)) AS rated,
        count(*) FILTER (
            vital.lcp_ms > $lcp_poor OR vital.inp_ms > $inp_poor OR vital.cls > $cls_poor::FLOAT
        ) AS poor,
        count(*) FILTER (
            coalesce(vital.lcp_ms, vital.inp_ms, vital.cls) IS NOT NULL
            AND coalesce(vital.lcp_ms <= $lcp_good, true)
            AND coalesce(vital.inp_ms <= $inp_good, true)
            AND coalesce(vital.cls <= $cls_good::FLOAT, true)
        ) AS good
    FROM rated_views
    GROUP BY session
),
troubled AS (
    SELECT
        session,
        bool_or(
            click.rage > 0 OR click.dead
            OR (request.status >= 500 OR request.status = 0 AND NOT request.aborted)
                AND upper(request.method) NOT IN ('GET', 'HEAD', '')
        ) AS badly
    FROM read SEMI JOIN {sessions} USING (session)
    WHERE kind = 'error' AND source IS DISTINCT FROM 'script'
        OR kind = 'request' AND (
            request.status >= 500 OR request.status = 0 AND NOT request.aborted
        )
        OR kind = 'click' AND (click.rage > 0 OR click.dead)
    GROUP BY session
),
quality AS (
    SELECT
        session,
        CASE
            WHEN troubled.badly OR poor >= $poor_share * rated AND rated > 0 THEN 'poor'
            WHEN troubled.session IS NULL AND rated > 0 AND good >= $good_share * rated
                THEN 'good'
            WHEN troubled.session IS NOT NULL OR rated > 0 THEN 'mixed'
        END AS quality
    FROM rated_sessions FULL JOIN troubled USING (session)
)
