-- In any order: how many of the steps lie within the window that ends with each event, by the latest
-- event of each step, one pass. A chain counts where one of its events lies within the report's
-- window; where only earlier ones than the latest do, the latest of those begins it.
latest AS (
    SELECT
        *,
        {latest}
    FROM matched
    WINDOW so_far AS (PARTITION BY who, stretch ORDER BY n ROWS UNBOUNDED PRECEDING)
),
chains AS (
    SELECT
        *,
        {count} AS made,
        least({starts}) AS began,
        greatest({entries}) AS entry
    FROM latest
),
step_{last} AS (
    SELECT
        * EXCLUDE (made, began, entry),
        CASE WHEN entry >= time - to_microseconds($within_us) THEN made ELSE 0 END AS depth,
        CASE WHEN entry >= time - to_microseconds($within_us) AND made = {last}
            THEN CASE WHEN began < $end THEN began ELSE entry END END AS begun,
        CASE WHEN step IS NOT NULL AND time < $end THEN time END AS entered
    FROM chains
)
