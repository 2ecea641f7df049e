"""Batches seen in the last day, so that a retry already stored is not stored again.

Knows each batch by 64 bits in memory, in sorted runs by the hour it was received in, so that time
and memory stay bounded at 50 million batches; what looks known is made sure of in the `batches`
table, within that hour. An anti-join against the whole table takes 640 ms at 50 million rows.
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
"""8 bytes of memory each; beyond it the oldest hour is forgotten, and counted."""
RUN_KEYS_MAX = 2_000_000
"""Runs are not merged beyond this: merging two of half of it takes about 20 ms."""
REBUILD_ROWS = 500_000
HOUR_US = 3_600_000_000

_Words = npt.NDArray[np.uint64]
_Times = npt.NDArray[np.int64]


class Repeats:
    """Which batches are known. Not safe to share between threads.

    `add` what a transaction stored only after its COMMIT, or a failed load would make its own
    retry look like a repeat.
    """

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        # Salted, so that nobody can choose identities that look alike.
        self._salt = np.uint64(secrets.randbits(64))
        self._runs: dict[int, list[_Words]] = {}
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
        found: set[int] = set()
        for hour, runs in self._runs.items():
            like = np.zeros(len(looked_up), np.bool_)
            for run in runs:
                places = np.searchsorted(run, looked_up)
                places[places == len(run)] = 0
                like |= run[places] == looked_up
            if like.any():
                found |= _stored(cursor, batches, order[like].tolist(), hour)
        return found

    def add(self, batches: Sequence[Batch]) -> None:
        """Know these too; none of them is known yet."""
        received = np.array([batch.received_us for batch in batches], np.int64)
        self._add(self._fingerprints(*_identities(batches)), received)

    def expire(self, before_us: int) -> None:
        """Forget the hours that ended at or before `before_us`."""
        for hour in [hour for hour in self._runs if (hour + 1) * HOUR_US <= before_us]:
            self._keys -= self._drop(hour)

    def _add(self, fingerprints: _Words, received_us: _Times) -> None:
        hours = received_us // HOUR_US
        for hour in np.unique(hours).tolist():
            run = np.sort(fingerprints[hours == hour])
            self._keys += len(run)
            runs = self._runs.setdefault(hour, [])
            # Runs at least halve in length, so an hour has few of them and each key is merged a
            # bounded number of times.
            while runs and len(runs[-1]) < 2 * len(run) and len(runs[-1]) + len(run) < RUN_KEYS_MAX:
                run = np.concatenate((runs.pop(), run))
                run.sort(kind="stable")  # a merge: it finds the two runs
            runs.append(run)
        while self._keys > self._keys_max:
            forgotten = self._drop(min(self._runs))
            self._keys -= forgotten
            self.forgotten += forgotten

    def _drop(self, hour: int) -> int:
        return sum(len(run) for run in self._runs.pop(hour))

    def _fingerprints(self, sessions: bytes, batches: _Words) -> _Words:
        halves = np.frombuffer(sessions, np.uint64).reshape(-1, 2)
        mixed = _mix(batches + self._salt)
        mixed = _mix(mixed ^ halves[:, 0])
        return _mix(mixed ^ halves[:, 1])


def _identities(batches: Sequence[Batch]) -> tuple[bytes, _Words]:
    sessions = session_bytes([batch.session for batch in batches])
    return sessions, np.array([batch.batch for batch in batches], np.uint64)


def _mix(words: _Words) -> _Words:
    """The finalizer of splitmix64 (Steele, Lea, Flood 2014): each input bit moves every output."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _stored(
    cursor: duckdb.DuckDBPyConnection, batches: Sequence[Batch], indices: list[int], hour: int
) -> set[int]:
    """Those of `indices` whose batch is in the table, among those received in `hour`."""
    candidates = pa.table(
        {
            "index": pa.array(indices, pa.int64()),
            "session": uuid_array([batches[index].session for index in indices]),
            "batch": pa.array([batches[index].batch for index in indices], pa.uint64()),
        }
    )
    cursor.register("repeat_candidates", candidates)
    try:
        rows = cursor.execute(
            "SELECT index FROM repeat_candidates JOIN batches USING (session, batch)"
            " WHERE received >= make_timestamp($start) AND received < make_timestamp($end)",
            {"start": hour * HOUR_US, "end": (hour + 1) * HOUR_US},
        ).fetchall()
    finally:
        cursor.unregister("repeat_candidates")
    return {index for (index,) in rows}
