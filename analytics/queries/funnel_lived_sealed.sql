-- By the summaries of sealed days, which are a row where detail is many.
FROM sealed_summaries($summary_files)
WHERE site = $site AND day BETWEEN $first_day AND $last_day
