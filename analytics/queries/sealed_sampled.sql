-- The summaries of the sealed sessions that read_sampled reads.
sealed AS (
    SELECT *
    FROM read_parquet($summary_files, hive_partitioning = true, union_by_name = true,
                      hive_types = {'site': 'VARCHAR', 'day': 'DATE'})
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND bucket < $bucket_end
)
