"""The loader: from the journal into the database, each record exactly once."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import duckdb
import pyarrow as pa
from msgspec import Struct

from rum.records import Batch
from store.admission import write_progress
from store.clock_watch import ClockWatch
from store.columns import batch_tables, check_tables, definition_tables, refusal_tables
from store.database import Database
from store.deletions import Cause, note_deletion
from store.deliveries import Deliveries, Unpacked, store_deliveries
from store.heartbeats import ping_tables, store_presence
from store.journal_reader import Segment, segments
from store.journal_round import Failure, Placed, Round, read_round
from store.repeats import HOUR_US, Keys, Repeats
from store.replays import replay_tables, unlink_chunk
from store.rows import Rows, insert
from store.settling import count_of
from store.times import microseconds, naive
from store.tombstones import Tombstones

BYTES_MAX = 64 * 1024 * 1024
"""Of the journal, a load: it takes one to two seconds."""
ROW_GROUP_EVENTS = 122_880
"""DuckDB's: a transaction of as many rows is written compressed into the database file. What is
smaller goes through the log first, and costs half as much again."""
EVENTS_MAX = ROW_GROUP_EVENTS
"""Of one load, but for what its last round brings more."""
ROUND_BYTES_MAX = 4 * 1024 * 1024
"""Of the journal, made into columns at a time: a beacon read takes 6 KB of memory."""

_log = logging.getLogger(__name__)


class Loaded(Struct, frozen=True, kw_only=True):
    """What one round stored. `repeats` counts batches, and results of probers elsewhere, dropped
    because they were stored already, `erased` batches and chunks of recordings whose session or
    user was erased, `failures` frames that could not be used, `backlog_bytes` what
    is left for the next round."""

    batches: int = 0
    events: int = 0
    checks: int = 0
    definitions: int = 0
    refusals: int = 0
    repeats: int = 0
    erased: int = 0
    failures: int = 0
    bytes: int = 0
    backlog_bytes: int = 0
    received_us: tuple[int, ...] = ()
    """When each batch stored was received."""


class _Load:
    """What one transaction is to store, gathered from rounds of reading."""

    def __init__(self) -> None:
        self.found = Round()
        """Without its batches, which are in `rows`."""
        self.rows = Rows()
        self.identities: set[tuple[str, int]] = set()
        self.keys: list[Keys] = []
        self.received_us: list[int] = []
        """When each batch was received."""
        self.events = 0
        self.repeats = 0
        self.erased = 0


class Loader:
    """Loads the journal, in one thread; the only one that may do so."""

    def __init__(
        self,
        database: Database,
        journal_folder: Path,
        *,
        segments_kept_h: float = 48.0,
        repeats_h: float = 25.0,
        tombstones: Tombstones | None = None,
        step: Callable[[str], None] = lambda name: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`repeats_h` must be over the age at which the collector refuses events as too old. After
        the clock was set, batches are known for that long again, whatever it says.

        What `tombstones` cover is not loaded: it is passed over, and counted.
        `step` is called with each step's name after it, for tests that stop there.
        """
        self._database = database
        self._folder = journal_folder
        self._segments_kept = timedelta(hours=segments_kept_h)
        self._repeats_us = round(repeats_h * HOUR_US)
        self._tombstones = tombstones
        self._step = step
        self._repeats = Repeats()
        self._deliveries = Deliveries()
        self._positions: dict[str, int] = {}
        self._progress: dict[str, int] = {}
        self._expired_us = 0
        self._clock_watch = ClockWatch(repeats_h * 3600, monotonic)
        self._knows_database = False

    def load_once(self, now: datetime, bytes_max: int = BYTES_MAX) -> Loaded:
        """Store about `bytes_max` bytes of the journal, and how far it came, in one transaction.

        Cheap when there is nothing new. When it raises, either nothing or all of it was stored;
        the next call finds out which.
        """
        if not self._knows_database:
            self._learn_database()
        self._knows_database = False
        listed = segments(self._folder)
        load = self._read(listed, bytes_max)
        self._step("read")
        loaded = self._store(listed, load, now)
        self._knows_database = True
        kept = self._remove_old_segments(listed, now)
        self._write_progress(kept)
        return loaded

    def _learn_database(self) -> None:
        with self._database.reading() as cursor:
            positions = cursor.execute("SELECT segment, position FROM cursors").fetchall()
            self._positions = dict(positions)
            self._repeats.rebuild(cursor)
            self._deliveries.rebuild(cursor)

    def _read(self, listed: Sequence[Segment], bytes_max: int) -> _Load:
        """About `bytes_max` bytes, a round at a time, so that few records are in memory at once."""
        load, left = _Load(), bytes_max
        while left > 0:
            positions = self._positions | load.found.positions
            found = read_round(listed, positions, min(left, ROUND_BYTES_MAX))
            load.erased += self._leave_out_erased(found)
            self._take_batches(load, found)
            load.found.add(found)
            if not found.positions or load.events >= EVENTS_MAX:
                break
            left -= ROUND_BYTES_MAX
        return load

    def _take_batches(self, load: _Load, found: Round) -> None:
        """Make rows of the round's batches, but for those that are known."""
        new = self._new_batches(load, found.batches)
        batches = load.rows.build(new, batch_tables)
        load.identities.update((batch.session, batch.batch) for batch in batches)
        load.keys.append(self._repeats.keys(batches))
        load.received_us += [batch.received_us for batch in batches]
        load.events += sum(len(batch.events) for batch in batches)
        load.repeats += len(found.batches) - len(new)
        found.batches = []

    def _store(self, listed: Sequence[Segment], load: _Load, now: datetime) -> Loaded:
        found, rows = load.found, load.rows
        positions = self._positions | found.positions
        steady = self._clock_watch.steady(now)
        left = {s.name: max(0, s.bytes - positions.get(s.name, 0)) for s in listed}
        behind = any(left[name] for name in left.keys() - found.waiting)
        expire_us = self._expire_us(now) if steady and not behind else 0
        delivered = self._deliveries.unpack(found.deliveries)
        checks = rows.build([*found.checks, *delivered.checks], check_tables)
        definitions = rows.build([*found.definitions, *delivered.definitions], definition_tables)
        refusals = rows.build(found.refusals, refusal_tables)
        rows.build(found.pings, ping_tables)
        rows.build(found.replays, replay_tables)
        found.failures += rows.failures
        if found.positions:
            self._commit(rows, found, delivered, now)
        # Only now: a batch whose transaction failed must not look like a repeat of itself.
        self._positions = positions
        self._repeats.add(load.keys)
        self._deliveries.add(delivered)
        if expire_us:
            self._forget(expire_us, now)
        return Loaded(
            batches=len(load.received_us),
            events=load.events,
            checks=len(checks),
            definitions=len(definitions),
            refusals=len(refusals),
            repeats=load.repeats + delivered.repeats,
            erased=load.erased,
            failures=len(found.failures),
            bytes=found.bytes,
            backlog_bytes=sum(left.values()),
            received_us=tuple(load.received_us),
        )

    def _commit(self, rows: Rows, found: Round, delivered: Unpacked, now: datetime) -> None:
        """Rows and how far the journal was read, in one transaction."""
        with self._database.transaction() as cursor:
            rows.insert(cursor)
            store_deliveries(cursor, delivered.changed)
            store_presence(cursor, [placed.record for placed in found.presence])
            self._step("rows inserted")
            _insert_failures(cursor, found.failures, now)
            _advance_cursors(cursor, found.positions, now)
            self._step("cursors advanced")
        self._step("committed")

    def _leave_out_erased(self, found: Round) -> int:
        """Take what tombstones cover out of the round; returns how many records that were."""
        stones = self._tombstones
        if stones is None or not stones.any():
            return 0
        batches = [placed for placed in found.batches if not stones.covers(placed.record)]
        chunks = [
            placed
            for placed in found.replays
            if not stones.covers_session(placed.record.site, placed.record.session)
        ]
        for placed in found.replays:
            if placed not in chunks:
                # Its collector had put the file in place before it told the journal.
                unlink_chunk(self._database.folder, placed.record)
        erased = len(found.batches) - len(batches) + len(found.replays) - len(chunks)
        found.batches, found.replays = batches, chunks
        return erased

    def _new_batches(self, load: _Load, found: Sequence[Placed[Batch]]) -> list[Placed[Batch]]:
        """Those of `found` that are neither stored nor in the load, the first of each identity."""
        first: dict[tuple[str, int], Placed[Batch]] = {}
        for placed in found:
            first.setdefault((placed.record.session, placed.record.batch), placed)
        unique = [placed for identity, placed in first.items() if identity not in load.identities]
        if not unique:
            return []
        with self._database.reading() as cursor:
            known = self._repeats.known(cursor, [placed.record for placed in unique])
        return [placed for index, placed in enumerate(unique) if index not in known]

    def _expire_us(self, now: datetime) -> int:
        """Where batches may be forgotten up to, in whole hours; 0 when they are already.

        Asked only when nothing is left to load: a retry may wait in the journal as long as we do.
        """
        before = (microseconds(now) - self._repeats_us) // HOUR_US * HOUR_US
        return before if before > self._expired_us else 0

    def _forget(self, expire_us: int, now: datetime) -> None:
        """Forget batches; another time while days are sealed or the database is copied."""
        if not self._database.files_lock.acquire(blocking=False):
            return
        try:
            with self._database.transaction() as cursor:
                note_deletion(cursor, Cause.RETIRED, _forget_batches(cursor, expire_us), now)
        finally:
            self._database.files_lock.release()
        self._repeats.expire(expire_us)
        self._expired_us = expire_us

    def _remove_old_segments(self, listed: Sequence[Segment], now: datetime) -> list[Segment]:
        """Unlink segments that are loaded, superseded and old enough; returns the others."""
        superseded_before = microseconds(now - self._segments_kept)
        kept = []
        for segment, following in zip_longest(listed, listed[1:]):
            if (
                not segment.last
                and following is not None
                and following.start_us <= superseded_before
                and self._positions.get(segment.name, 0) >= segment.bytes
            ):
                # The file first: a cursor without a file is harmless, a file without one is
                # loaded again.
                with self._database.segments_lock:
                    segment.path.unlink(missing_ok=True)
                with self._database.transaction() as cursor:
                    cursor.execute(
                        "DELETE FROM cursors WHERE segment = $segment", {"segment": segment.name}
                    )
                self._positions.pop(segment.name, None)
            else:
                kept.append(segment)
        return kept

    def _write_progress(self, listed: Sequence[Segment]) -> None:
        progress = {s.name: self._positions.get(s.name, 0) for s in listed}
        if progress == self._progress:
            return
        try:
            write_progress(self._folder, progress)
        except OSError as error:
            # The rows are stored; collectors see an older progress until this succeeds.
            _log.warning("the loader's progress could not be written: %s", error)
        else:
            self._progress = progress


def _insert_failures(
    cursor: duckdb.DuckDBPyConnection, failures: Sequence[Failure], now: datetime
) -> None:
    rows = {
        "segment": pa.array([failure.segment for failure in failures], pa.string()),
        "position": pa.array([failure.position for failure in failures], pa.uint64()),
        "reason": pa.array([failure.reason.value for failure in failures], pa.string()),
        "found_at": pa.array([naive(now)] * len(failures), pa.timestamp("us")),
    }
    insert(cursor, "load_failures", pa.table(rows))


def _advance_cursors(
    cursor: duckdb.DuckDBPyConnection, positions: dict[str, int], now: datetime
) -> None:
    for segment, position in positions.items():
        cursor.execute(
            "INSERT INTO cursors VALUES ($segment, $position, $now) ON CONFLICT (segment)"
            " DO UPDATE SET position = excluded.position, loaded_at = excluded.loaded_at",
            {"segment": segment, "position": position, "now": naive(now)},
        )


def _forget_batches(cursor: duckdb.DuckDBPyConnection, before_us: int) -> int:
    return count_of(
        cursor.execute(
            "DELETE FROM batches WHERE received < make_timestamp($before)", {"before": before_us}
        )
    )
