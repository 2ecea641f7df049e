-- When the browser said it sent a batch, by its own clock: with `client_time` (its clock), `time`
-- (corrected) and `received` (ours), all that is known of when an event was. It is late by
-- received - time. Sealed files hold `sent` as its distance from `received`; older ones have none.

ALTER TABLE events ADD COLUMN sent TIMESTAMP;

CREATE OR REPLACE MACRO events_in(files) AS TABLE
    SELECT * FROM events
    UNION ALL BY NAME
    SELECT * EXCLUDE (sent_offset_us), received + to_microseconds(sent_offset_us) AS sent
    FROM (
        SELECT * EXCLUDE (client_offset_us), time + to_microseconds(client_offset_us) AS client_time
        FROM read_parquet(files, hive_partitioning = true, union_by_name = true,
                          hive_types = {'site': 'VARCHAR', 'day': 'DATE'})
    );
