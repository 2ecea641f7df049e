-- The days kept of a saved funnel, under the definition that was counted last.
SELECT day, level, step, label, sessions, reached, squares, generated
FROM funnel_days
WHERE funnel = $funnel AND definition = (
    SELECT arg_max(definition, taken_at) FROM funnel_days WHERE funnel = $funnel
)
ORDER BY day, level, step
