"""What is counted of a day before its detail goes, and kept without personal data: views, events
and errors by hour, errors by group, and web vitals as histograms."""

from collections.abc import Sequence
from datetime import date

import duckdb

from store.settling import count_hours

_PICK_ERRORS = """
CREATE OR REPLACE TEMPORARY TABLE counting_errors AS
SELECT
    site, day, session, coalesce({level}, 'undeclared') AS level, coalesce(release, '') AS release,
    page, coalesce(browser, '') AS browser, name, message, coalesce(stack, '') AS stack, generated,
    1 / {counted}::DOUBLE AS weight
FROM {source}
WHERE site = $site AND day = $day AND kind = 'error' AND NOT bot AND events.server IS NOT TRUE
"""

_COUNT_ERRORS = """
INSERT INTO error_counts BY NAME
WITH placed AS (
    SELECT stack, array_to_string(group_frames(frames), chr(10)) AS place
    FROM (
        SELECT stack, stack_frames(stack) AS frames
        FROM (SELECT DISTINCT stack FROM counting_errors)
    )
),
met AS (
    SELECT
        site, day, error_fingerprint(name, message, place) AS fingerprint, generated,
        session, level, release, page, browser, weight, count(*) AS times
    FROM counting_errors JOIN placed USING (stack)
    GROUP BY ALL
),
sessions AS (
    SELECT
        site, day, fingerprint, generated, session, level, release, page, browser,
        CASE GROUPING(level, release, page, browser)
            WHEN 15 THEN 'all' WHEN 7 THEN 'level' WHEN 11 THEN 'release' WHEN 13 THEN 'page'
            WHEN 14 THEN 'browser' ELSE 'level page'
        END AS part,
        sum(times) AS times, any_value(weight) AS weight
    FROM met
    GROUP BY GROUPING SETS (
        (site, day, fingerprint, generated, session),
        (site, day, fingerprint, generated, session, level),
        (site, day, fingerprint, generated, session, release),
        (site, day, fingerprint, generated, session, page),
        (site, day, fingerprint, generated, session, browser),
        (site, day, fingerprint, generated, session, level, page))
)
SELECT
    site, day, fingerprint, part, level, release, page, browser, generated,
    sum(weight * times) AS errors,
    sum(weight) AS sessions,
    sum(weight * (weight - 1) * times * times) AS errors_variance,
    sum(weight * (weight - 1)) AS sessions_variance
FROM sessions
GROUP BY ALL
"""
"""An estimate's variance is Horvitz and Thompson's, sessions being kept independently."""

_COUNT_VITALS = """
INSERT INTO vital_days BY NAME
WITH latest AS (
    SELECT
        site, day, session, generated, coalesce(any_value({level}), 'undeclared') AS level,
        coalesce(any_value(device), '') AS device,
        arg_max(struct_pack(page, lcp_ms, inp_ms, cls, fcp_ms, ttfb_ms), (time, batch, position))
            AS vitals
    FROM {source}
    WHERE site = $site AND day = $day AND kind = 'vitals' AND NOT bot AND events.server IS NOT TRUE
    GROUP BY site, day, session, generated, batch >> 20, view
),
measured AS (
    SELECT
        site, day, session, generated, level, device, vitals.page AS page,
        unnest(['lcp', 'inp', 'cls', 'fcp', 'ttfb']) AS vital,
        unnest([vitals.lcp_ms, vitals.inp_ms, 1000 * vitals.cls, vitals.fcp_ms, vitals.ttfb_ms])
            AS value
    FROM latest
)
SELECT
    site, day, page, level, device, vital, generated,
    count(*) AS views,
    count(DISTINCT session) AS sessions,
    histogram(latency_bucket(value)) AS buckets,
    {counted}::DOUBLE AS counted
FROM measured
WHERE value IS NOT NULL
GROUP BY ALL
"""

_HOT = "events JOIN sealing_sessions USING (session)"
_SEALED = (
    "read_parquet($files, hive_partitioning = true, union_by_name = true,"
    " hive_types = {'site': 'VARCHAR', 'day': 'DATE'}) AS events"
)


def count_day(
    cursor: duckdb.DuckDBPyConnection, site: str, day: date, attributes: Sequence[str] = ()
) -> None:
    """Count the day's hot rows, of all sessions settled, and events by `attributes`; see
    store/settling.py."""
    count_hours(cursor, site, day, attributes)
    of_day = {"site": site, "day": day}
    hot = {"source": _HOT, "level": "sealing_sessions.level", "counted": "1"}
    cursor.execute(_PICK_ERRORS.format(**hot), of_day)
    cursor.execute(_COUNT_ERRORS)
    cursor.execute(_COUNT_VITALS.format(**hot), of_day)
    cursor.execute("DROP TABLE counting_errors")


def count_sealed(
    cursor: duckdb.DuckDBPyConnection, site: str, day: date, files: list[str], keep: float
) -> None:
    """Estimate a day's errors and vitals from the detail that was kept of a share of sessions."""
    of_day = {"site": site, "day": day, "files": files}
    sealed = {"source": _SEALED, "level": "level", "counted": f"{keep:.17g}"}
    cursor.execute(_PICK_ERRORS.format(**sealed), of_day)
    cursor.execute(_COUNT_ERRORS)
    cursor.execute(_COUNT_VITALS.format(**sealed), of_day)
    cursor.execute("DROP TABLE counting_errors")
