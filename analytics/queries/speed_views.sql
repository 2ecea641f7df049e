SELECT
    page,
    coalesce(level, 'undeclared') AS level,
    CASE WHEN $by_device THEN coalesce(device, '') ELSE '' END AS device,
    hash(session) AS session{visitor},
    weight,
    lcp_ms AS lcp, inp_ms AS inp, cls, fcp_ms AS fcp, ttfb_ms AS ttfb
FROM views JOIN who USING (session)
