-- The summaries of the sealed sessions that read_sampled reads.
sealed AS (
    SELECT *
    FROM sealed_summaries($summary_files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND bucket < $bucket_end
)
