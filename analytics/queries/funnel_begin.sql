-- Step 1 begins a chain. `begun` is the chain's start in the rows of the step looked at last,
-- `entered` every start, `depth` the deepest step a row is of.
step_1 AS (
    SELECT
        *,
        CASE WHEN is_1 AND time < $end THEN time END AS begun,
        CASE WHEN is_1 AND time < $end THEN time END AS entered,
        CASE WHEN is_1 AND time < $end THEN 1 ELSE 0 END AS depth
    FROM matched
)
