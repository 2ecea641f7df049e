"""Batches seen in the last day, so that a retry already stored is not stored again.

Knows each batch by 58 bits of a fingerprint and the minute it was received in, in sorted runs by
the hour, each behind a filter, so that time and memory stay bounded at 50 million batches. What
looks known is made sure of in the `batches` table, within that minute: its rows lie in the order
they came in, so DuckDB reads one or two groups of them. An anti-join against the whole table takes
640 ms at 50 million rows, and one against an hour of it 30 ms for each hour.
"""

import secrets
from collections.abc import Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rum.records import Batch
from store.columns import session_bytes, uuid_array

KEYS_MAX = 64_000_000
"""8 bytes of memory each, and 1 to 2 for the filter; beyond it the oldest hour is forgotten, and
counted."""
RUN_KEYS_MAX = 3_000_000
"""Runs are not merged beyond this: merging two of half of it takes about 30 ms, its filter too."""
FILTER_KEYS_MIN = 50_000
"""Shorter runs lie in the processor's cache, and are searched as they are."""
MINUTES_MAX = 12
"""In one hour; where what looks known lies in more of them, the whole hour is looked through, which
takes as long."""
REBUILD_ROWS = 500_000
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US

_MINUTE_BITS = np.uint64(63)
"""Of a key: the minute of the hour, the rest is the fingerprint."""

_Words = npt.NDArray[np.uint64]
_Times = npt.NDArray[np.int64]

Keys = tuple[_Words, _Times]
"""What batches are known by, and when they were received."""


class _Run:
    """Keys in order, and which starts of keys there are, as a bit each."""

    def __init__(self, keys: _Words) -> None:
        self.keys = keys
        self._bits: npt.NDArray[np.uint8] | None = None
        if len(keys) < FILTER_KEYS_MIN:
            return
        length = (8 * len(keys)).bit_length()  # at least 8 bits a key: one in nine passes, or fewer
        self._shift = np.uint64(64 - length)
        there = np.zeros(1 << length, np.bool_)
        there[keys >> self._shift] = True
        self._bits = np.packbits(there, bitorder="little")

    def __len__(self) -> int:
        return len(self.keys)

    def like(self, fingerprints: _Words) -> tuple[npt.NDArray[np.int64], _Words]:
        """Indices of those that look known, and the minute, once for each key that looks so."""
        indices = self._passing(fingerprints)
        wanted = fingerprints[indices]
        places = np.searchsorted(self.keys, wanted)
        found = [(indices[:0], wanted[:0])]
        # One that looks like several keys has them one after the other.
        while len(places):
            inside = places < len(self.keys)
            indices, wanted, places = indices[inside], wanted[inside], places[inside]
            keys = self.keys[places]
            same = (keys & ~_MINUTE_BITS) == wanted
            indices, wanted, places = indices[same], wanted[same], places[same] + 1
            found.append((indices, keys[same] & _MINUTE_BITS))
        return (
            np.concatenate([indices for indices, _ in found]),
            np.concatenate([minutes for _, minutes in found]),
        )

    def _passing(self, fingerprints: _Words) -> npt.NDArray[np.int64]:
        if self._bits is None:
            return np.arange(len(fingerprints))
        starts = (fingerprints >> self._shift).astype(np.int64)
        passing = self._bits[starts >> 3] >> (starts & 7).astype(np.uint8) & 1
        return np.flatnonzero(passing)


