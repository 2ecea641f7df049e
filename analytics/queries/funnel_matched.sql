-- The events that match some step, or end what was begun: only these leave the store. Their kinds
-- are asked for by themselves: Parquet's reader passes over rows by such plain conditions.
SELECT
    {who} AS who,
    weight,
    epoch_us(time) AS time_us,
    ({steps})::BIGINT AS steps,
    coalesce({ends}, false) AS ends{more}
FROM {rows}
WHERE time >= $start AND time < $until AND kind IN ({kinds}) AND ({matches})
