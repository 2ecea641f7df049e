-- One row for each that came to a step, but the last: whether they went on, and what they met there.
-- NULL: not measured.
SELECT
    arrived.step AS step,
    visitor,
    weight,
    entered_last_us,
    depth > arrived.step AS onward,
    coalesce(met.error, false) AS error,
    coalesce(met.failed_request, false) AS failed_request,
    coalesce(met.frustration, false) AS frustration,
    met.vital.lcp_ms > $lcp_poor AS slow_page,
    CASE WHEN met.vital.inp_ms IS NOT NULL OR met.vital.cls IS NOT NULL
        THEN coalesce(met.vital.inp_ms > $inp_poor, false)
            OR coalesce(met.vital.cls > $cls_poor::FLOAT, false)
    END AS poor_vitals
FROM arrived
JOIN told USING (who)
LEFT JOIN met USING (who, step)
WHERE arrived.step < $steps
