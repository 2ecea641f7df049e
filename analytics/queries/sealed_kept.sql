-- The summaries of the sealed sessions that read_kept reads.
sealed AS (
    SELECT summaries.*
    FROM sealed_summaries($summary_files) AS summaries
    JOIN kept USING (session)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND bucket < floor(kept.inclusion * 4294967296)
)
