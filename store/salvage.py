"""What can still be read of a damaged database, carried into one from a backup or an empty one."""

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from urllib.parse import unquote

import duckdb
from msgspec import Struct, field

from store.database import Database
from store.database_copy import quoted
from store.day_counts import count_day
from store.sealed_files import EMPTY_FILES, SCHEMA_VERSION, SEALED_FOLDER, sync_file
from store.settling import count_of, settle_sessions
from store.snapshot import Snapshot
from store.times import naive

BESIDE = "damaged"
RANGE_ROWS = 122_880
"""Rows read at once where a table cannot be read whole: DuckDB's row group."""
JOURNALED = {
    "events": "received",
    "batches": "received",
    "refused": "received",
    "checks": "started",
    "pings": "received",
    "monitor_definitions": "from_time",
    "presence": "since",
    "deliveries": "received",
    "load_failures": "found_at",
}
"""Tables that the journal fills, and when a row of them came."""
OWN = frozenset({"migrations", "cursors", "deletions"})
"""Tables that say something of the file they are in."""

Say = Callable[[str], None]


class Salvaged(Struct, frozen=True, kw_only=True):
    """Rows carried over by table, tables of which some or all could not be read, and sealed files
    that no manifest named and that were taken up again."""

    rows: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    adopted: int = 0


def salvage(
    database: Database,
    damaged: Path | None,
    sealed: Path,
    *,
    backup: Path | None,
    journal_from: datetime | None,
    now: datetime,
    say: Say,
) -> Salvaged:
    """Carry over what the journal cannot bring back, and take up sealed files not listed.

    Into a backup: tables that the journal does not fill, where they can be read whole. Into an
    empty database: every row from before `journal_from`, where the journal at hand begins; the
    rest it brings. Raises duckdb.Error for `database` itself.
    """
    rows: dict[str, int] = {}
    unreadable: list[str] = []
    with database.reading() as cursor:
        if damaged is not None and _attached(cursor, damaged, say):
            for table in _tables(cursor):
                taken = _take(
                    cursor, table, from_backup=backup is not None, journal_from=journal_from
                )
                if taken is None:
                    unreadable.append(table)
                    say(f"{table} cannot be read whole")
                elif taken:
                    rows[table] = taken
                    say(f"{table}: {taken:,} rows carried over")
            cursor.execute(f"DETACH {BESIDE}")
    if backup is None:
        _know_listed(database, sealed, journal_from)
    counts_known = "hourly_counts" in rows
    adopted = _adopt(database, sealed, now, counts_known=counts_known, backup=backup, say=say)
    return Salvaged(rows=rows, unreadable=unreadable, adopted=adopted)


def _attached(cursor: duckdb.DuckDBPyConnection, damaged: Path, say: Say) -> bool:
    try:
        cursor.execute(f"ATTACH '{quoted(damaged)}' AS {BESIDE} (READ_ONLY)")
    except duckdb.Error as error:
        say(f"nothing can be read of the damaged file: {str(error).splitlines()[0][:200]}")
        return False
    return True


