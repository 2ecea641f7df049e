SELECT
    latest.page AS page,
    coalesce(level, 'undeclared') AS level,
    coalesce(device, '') AS device,
    hash(session) AS session,
    weight,
    latest.lcp_ms AS lcp, latest.inp_ms AS inp, latest.cls AS cls,
    latest.fcp_ms AS fcp, latest.ttfb_ms AS ttfb
FROM views JOIN who USING (session)
ORDER BY page