class Repeats:
    """Which batches are known. Not safe to share between threads.

    `add` what a transaction stored only after its COMMIT, or a failed load would make its own
    retry look like a repeat.
    """

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        # Salted, so that nobody can choose identities that look alike.
        self._salt = np.uint64(secrets.randbits(64))
        self._runs: dict[int, list[_Run]] = {}
        self._keys = 0
        self.forgotten = 0
        """Batches forgotten early because there were more than `keys_max`."""

    def __len__(self) -> int:
        return self._keys

    def rebuild(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Know exactly the batches of the `batches` table."""
        self._runs.clear()
        self._keys = 0
        rows = cursor.sql(
            "SELECT session::BLOB AS session, batch, epoch_us(received) AS received FROM batches"
        ).to_arrow_reader(REBUILD_ROWS)
        for chunk in rows:
            session, batch, received = chunk.columns
            # 16 bytes each, so the data buffer is the ids one after the other.
            packed = session.buffers()[2][16 * session.offset : 16 * (session.offset + len(chunk))]
            self._add(
                self._fingerprints(bytes(packed), batch.to_numpy(zero_copy_only=False)),
                received.to_numpy(zero_copy_only=False),
            )

    def known(self, cursor: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> set[int]:
        """The indices of those of `batches` that are stored already."""
        fingerprints = self._fingerprints(*_identities(batches))
        order = np.argsort(fingerprints)
        looked_up = fingerprints[order]
        slots: dict[int, set[int]] = {}
        candidates: set[int] = set()
        for hour, runs in self._runs.items():
            for run in runs:
                places, minutes = run.like(looked_up)
                if len(places):
                    candidates.update(order[places].tolist())
                    slots.setdefault(hour, set()).update(minutes.tolist())
        return _stored(cursor, batches, sorted(candidates), _spans(slots)) if slots else set()

    def keys(self, batches: Sequence[Batch]) -> Keys:
        """What these are to be known by."""
        received = np.array([batch.received_us for batch in batches], np.int64)
        return self._fingerprints(*_identities(batches)), received

    def add(self, keys: Sequence[Keys]) -> None:
        """Know these too; none of them is known yet."""
        if keys:
            fingerprints, received = zip(*keys, strict=True)
            self._add(np.concatenate(fingerprints), np.concatenate(received))

    def expire(self, before_us: int) -> None:
        """Forget the hours that ended at or before `before_us`."""
        for hour in [hour for hour in self._runs if (hour + 1) * HOUR_US <= before_us]:
            self._keys -= self._drop(hour)

    def _add(self, fingerprints: _Words, received_us: _Times) -> None:
        hours = received_us // HOUR_US
        keys = fingerprints | (received_us % HOUR_US // MINUTE_US).astype(np.uint64)
        for hour in np.unique(hours).tolist():
            run = np.sort(keys[hours == hour])
            self._keys += len(run)
            runs = self._runs.setdefault(hour, [])
            # Runs at least halve in length, so an hour has few of them and each key is merged a
            # bounded number of times.
            while runs and len(runs[-1]) < 2 * len(run) and len(runs[-1]) + len(run) < RUN_KEYS_MAX:
                run = np.concatenate((runs.pop().keys, run))
                run.sort(kind="stable")  # a merge: it finds the two runs
            runs.append(_Run(run))
        while self._keys > self._keys_max:
            forgotten = self._drop(min(self._runs))
            self._keys -= forgotten
            self.forgotten += forgotten

    def _drop(self, hour: int) -> int:
        return sum(len(run) for run in self._runs.pop(hour))

    def _fingerprints(self, sessions: bytes, batches: _Words) -> _Words:
        """With the bits of the minute clear."""
        halves = np.frombuffer(sessions, np.uint64).reshape(-1, 2)
        mixed = _mix(batches + self._salt)
        mixed = _mix(mixed ^ halves[:, 0])
        return _mix(mixed ^ halves[:, 1]) & ~_MINUTE_BITS


def _identities(batches: Sequence[Batch]) -> tuple[bytes, _Words]:
    sessions = session_bytes([batch.session for batch in batches])
    return sessions, np.array([batch.batch for batch in batches], np.uint64)


def _mix(words: _Words) -> _Words:
    """The finalizer of splitmix64 (Steele, Lea, Flood 2014): each input bit moves every output."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _spans(slots: dict[int, set[int]]) -> list[tuple[int, int]]:
    """From and until when to look, in microseconds, for the minutes of each hour."""
    spans = []
    for hour, minutes in slots.items():
        start = hour * HOUR_US
        if len(minutes) > MINUTES_MAX:
            spans.append((start, start + HOUR_US))
        else:
            spans += [(start + m * MINUTE_US, start + (m + 1) * MINUTE_US) for m in sorted(minutes)]
    return spans


def _stored(
    cursor: duckdb.DuckDBPyConnection,
    batches: Sequence[Batch],
    indices: list[int],
    spans: list[tuple[int, int]],
) -> set[int]:
    """Those of `indices` whose batch is in the table, among those received in one of the spans."""
    candidates = pa.table(
        {
            "index": pa.array(indices, pa.int64()),
            "session": uuid_array([batches[index].session for index in indices]),
            "batch": pa.array([batches[index].batch for index in indices], pa.uint64()),
        }
    )
    # One scan for each span: DuckDB skips what lies outside of one, but not outside of several.
    within = " UNION ALL ".join(
        f"(FROM batches WHERE received >= make_timestamp({start:d})"
        f" AND received < make_timestamp({end:d}))"
        for start, end in spans
    )
    cursor.register("repeat_candidates", candidates)
    try:
        rows = cursor.execute(
            f"SELECT index FROM repeat_candidates JOIN ({within}) USING (session, batch)"  # noqa: S608
        ).fetchall()
    finally:
        cursor.unregister("repeat_candidates")
    return {index for (index,) in rows}
