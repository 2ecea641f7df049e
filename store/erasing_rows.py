"""Erasing sessions from the database's rows and from sealed files, under `files_lock`."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
from msgspec import Struct

from store.database import Database
from store.deletions import Cause, note_deletion
from store.error_groups import forget_texts
from store.sealed_files import (
    COLUMNS,
    COPY_OPTIONS,
    EMPTY_FILES,
    ORDER,
    RELATIONS,
    SCHEMA_VERSION,
    UNFINISHED_FOLDER,
    file_name,
    make_folder,
    sync_file,
)
from store.segment import sync_folder
from store.settling import count_of
from store.times import naive

_OF_FILE = "read_parquet($file, hive_partitioning = false)"
_ERASED = "(SELECT unnest($sessions)::UUID)"


class RowsErased(Struct, frozen=True, kw_only=True):
    """Rows removed, and sealed `files` written anew."""

    events: int = 0
    summaries: int = 0
    refused: int = 0
    files: int = 0


class Listed(Struct, frozen=True):
    """A file of the manifest."""

    file: str
    content: str
    day: date

    @property
    def kind(self) -> str:
        return "summaries" if self.content == "summaries" else "detail"


def sessions_of_user(
    database: Database, site: str, user: str, received_before: datetime
) -> set[str]:
    """The sessions, 32 hex digits, in which the user key was declared. Raises duckdb.Error."""
    cursor = database.cursor()
    asked = {"site": site, "user": user, "before": naive(received_before)}
    found = cursor.execute(
        "SELECT DISTINCT session FROM events"
        " WHERE site = $site AND user_key = $user AND received <= $before",
        asked,
    ).fetchall()
    for kind, column in (("detail", "received"), ("summaries", "first_time")):
        files = [str(database.sealed / listed.file) for listed in listed_files(cursor, site, kind)]
        if files:
            found += cursor.execute(
                "SELECT DISTINCT session"  # noqa: S608
                " FROM read_parquet($files, hive_partitioning = false, union_by_name = true)"
                f" WHERE user_key = $user AND {column} <= $before",
                {"files": files, "user": user, "before": naive(received_before)},
            ).fetchall()
    return {session.hex for (session,) in found}


def sealed_files_of(database: Database, site: str) -> list[Path]:
    """Every sealed file of a site that reports read. Raises duckdb.Error."""
    cursor = database.cursor()
    return [
        database.sealed / listed.file
        for kind in ORDER
        for listed in listed_files(cursor, site, kind)
    ]


def erase_rows(database: Database, site: str, sessions: Sequence[str], now: datetime) -> RowsErased:
    """Remove hot rows, known batches, refused parts and texts of errors of sessions, in one
    transaction.

    Raises duckdb.Error; then nothing was removed.
    """
    with database.transaction() as cursor:
        of_site = {"site": site, "sessions": list(sessions)}
        detail = [
            EMPTY_FILES["detail"],
            *(each.file for each in listed_files(cursor, site, "detail")),
        ]
        texts = forget_texts(
            cursor, site, sessions, [str(database.sealed / file) for file in detail]
        )
        events = count_of(
            cursor.execute(
                f"DELETE FROM events WHERE site = $site AND session IN {_ERASED}",  # noqa: S608
                of_site,
            )
        )
        # Batches name no site: one with rows left is another site's, and its retry is a repeat.
        batches = count_of(
            cursor.execute(
                f"DELETE FROM batches WHERE session IN {_ERASED} AND (session, batch) NOT IN"  # noqa: S608
                f" (SELECT (session, batch) FROM events WHERE session IN {_ERASED})",
                {"sessions": list(sessions)},
            )
        )
        # A part shows the start of what was refused, its session with it.
        refused = count_of(
            cursor.execute(
                "DELETE FROM refused WHERE EXISTS (SELECT 1 FROM (SELECT unnest($sessions) AS id)"
                " WHERE contains(part, id) OR contains(detail, id))",
                {"sessions": list(sessions)},
            )
        )
        note_deletion(cursor, Cause.ERASED, events + batches + refused + texts, now)
    return RowsErased(events=events, refused=refused)


def erase_sealed(
    database: Database,
    site: str,
    sessions: Sequence[str],
    now: datetime,
    *,
    step: Callable[[str], None] = lambda name: None,
) -> RowsErased:
    """Write anew, without the sessions, every sealed file that holds one of them.

    The old file leaves the reports in the same transaction, and the disk with its last reader (see
    `unlink_dropped`). Raises OSError and duckdb.Error; files done until then stay done.
    """
    removed = {"detail": 0, "summaries": 0}
    files = 0
    for kind in removed:
        for listed in listed_files(database.cursor(), site, kind):
            count = _count_in(database, listed, sessions)
            if count:
                source = f"(FROM {RELATIONS[kind]} WHERE session NOT IN {_ERASED})"
                files_read = [EMPTY_FILES[kind], listed.file]
                asked = {
                    "files": [str(database.sealed / file) for file in files_read],
                    "sessions": list(sessions),
                }
                write_anew(database, site, listed, source, asked, now, step)
                removed[kind] += count
                files += 1
    return RowsErased(events=removed["detail"], summaries=removed["summaries"], files=files)


def listed_files(cursor: duckdb.DuckDBPyConnection, site: str, kind: str) -> list[Listed]:
    """The sealed files of a site that reports read, of a kind. Raises duckdb.Error."""
    rows = cursor.execute(
        "SELECT file, content, day FROM sealed_files WHERE site = $site AND dropped_at IS NULL"
        " AND (content = 'summaries') = ($kind = 'summaries') ORDER BY file",
        {"site": site, "kind": kind},
    ).fetchall()
    return [Listed(*row) for row in rows]


def _count_in(database: Database, listed: Listed, sessions: Sequence[str]) -> int:
    return count_of(
        database.cursor().execute(
            f"SELECT count(*) FROM {_OF_FILE} WHERE session IN {_ERASED}",  # noqa: S608
            {"file": str(database.sealed / listed.file), "sessions": list(sessions)},
        )
    )


def write_anew(
    database: Database,
    site: str,
    listed: Listed,
    source: str,
    asked: Mapping[str, Any],
    now: datetime,
    step: Callable[[str], None],
) -> None:
    """Put the rows of `source` into a new file in the place of a listed one.

    `source` is a relation or a query in brackets, in the form of its kind's RELATIONS, `asked` what
    it needs. Raises OSError and duckdb.Error; then the file of before stays.
    """
    token = secrets.token_hex(6)
    name = file_name(listed.kind, listed.content, site, listed.day, token)
    unfinished = database.sealed / UNFINISHED_FOLDER / f"erased-{token}.parquet"
    make_folder(unfinished.parent)
    try:
        rows = count_of(
            database.cursor().execute(
                f"COPY (SELECT {COLUMNS[listed.kind]} FROM {source}"  # noqa: S608
                f" ORDER BY {ORDER[listed.kind]}) TO $path {COPY_OPTIONS}",
                {**asked, "path": str(unfinished)},
            )
        )
        step("sealed file copied")
        if rows:
            _make_durable(unfinished, database.sealed / name)
            step("sealed file renamed")
        _list_instead(database, listed, name, rows, now)
        step("sealed file listed")
    finally:
        unfinished.unlink(missing_ok=True)


def _make_durable(unfinished: Path, final: Path) -> None:
    sync_file(unfinished)
    make_folder(final.parent)
    unfinished.rename(final)
    sync_folder(final.parent)


def _list_instead(database: Database, listed: Listed, name: str, rows: int, now: datetime) -> None:
    """In the manifest the new file, where it holds anything, takes the old one's place."""
    with database.transaction() as cursor:
        if rows:
            cursor.execute(
                "INSERT INTO sealed_files SELECT * REPLACE ($name AS file, $rows AS rows,"
                " $bytes AS bytes, $version AS schema_version)"
                " FROM sealed_files WHERE file = $file",
                {
                    "name": name,
                    "rows": rows,
                    "bytes": (database.sealed / name).stat().st_size,
                    "version": SCHEMA_VERSION,
                    "file": listed.file,
                },
            )
        cursor.execute(
            "UPDATE sealed_files SET dropped_at = $now WHERE file = $file",
            {"now": naive(now), "file": listed.file},
        )
