"""Records for tests of the store, and the rows they must become."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rum.records import Batch, Event, EventKind
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loaded, Loader
from store.records import Record
from store.times import microseconds

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()


class Maker:
    """Makes sessions and batches, the same ones for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)

    def session(self, bucket: int | None = None) -> str:
        last = self.random.getrandbits(32) if bucket is None else bucket
        return f"{self.random.getrandbits(96):024x}{last:08x}"

    def batch(
        self,
        *,
        session: str = "",
        site: str = "shop",
        number: int = 0,
        time: datetime = NOON,
        kinds: Sequence[str] = ("view", "vitals", "event"),
        **fields: Any,
    ) -> Batch:
        """One batch whose events are a second apart from `time` on, received at `time`."""
        return Batch(
            site=site,
            session=session or self.session(),
            batch=(7 << 20) + number,
            sent_us=microseconds(time),
            **{"received_us": microseconds(time), **fields},
            events=tuple(
                self.event(position, kind, time + timedelta(seconds=position))
                for position, kind in enumerate(kinds)
            ),
        )

    def event(self, position: int, kind: str, time: datetime) -> Event:
        return Event(
            position=position,
            kind=EventKind(kind),
            time_us=microseconds(time),
            client_us=microseconds(time),
            view=1,
            page="/listings/?",
            path=f"/listings/{position}",
            name={"event": "mandate_signed", "error": "TypeError"}.get(kind, ""),
            value=2.5 if kind == "event" else None,
            currency="EUR" if kind == "event" else "",
            lcp_ms=1200.5 if kind == "vitals" else None,
        )


class Journal:
    """A journal folder that tests write to, each time a new segment of the writer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._start_us = 1

    def write(self, *records: Record, writer: str = "collector", start_us: int = 0) -> None:
        self._start_us = max(start_us, self._start_us + 1)
        write_segments(self.folder, writer, records, start_us=self._start_us)


def load_all(loader: Loader, now: datetime = NOON, bytes_max: int = 4_000_000) -> list[Loaded]:
    """Rounds until nothing is left to load."""
    rounds = [loader.load_once(now, bytes_max)]
    while rounds[-1].bytes:
        rounds.append(loader.load_once(now, bytes_max))
    return rounds


def events_seen(
    database: Database, columns: str, *, site: str = "shop", rest: bool = True
) -> list[tuple[Any, ...]]:
    """What a report sees of a site's events: `columns` over all days, hot and sealed."""
    with database.snapshot() as snapshot:
        files = snapshot.detail_files([site], date(2000, 1, 1), date(2100, 1, 1), rest=rest)
        return snapshot.rows(
            f"SELECT {columns} FROM events_in($files) WHERE site = $site",
            {"files": files, "site": site},
        )


def summaries_seen(
    database: Database, columns: str, *, site: str = "shop"
) -> list[tuple[Any, ...]]:
    """What a report sees of a site's session summaries, hot and sealed."""
    with database.snapshot() as snapshot:
        files = snapshot.summary_files([site], date(2000, 1, 1), date(2100, 1, 1))
        return snapshot.rows(
            f"SELECT {columns} FROM summaries_in($files) WHERE site = $site",
            {"files": files, "site": site},
        )


def files_on_disk(database: Database) -> set[str]:
    """The sealed files there are, but for the empty ones, from the sealed folder."""
    names = {
        path.relative_to(database.sealed).as_posix() for path in database.sealed.rglob("*.parquet")
    }
    return {name for name in names if not name.startswith("empty-")}


def files_listed(database: Database) -> set[str]:
    """The sealed files of the manifest."""
    rows = database.cursor().execute("SELECT file FROM sealed_files").fetchall()
    return {file for (file,) in rows}
