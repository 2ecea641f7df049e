-- The summaries of the sealed sessions that read_kept reads.
sealed AS (
    SELECT summaries.*
    FROM read_parquet($summary_files, hive_partitioning = true, union_by_name = true,
                      hive_types = {'site': 'VARCHAR', 'day': 'DATE'}) AS summaries
    JOIN kept USING (session)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND bucket < floor(kept.inclusion * 4294967296)
)
