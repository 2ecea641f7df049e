"""Sealing: a day's hot rows become Parquet files and their manifest, in one transaction.

A row of `events` is inserted and deleted, never updated: DuckDB sees no conflict between an UPDATE
and a DELETE of the same row, so a seal would undo it unseen.

Deleted values stay readable in a DuckDB file: a seal notes what it deleted, for `rewriting`.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from msgspec import Struct, field

from rum.bucket import bucket_end
from store.database import Database
from store.day_counts import count_day
from store.deletions import Cause, note_deletion
from store.sealed_files import (
    COLUMNS,
    COPY_OPTIONS,
    EMPTY_FILES,
    ORDER,
    SCHEMA_VERSION,
    UNFINISHED_FOLDER,
    file_name,
    make_folder,
    sync_file,
)
from store.segment import sync_folder
from store.settling import (
    Unit,
    count_of,
    people_sessions,
    settle_inclusion,
    settle_sessions,
)
from store.snapshot import Snapshot
from store.times import naive

SMALL_SITE_SESSIONS = 5_000
"""A day with fewer sessions is kept whole where the site's keeping rate is not set."""
TRIES_MAX = 5
"""Of one seal, while other transactions conflict with it."""
STEPS = (
    "begun",
    "copied sample",
    "copied rest",
    "copied summaries",
    "synced",
    "renamed",
    "folders synced",
    "counted",
    "deleted",
    "listed",
    "committed",
)
"""The steps of a seal, in order; a kill after any of them loses and doubles nothing."""

_RELATIONS = {
    "sample": "(SELECT events.* REPLACE (settled.level AS level, settled.bucket AS bucket)"
    " FROM events JOIN sealing_sessions AS settled USING (session)"
    " WHERE site = $site AND day = $day AND settled.bucket < $sample_end)",
    "rest": "(SELECT events.* REPLACE (settled.level AS level, settled.bucket AS bucket)"
    " FROM events JOIN sealing_sessions AS settled USING (session)"
    " WHERE site = $site AND day = $day AND settled.bucket >= $sample_end"
    " AND settled.bucket < floor(inclusion * 4294967296))",
    "summaries": "(SELECT summaries.* REPLACE (settled.level AS level, settled.bucket AS bucket),"
    " settled.inclusion"
    " FROM hot_summaries() AS summaries JOIN sealing_sessions AS settled USING (session)"
    " WHERE site = $site AND day = $day)",
}
"""The rows of each content of a day's files."""

_log = logging.getLogger(__name__)


class SealPolicy(Struct, frozen=True, kw_only=True):
    """How a site's days are sealed: the rate that reports read, and the rates kept in detail.

    `keep` is everybody's; unset: `sample`, or everything on a day with fewer than
    SMALL_SITE_SESSIONS. Of sessions of a level, and of those with an error, more may be kept.
    `unit` user: all sessions of one user are in the sample, or none.
    """

    site: str
    sample: float = 0.2
    keep: float | None = None
    keep_by_level: Mapping[str, float] = field(default_factory=dict)
    """By experience level; "undeclared" is one."""
    keep_errors: float | None = None
    attributes: tuple[str, ...] = ()
    """Of events, to be counted by their values."""
    unit: Unit = "session"


class Sealed(Struct, frozen=True, kw_only=True):
    """What one seal did: of `events` hot rows, `kept_events` went into detail. All zero when the
    day had no hot rows."""

    site: str
    day: date
    sessions: int = 0
    events: int = 0
    kept_events: int = 0
    keep: float = 0.0
    files: int = 0
    bytes: int = 0


def days_due(database: Database, now: datetime, hot_days: int) -> list[tuple[str, date]]:
    """The (site, day)s with rows from before the last `hot_days` whole days, oldest first."""
    with database.reading() as cursor:
        return cursor.execute(
            "SELECT DISTINCT site, day FROM events WHERE day < $hot ORDER BY day, site",
            {"hot": naive(now).date() - timedelta(days=hot_days)},
        ).fetchall()


def seal_day(
    database: Database,
    policy: SealPolicy,
    day: date,
    now: datetime,
    *,
    step: Callable[[str], None] = lambda name: None,
) -> Sealed:
    """Seal the hot rows of one site's day; rows of that day that come later make further files.

    `step` is called with the name of each of STEPS after it, for tests that stop there. Raises
    OSError and duckdb.Error: the day is then as it was, unless the COMMIT itself failed.
    """
    with database.files_lock:
        tries = 1
        while True:
            try:
                return _Seal(database, policy, day, now, step).run()
            except duckdb.TransactionException as error:
                if tries == TRIES_MAX:
                    raise
                tries += 1
                _log.info("sealing %s of %s once more: %s", day, policy.site, error)


def sweep_orphans(database: Database) -> int:
    """Unlink sealed files that no manifest row names, and count them.

    A kill amid sealing leaves such. For the start, but safe at any time. Raises OSError.
    """
    with database.files_lock:
        with database.reading() as cursor:
            rows = cursor.execute("SELECT file FROM sealed_files").fetchall()
        known = {file for (file,) in rows} | set(EMPTY_FILES.values())
        orphans = [
            path
            for path in database.sealed.rglob("*.parquet")
            if path.relative_to(database.sealed).as_posix() not in known
        ]
        for path in orphans:
            path.unlink()
        return len(orphans)


class _File(Struct, frozen=True):
    content: str
    name: str
    unfinished: Path
    final: Path
    rows: int


class _Rates(Struct, frozen=True):
    """Of a day: what reports read, what is kept of everybody, and the most of any session."""

    sample: float
    keep: float
    keep_most: float


