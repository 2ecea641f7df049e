"""Source maps: kept by site and release, in files of their own that nobody but reports reads."""

import gzip
import hashlib
import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from msgspec import Struct

from store.database import Database
from store.segment import sync_folder
from store.settling import count_of
from store.snapshot import SOURCE_MAPS_FOLDER
from store.times import naive

ORPHAN_AFTER_S = 3600.0
"""A file this young may still get its row."""


class SourceMapLimits(Struct, frozen=True, kw_only=True):
    """`bytes_max` is of all maps and scripts together, before they are compressed."""

    file_bytes_max: int = 50_000_000
    bytes_max: int = 2_000_000_000


class SourceMapRelease(Struct, frozen=True, kw_only=True):
    """What is kept of one release. `seen_at` is when it was last heard of; None: never."""

    site: str
    release: str
    files: int
    bytes: int
    uploaded_at: datetime
    seen_at: datetime | None


class SourceMapRefusedError(Exception):
    """Why a map was not taken: what is wrong, and what would be right."""

    def __init__(self, what: str, right: str) -> None:
        super().__init__(f"{what} {right}")
        self.what = what
        self.right = right


def add_source_map(
    database: Database,
    of: tuple[str, str, str],
    source_map: bytes,
    script: bytes,
    now: datetime,
    limits: SourceMapLimits,
) -> None:
    """Keep the map of one script, in place of an earlier one; `of` are its site, release and path.

    Raises SourceMapRefusedError, and OSError.
    """
    site, release, path = of
    size = len(source_map) + len(script)
    for what, content in (("map", source_map), ("script", script)):
        if len(content) > limits.file_bytes_max:
            raise SourceMapRefusedError(
                f"The {what} of {path} has {len(content):,} bytes.",
                f"At most {limits.file_bytes_max:,} are taken: [source_maps] file_bytes_max.",
            )
    folder = database.folder / SOURCE_MAPS_FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    with database.reading() as cursor:
        kept = count_of(
            cursor.execute(
                "SELECT coalesce(sum(bytes), 0)::BIGINT FROM source_maps WHERE NOT"
                " (site = $site AND release = $release AND path = $path)",
                {"site": site, "release": release, "path": path},
            )
        )
    if kept + size > limits.bytes_max:
        raise SourceMapRefusedError(
            f"{kept:,} bytes of source maps are kept already.",
            f"At most {limits.bytes_max:,} are: remove old releases, or raise [source_maps]"
            " bytes_max.",
        )
    names = [_keep(folder, content) if content else "" for content in (source_map, script)]
    sync_folder(folder)
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO source_maps VALUES"
            " ($site, $release, $path, $map, $script, $bytes, $now)",
            {
                "site": site,
                "release": release,
                "path": path,
                "map": names[0],
                "script": names[1],
                "bytes": size,
                "now": naive(now),
            },
        )


def source_map_releases(database: Database) -> list[SourceMapRelease]:
    """What is kept, the latest uploaded first."""
    with database.reading() as cursor:
        rows = cursor.execute(
            "SELECT site, release, count(*), sum(bytes)::BIGINT, max(uploaded_at) AS uploaded,"
            " any_value(last_seen) FROM source_maps LEFT JOIN site_releases USING (site, release)"
            " GROUP BY site, release ORDER BY uploaded DESC, site, release"
        ).fetchall()
    return [
        SourceMapRelease(
            site=site,
            release=release,
            files=files,
            bytes=size,
            uploaded_at=uploaded.replace(tzinfo=UTC),
            seen_at=seen.replace(tzinfo=UTC) if seen else None,
        )
        for site, release, files, size, uploaded, seen in rows
    ]


def remove_source_maps(database: Database, site: str, release: str) -> int:
    """Forget a release's maps; returns how many. Their files go with the next sweep."""
    with database.transaction() as cursor:
        return count_of(
            cursor.execute(
                "DELETE FROM source_maps WHERE site = $site AND release = $release",
                {"site": site, "release": release},
            )
        )


def retire_source_maps(database: Database, now: datetime, days: int) -> int:
    """Forget maps of releases neither uploaded nor heard of for `days`; sweep files of none.

    Returns how many maps went. Raises OSError.
    """
    before = naive(now) - timedelta(days=days)
    with database.reading() as cursor:
        old = cursor.execute(
            "SELECT site, release FROM source_maps LEFT JOIN site_releases USING (site, release)"
            " GROUP BY site, release HAVING max(uploaded_at) < $before"
            " AND coalesce(max(last_seen), $before - INTERVAL 1 DAY) < $before",
            {"before": before},
        ).fetchall()
    gone = sum(remove_source_maps(database, site, release) for site, release in old)
    if not database.readers.any_before(database.readers.mark()):  # a backup takes them one by one
        with database.reading() as cursor:
            _sweep(cursor, database.folder / SOURCE_MAPS_FOLDER)
    return gone


def _keep(folder: Path, content: bytes) -> str:
    """Write a file, unless it is there; returns its name."""
    name = hashlib.sha256(content).hexdigest()
    path = folder / f"{name}.gz"
    if path.exists():
        path.touch()  # so that a sweep sees it as young
        return name
    unfinished = folder / f".{name}-{secrets.token_hex(4)}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(gzip.compress(content, compresslevel=6))
        file.flush()
        os.fsync(descriptor)
    unfinished.rename(path)
    return name


def _sweep(cursor: duckdb.DuckDBPyConnection, folder: Path) -> None:
    rows = cursor.execute("SELECT map, script FROM source_maps").fetchall()
    listed = {name for row in rows for name in row}
    for path in folder.iterdir() if folder.is_dir() else ():
        young = time.time() - path.stat().st_mtime < ORPHAN_AFTER_S
        if path.name.removesuffix(".gz") not in listed and not young:
            path.unlink()