def _tables(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables that both databases have, but for those that speak of their own file."""
    listed = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
        " AND table_name IN (SELECT table_name FROM duckdb_tables()"
        " WHERE database_name = $beside) ORDER BY table_name",
        {"beside": BESIDE},
    ).fetchall()
    return [table for (table,) in listed if table not in OWN]


def _take(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    *,
    from_backup: bool,
    journal_from: datetime | None,
) -> int | None:
    """Rows carried over, 0 where the journal or the backup has them; None when not all could be."""
    time = JOURNALED.get(table)
    if from_backup:
        if (
            time is not None or table == "sealed_files"
        ):  # files sealed since are taken up one by one
            return 0
        return _replace(cursor, table)
    condition = "true"
    values: dict[str, object] = {}
    if time is not None and journal_from is not None:
        condition, values = f"{time} < $from", {"from": naive(journal_from)}
    try:
        return _insert(cursor, table, condition, values)
    except duckdb.Error:
        _insert_ranges(cursor, table, condition, values)
        return None


def _replace(cursor: duckdb.DuckDBPyConnection, table: str) -> int | None:
    """The damaged file's rows instead of the older ones of the backup, all or none."""
    cursor.execute("BEGIN")
    try:
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608
        rows = _insert(cursor, table, "true", {})
    except duckdb.Error:
        cursor.execute("ROLLBACK")
        return None
    cursor.execute("COMMIT")
    return rows


def _insert(
    cursor: duckdb.DuckDBPyConnection, table: str, condition: str, values: dict[str, object]
) -> int:
    return count_of(
        cursor.execute(
            f"INSERT INTO {table} BY NAME SELECT * FROM {BESIDE}.{table} WHERE {condition}",  # noqa: S608
            values,
        )
    )


def _insert_ranges(
    cursor: duckdb.DuckDBPyConnection, table: str, condition: str, values: dict[str, object]
) -> None:
    """Every range of rows that can be read."""
    rows = count_of(cursor.execute(f"SELECT count(*) FROM {BESIDE}.{table}"))  # noqa: S608
    for start in range(0, rows, RANGE_ROWS):
        within = f"rowid >= {start} AND rowid < {start + RANGE_ROWS} AND {condition}"
        try:
            _insert(cursor, table, within, values)
        except duckdb.Error:
            continue


def _adopt(
    database: Database,
    sealed: Path,
    now: datetime,
    *,
    counts_known: bool,
    backup: Path | None,
    say: Say,
) -> int:
    """Take up files of `sealed` that the manifest does not name: sealed after what it comes from.

    Their days' hot rows, which they hold, go; counted first where the counts were not carried over.
    """
    with database.reading() as cursor:
        known = {file for (file,) in cursor.execute("SELECT file FROM sealed_files").fetchall()}
    found = [
        path
        for path in sorted(sealed.rglob("*.parquet"))
        if (name := path.relative_to(sealed).as_posix()) not in known
        and name not in EMPTY_FILES.values()
        and name.split("/")[0] in ("detail", "summaries")
    ]
    _settle_missing(database, sealed, found, backup, say)
    if not found:
        return 0
    days: set[tuple[str, date]] = set()
    with database.transaction() as cursor:
        for path in found:
            days.add(_adopt_file(cursor, path, path.relative_to(sealed).as_posix(), now))
        for site, day in sorted(days):
            if not counts_known:
                settle_sessions(cursor, Snapshot(cursor, sealed), site, day)
                count_day(cursor, site, day)
            cursor.execute(
                "DELETE FROM events WHERE site = $site AND day = $day", {"site": site, "day": day}
            )
    say(f"{len(found)} sealed files that no manifest named are taken up again")
    return len(found)


def _know_listed(database: Database, sealed: Path, journal_from: datetime | None) -> None:
    """What the manifest's files hold of batches that the journal at hand brings once more."""
    if journal_from is None:
        return
    with database.transaction() as cursor:
        listed = cursor.execute(
            "SELECT file FROM sealed_files WHERE content <> 'summaries' AND sealed_at >= $from",
            {"from": naive(journal_from)},
        ).fetchall()
        for path in (sealed / file for (file,) in listed):
            if path.exists():
                _know_batches(cursor, path)


def _know_batches(cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
    """The batches of a sealed file are known as loaded."""
    cursor.execute(
        "INSERT INTO batches BY NAME SELECT DISTINCT session, batch, received"
        " FROM read_parquet($path) AS late WHERE NOT EXISTS (FROM batches"
        " WHERE batches.session = late.session AND batches.batch = late.batch)",
        {"path": str(path)},
    )


def _settle_missing(
    database: Database, sealed: Path, found: list[Path], backup: Path | None, say: Say
) -> None:
    """Files that the manifest names and that are not there: written anew by an erasure since, then
    what it wrote takes their place; or lost, then the backup's are taken."""
    with database.reading() as cursor:
        listed = cursor.execute("SELECT file FROM sealed_files").fetchall()
    anew = {(path.parent, path.name.split("-")[0]) for path in found}
    for (file,) in listed:
        path = sealed / file
        if path.exists():
            continue
        if (path.parent, path.name.split("-")[0]) in anew:
            with database.transaction() as cursor:
                cursor.execute("DELETE FROM sealed_files WHERE file = $file", {"file": file})
        elif backup is not None and (backup / SEALED_FOLDER / file).exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backup / SEALED_FOLDER / file, path)
            sync_file(path)
            say(f"{file} was missing; it is back from the backup")


def _adopt_file(
    cursor: duckdb.DuckDBPyConnection, path: Path, name: str, now: datetime
) -> tuple[str, date]:
    """Put one file into the manifest; what it holds of late batches is known as loaded."""
    kind, site_part, day_part, file = name.split("/")
    site = unquote(site_part.removeprefix("site="))
    day = date.fromisoformat(day_part.removeprefix("day="))
    values = {"path": str(path)}
    rows = count_of(cursor.execute("SELECT count(*) FROM read_parquet($path)", values))
    rates = cursor.execute(
        "SELECT sample, keep, keep_most, unit FROM sealed_files WHERE site = $site"
        " ORDER BY (day = $day) DESC, sealed_at DESC LIMIT 1",
        {"site": site, "day": day},
    ).fetchone() or (1.0, 1.0, 1.0, "session")
    if kind == "summaries":
        kept = cursor.execute(
            "SELECT min(inclusion), max(inclusion) FROM read_parquet($path)", values
        ).fetchone()
        rates = (rates[0], *kept, rates[3]) if kept and kept[0] else rates
    else:
        _know_batches(cursor, path)
    cursor.execute(
        "INSERT INTO sealed_files VALUES ($file, $content, $site, $day, $rows, $bytes, $sample,"
        " $keep, $schema_version, $sealed_at, NULL, $keep_most, $unit)",
        {
            "file": name,
            "content": file.split("-")[0],
            "site": site,
            "day": day,
            "rows": rows,
            "bytes": path.stat().st_size,
            "sample": rates[0],
            "keep": rates[1],
            "keep_most": rates[2],
            "schema_version": SCHEMA_VERSION,
            "sealed_at": naive(now),
            "unit": rates[3],
        },
    )
    return site, day
