"""Recordings as the store lists them: rows, files, retention, erasure, what is left over."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import UUID

import pyarrow as pa
from msgspec import Struct

from rum.records import ReplayChunk
from store.columns import TIME_END_US, Tables, uuid_array
from store.database import Database
from store.replay_writer import REPLAYS_FOLDER, chunk_name
from store.settling import count_of

ORPHAN_AFTER = timedelta(days=2)
"""Younger files may still have their record in the journal."""

_TIME = pa.timestamp("us")


def replay_tables(chunks: Sequence[ReplayChunk]) -> Tables:
    """Rows of `replays`. Raises one of UNSTORABLE for a value out of range."""
    columns = {
        "site": pa.array([chunk.site for chunk in chunks], pa.string()),
        "day": pa.array([chunk.day for chunk in chunks], pa.date32()),
        "session": uuid_array([chunk.session for chunk in chunks]),
        "load": pa.array([chunk.load for chunk in chunks], pa.uint32()),
        "number": pa.array([chunk.number for chunk in chunks], pa.uint32()),
        "bytes": pa.array([chunk.bytes for chunk in chunks], pa.uint32()),
        "events": pa.array([chunk.events for chunk in chunks], pa.uint32()),
        "start_time": _times(chunk.start_us for chunk in chunks),
        "end_time": _times(chunk.end_us for chunk in chunks),
        "skew_us": pa.array([chunk.skew_us for chunk in chunks], pa.int64()),
        "reason": pa.array([chunk.reason.value for chunk in chunks], pa.string()),
        "received": _times(chunk.received_us for chunk in chunks),
    }
    return {"replays": pa.table(columns)}


def _times(values: Iterable[int]) -> pa.Array:
    times = list(values)
    if any(not 0 <= time < TIME_END_US for time in times):
        raise ValueError("a time lies between 1970 and 9999")
    return pa.array(times, pa.int64()).cast(_TIME)


class StoredChunk(Struct, frozen=True, kw_only=True):
    """A row of `replays`, and where its file is. Times are UTC; `skew_us` was added to them."""

    file: Path
    load: int
    number: int
    bytes: int
    events: int
    start: datetime
    end: datetime
    skew_us: int
    reason: str


def replay_chunks(database: Database, site: str, session: str) -> list[StoredChunk]:
    """A session's chunks in the order in which they were recorded. Raises duckdb.Error."""
    rows = database.cursor().execute(
        "SELECT day, load, number, bytes, events, start_time, end_time, skew_us, reason"
        " FROM replays WHERE site = $site AND session = $session"
        " ORDER BY min(start_time) OVER (PARTITION BY load), load, number",
        {"site": site, "session": session},
    )
    folder = database.folder / REPLAYS_FOLDER
    return [
        StoredChunk(
            file=folder / chunk_name(site, day, session, load, number),
            load=load,
            number=number,
            bytes=size,
            events=events,
            start=start.replace(tzinfo=UTC),
            end=end.replace(tzinfo=UTC),
            skew_us=skew_us,
            reason=reason,
        )
        for day, load, number, size, events, start, end, skew_us, reason in rows.fetchall()
    ]


def retire_replays(database: Database, first_kept: date) -> tuple[int, int]:
    """Remove the recordings of days before `first_kept`; returns the rows and folders that went.

    The files first: without its row a file would stay, unseen. Raises OSError and duckdb.Error.
    """
    folders = 0
    for day, folder in _day_folders(database):
        if day < first_kept:
            _remove_tree(folder)
            folders += 1
    with database.files_lock, database.transaction() as cursor:
        rows = count_of(
            cursor.execute(
                "DELETE FROM replays WHERE day < $first_kept", {"first_kept": first_kept}
            )
        )
    return rows, folders


def erase_replays(database: Database, site: str, sessions: Sequence[str]) -> int:
    """Remove every file and row of these sessions' recordings; returns how many files went.

    What is still in the journal comes back as rows without files: the caller's tombstones keep the
    loader from it. Raises ValueError for an id that is not 32 hex digits, OSError, duckdb.Error.
    """
    ids = {UUID(session).hex for session in sessions}
    erased = 0
    for _, folder in _day_folders(database, site):
        for session in ids:
            erased += len(list((folder / session).glob("*.gz")))
            _remove_tree(folder / session)
    with database.files_lock, database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM replays WHERE site = $site AND list_contains($sessions::UUID[], session)",
            {"site": site, "sessions": sorted(ids)},
        )
    return erased


def unlink_chunk(store: Path, chunk: ReplayChunk) -> None:
    """Remove the file of a chunk that no row will name. Raises OSError."""
    name = chunk_name(chunk.site, chunk.day, chunk.session, chunk.load, chunk.number)
    (store / REPLAYS_FOLDER / name).unlink(missing_ok=True)


def sweep_replays(database: Database, now: datetime) -> int:
    """Unlink chunks that no row names and no journal can name any more, and count them.

    Call it once the journal is loaded. Raises OSError and duckdb.Error.
    """
    before = (now - ORPHAN_AFTER).timestamp()
    swept = 0
    for day, folder in _day_folders(database):
        site = unquote(folder.parent.name)
        rows = database.cursor().execute(
            "SELECT session, load, number FROM replays WHERE site = $site AND day = $day",
            {"site": site, "day": day},
        )
        known = {
            chunk_name(site, day, session.hex, load, number)
            for session, load, number in rows.fetchall()
        }
        root = database.folder / REPLAYS_FOLDER
        for path in folder.rglob("*"):
            unknown = path.is_file() and path.relative_to(root).as_posix() not in known
            if unknown and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                swept += 1
    return swept


def _day_folders(database: Database, site: str = "") -> Iterator[tuple[date, Path]]:
    """Of one site, or of all: each day's folder."""
    pattern = f"{quote(site, safe='') if site else '*'}/*"
    for folder in sorted((database.folder / REPLAYS_FOLDER).glob(pattern)):
        try:
            yield date.fromisoformat(folder.name), folder
        except ValueError:  # not one of ours
            continue


def _remove_tree(folder: Path) -> None:
    """Without a race: a chunk that comes meanwhile makes another try, an hour later, remove it."""
    if folder.exists():
        shutil.rmtree(folder)
