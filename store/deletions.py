"""What was deleted since the database file was last rewritten, and whether that is worth doing now.

Every place where a session's data lives, for whoever has to remove it from all of them:

- the database file: `events`, `batches`, and `refused` where a part of a beacon is kept;
- its write-ahead log, until a checkpoint, and the file's free blocks, until `rewrite_database`;
- files of temporary space (`temp/` of the store), which end with the process;
- sealed files: detail (`sample`, `rest`) and summaries, by site and day;
- copies of before a migration (`before-migration-N.duckdb`), for a week or until an erasure;
- replays, by site, day and session;
- the journal, loaded segments included, for `segments_kept_h`;
- the spools of probers elsewhere hold none;
- backups, until they expire; damaged files that `vigie repair` set aside.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import duckdb

from store.database import Database
from store.times import naive


class Cause(StrEnum):
    """Why rows were deleted."""

    SEALED = "sealed"
    ERASED = "erased"
    RETIRED = "retired"
    """Past its term. Waits, since some of it goes every hour."""


def note_deletion(
    cursor: duckdb.DuckDBPyConnection, cause: Cause, rows: int, now: datetime
) -> None:
    """Record, in the transaction that deletes, that the file needs rewriting. 0 rows need none."""
    if rows:
        cursor.execute(
            "INSERT INTO deletions VALUES ($now, $cause, $rows)",
            {"now": naive(now), "cause": cause.value, "rows": rows},
        )


def rewriting_due(database: Database, now: datetime, wait_h: float) -> bool:
    """Whether something sealed or erased is still in the file, or, for `wait_h`, something past its
    term."""
    with database.reading() as cursor:
        rows = cursor.execute(
            "SELECT 1 FROM deletions WHERE cause <> $retired OR deleted_at <= $before LIMIT 1",
            {
                "retired": Cause.RETIRED.value,
                "before": naive(now) - timedelta(hours=wait_h),
            },
        ).fetchall()
    return bool(rows)
