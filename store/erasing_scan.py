"""Whether anything is left of erased sessions: every byte of every file is read for it.

Sealed files are compressed, and recordings too, so that no byte of an id shows in them: sealed
files are asked by query as well, and recordings stand under their session's name.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import duckdb
from msgspec import Struct

CHUNK_BYTES = 8 * 1024 * 1024
PLACES_SHOWN = 5

_UPPER_SIGN = 1 << 127
_HALF = (1 << 64) - 1


class Scan(Struct, frozen=True, kw_only=True):
    """`places` are the files, or tables, in which a trace was found."""

    files: int
    bytes: int
    places: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not self.places

    def words(self) -> str:
        more = len(self.places) - PLACES_SHOWN
        return ", ".join(self.places[:PLACES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def scan(
    folders: Sequence[Path],
    sessions: Iterable[str],
    texts: Iterable[str] = (),
    *,
    leave_out: Sequence[Path] = (),
) -> Scan:
    """Look through all files below `folders` for sessions, 32 hex digits, and other `texts`.

    In every form in which our files hold an id, texts in either case; names of files and folders
    count too. Files below `leave_out` are passed by. Raises OSError.
    """
    sessions = list(sessions)
    needles = [form for session in sessions for form in forms_of(session)]
    needles += [text.encode() for text in texts]
    names = {*sessions, *(_with_dashes(session) for session in sessions)}
    files = size = 0
    places = []
    for path in _files(folders, leave_out):
        try:
            read, found = _holds(path, needles)
        except FileNotFoundError:  # removed meanwhile, as an older segment of the journal is
            continue
        files += 1
        size += read
        if found or any(name in part for part in path.parts for name in names):
            places.append(path.name)
    return Scan(files=files, bytes=size, places=tuple(places))


def forms_of(session: str) -> list[bytes]:
    """A session id as text, with dashes or without; as 16 bytes; and as DuckDB keeps a UUID.

    That is a signed 128-bit number, its upper bit flipped so that it sorts, lower half first, each
    half little-endian.
    """
    number = int(session, 16)
    flipped = number ^ _UPPER_SIGN
    duckdb_form = (flipped & _HALF).to_bytes(8, "little") + (flipped >> 64).to_bytes(8, "little")
    return [
        session.encode(),
        _with_dashes(session).encode(),
        number.to_bytes(16, "big"),
        duckdb_form,
    ]


def _with_dashes(session: str) -> str:
    ends = (0, 8, 12, 16, 20, 32)
    return "-".join(session[a:b] for a, b in pairwise(ends))


def _files(folders: Sequence[Path], leave_out: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not any(path.is_relative_to(other) for other in leave_out):
                yield path


def _holds(path: Path, needles: Sequence[bytes]) -> tuple[int, bool]:
    """Bytes read of the file, and whether one of `needles` is among them."""
    overlap = max((len(needle) for needle in needles), default=1) - 1
    size = 0
    kept = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            size += len(chunk)
            window = kept + chunk
            lower = window.lower()
            if any(needle in window or needle in lower for needle in needles):
                return size, True
            kept = window[-overlap:] if overlap else b""
    return size, False


def rows_left(
    cursor: duckdb.DuckDBPyConnection, site: str, files: Sequence[str], sessions: Sequence[str]
) -> int:
    """Rows of a site's sessions in hot tables and its sealed `files`. Raises duckdb.Error."""
    asked = {"sessions": list(sessions)}
    erased = "(SELECT unnest($sessions)::UUID)"
    queries = [
        f"SELECT count(*) FROM {table} WHERE site = $site AND session IN {erased}"  # noqa: S608
        for table in ("events", "replays")
    ]
    count = sum(_number(cursor.execute(query, {**asked, "site": site})) for query in queries)
    # Batches name no site: those of a session that another site has too may be its own.
    count += _number(
        cursor.execute(
            f"SELECT count(*) FROM batches WHERE session IN {erased}"  # noqa: S608
            " AND session NOT IN (SELECT session FROM events)",
            asked,
        )
    )
    if files:
        count += _number(
            cursor.execute(
                "SELECT count(*)"  # noqa: S608
                " FROM read_parquet($files, hive_partitioning = false, union_by_name = true)"
                f" WHERE session IN {erased}",
                {**asked, "files": list(files)},
            )
        )
    return count


def sessions_elsewhere(
    cursor: duckdb.DuckDBPyConnection, site: str, sessions: Sequence[str]
) -> set[str]:
    """Those of the sessions that hot tables hold of other sites too. Raises duckdb.Error."""
    rows = cursor.execute(
        " UNION ".join(
            f"SELECT session FROM {table} WHERE site != $site"  # noqa: S608
            " AND session IN (SELECT unnest($sessions)::UUID)"
            for table in ("events", "replays")
        ),
        {"site": site, "sessions": list(sessions)},
    ).fetchall()
    return {session.hex for (session,) in rows}


def _number(answer: duckdb.DuckDBPyConnection) -> int:
    row = answer.fetchone()
    return int(row[0]) if row else 0