class _Seal:
    """One try at sealing a day."""

    def __init__(
        self,
        database: Database,
        policy: SealPolicy,
        day: date,
        now: datetime,
        step: Callable[[str], None],
    ) -> None:
        self._database = database
        self._policy = policy
        self._day = day
        self._moment, self._now = now, naive(now)
        self._step = step
        self._token = secrets.token_hex(6)
        self._of_day: dict[str, Any] = {"site": policy.site, "day": day}
        self._paths: list[Path] = []

    def run(self) -> Sealed:
        in_doubt = False
        try:
            with self._database.transaction() as cursor:
                sealed = self._seal(cursor)
                in_doubt = True  # whatever is raised now, the COMMIT may have happened
        except BaseException:
            if not in_doubt:
                for path in self._paths:
                    path.unlink(missing_ok=True)
            raise
        self._step("committed")
        return sealed

    def _seal(self, cursor: duckdb.DuckDBPyConnection) -> Sealed:
        site, day = self._policy.site, self._day
        unit = self._unit(cursor)
        snapshot = Snapshot(cursor, self._database.sealed)
        sessions = settle_sessions(cursor, snapshot, site, day, unit)
        self._step("begun")
        if not sessions:
            return Sealed(site=site, day=day)
        rates = self._rates(cursor, people_sessions(cursor))
        files = [
            file
            for content in _RELATIONS
            if (file := self._copy(cursor, content, rates.sample)) is not None
        ]
        self._make_durable(files)
        count_day(cursor, site, day, self._policy.attributes)
        self._step("counted")
        # By the predicate of the copies, in their snapshot: what came in since stays hot.
        events = count_of(
            cursor.execute("DELETE FROM events WHERE site = $site AND day = $day", self._of_day)
        )
        note_deletion(cursor, Cause.SEALED, events, self._moment)
        self._step("deleted")
        size = sum(self._list(cursor, file, rates, unit) for file in files)
        cursor.execute("DROP TABLE sealing_sessions")
        self._step("listed")
        return Sealed(
            site=site,
            day=day,
            sessions=sessions,
            events=events,
            kept_events=sum(file.rows for file in files if file.content != "summaries"),
            keep=rates.keep,
            files=len(files),
            bytes=size,
        )

    def _unit(self, cursor: duckdb.DuckDBPyConnection) -> Unit:
        """What the day is sampled by, as at its first seal."""
        earlier = cursor.execute(
            "SELECT unit FROM sealed_files WHERE site = $site AND day = $day"
            " ORDER BY sealed_at LIMIT 1",
            self._of_day,
        ).fetchone()
        return earlier[0] if earlier else self._policy.unit

    def _rates(self, cursor: duckdb.DuckDBPyConnection, sessions: int) -> _Rates:
        """The day's rates; sampling and keeping are those of its first seal: late rows follow."""
        policy = self._policy
        earlier = cursor.execute(
            "SELECT sample, keep FROM sealed_files WHERE site = $site AND day = $day"
            " ORDER BY sealed_at LIMIT 1",
            self._of_day,
        ).fetchone()
        if earlier:
            sample, keep = earlier
        else:
            small = 1.0 if sessions < SMALL_SITE_SESSIONS else policy.sample
            sample = policy.sample
            keep = max(sample, small if policy.keep is None else policy.keep)
        most = settle_inclusion(cursor, keep, policy.keep_by_level, policy.keep_errors)
        return _Rates(sample, keep, most)

    def _copy(self, cursor: duckdb.DuckDBPyConnection, content: str, sample: float) -> _File | None:
        """Write one content's rows to an unfinished file; no file when there are none."""
        kind = "summaries" if content == "summaries" else "detail"
        name = file_name(kind, content, self._policy.site, self._day, self._token)
        unfinished = self._database.sealed / UNFINISHED_FOLDER / f"{content}-{self._token}.parquet"
        make_folder(unfinished.parent)
        self._paths.append(unfinished)
        ends = {} if content == "summaries" else {"sample_end": bucket_end(sample)}
        rows = count_of(
            cursor.execute(
                f"COPY (SELECT {COLUMNS[kind]} FROM {_RELATIONS[content]} ORDER BY {ORDER[kind]})"  # noqa: S608
                f" TO $path {COPY_OPTIONS}",
                {**self._of_day, **ends, "path": str(unfinished)},
            )
        )
        self._step(f"copied {content}")
        if not rows:
            unfinished.unlink()
            return None
        return _File(content, name, unfinished, self._database.sealed / name, rows)

    def _make_durable(self, files: list[_File]) -> None:
        for file in files:
            sync_file(file.unfinished)
        self._step("synced")
        for file in files:
            make_folder(file.final.parent)
            self._paths.append(file.final)
            file.unfinished.rename(file.final)
        self._step("renamed")
        for folder in {file.final.parent for file in files}:
            sync_folder(folder)
        self._step("folders synced")

    def _list(
        self, cursor: duckdb.DuckDBPyConnection, file: _File, rates: _Rates, unit: Unit
    ) -> int:
        """Put a file into the manifest; returns its bytes."""
        size = file.final.stat().st_size
        cursor.execute(
            "INSERT INTO sealed_files VALUES ($file, $content, $site, $day, $rows, $bytes,"
            " $sample, $keep, $schema_version, $sealed_at, NULL, $keep_most, $unit)",
            {
                **self._of_day,
                "file": file.name,
                "content": file.content,
                "rows": file.rows,
                "bytes": size,
                "sample": rates.sample,
                "keep": rates.keep,
                "keep_most": rates.keep_most,
                "schema_version": SCHEMA_VERSION,
                "sealed_at": self._now,
                "unit": unit,
            },
        )
        return size
