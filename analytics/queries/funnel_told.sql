told AS (
    SELECT
        who,
        coalesce(level, 'undeclared') AS level,
        hash(coalesce(user_key, who::VARCHAR)) AS visitor,
        weight, depth,
        epoch_us(entered) AS entered_us,
        epoch_us(entered_last) AS entered_last_us,
        CASE WHEN depth = {last} THEN epoch_us(took) / 1e6 END AS took_s{parts}
    FROM came JOIN lived USING (session){joined}
)
