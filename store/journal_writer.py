"""Writing the journal: records made durable in groups, one fdatasync for all that wait.

OSError
├── JournalUnavailableError   a record cannot be made durable now; `.reason` says why
└── JournalInUseError         another process writes under this name
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from store.admission import Unavailable
from store.frames import encode_frame
from store.journal_rolling import AGE_MAX_S, LOOK_EVERY_S, roll_due
from store.records import Record, encode
from store.segment import SEGMENT_BYTES_MAX, check_writer_name, create_segment, write_all

PENDING_BYTES_MAX = 32 * 1024 * 1024
REOPEN_AFTER_S = 1.0
MANY_RECORDS = 16
GATHER_S = 0.004
"""After a flush of many records, more are let come before the next: at 10,000 a second, flushing as
soon as could be took a fifth of the collector's processor time, most of it in switching threads."""

_fdatasync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync


log = logging.getLogger(__name__)


class JournalUnavailableError(OSError):
    """A record cannot be made durable now; nothing is known to be kept of it."""

    def __init__(self, reason: Unavailable, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class JournalInUseError(OSError):
    """Another process writes the journal under this name."""


Kept = Callable[[OSError | None], None]
"""Told that a record is on disk, by None, or why it cannot be."""

_Waiting = tuple[bytes, asyncio.AbstractEventLoop, Kept]


class JournalWriter:
    """One writer's growing segment, flushed by a thread of its own.

    Group commit: the thread takes all that waits, writes it at once, calls fdatasync once, wakes
    all those writers, and begins again. After an error all who waited are told, the segment is
    abandoned, never written to again (a failed fdatasync may have dropped pages that a second one
    calls clean), and a new one is opened a second later.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        segment_age_max_s: float = AGE_MAX_S,
        pending_bytes_max: int = PENDING_BYTES_MAX,
        admit: Callable[[], Unavailable | None] | None = None,
        sync: Callable[[int], None] = _fdatasync,
        clock_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Begin a new segment `<name>-<start>.journal` in `folder`, which is made if missing.

        `admit` is asked before each record and gives the reason not to take it. Raises
        JournalInUseError, other OSErrors, and ValueError for a name that cannot stand in a file's.
        """
        self._folder = folder
        self._name = check_writer_name(name)
        self._segment_bytes_max = segment_bytes_max
        self._segment_age_max_s = segment_age_max_s
        self._looked_s = time.monotonic()
        self._pending_bytes_max = pending_bytes_max
        self._admit = admit
        self._sync = sync
        self._clock_us = clock_us
        folder.mkdir(parents=True, exist_ok=True)
        self._lock_descriptor = lock_writer(folder, name)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._pending: list[_Waiting] = []
        self._pending_bytes = 0
        self._notifier: asyncio.AbstractEventLoop | None = None
        self._failure: OSError | None = None
        self._closed = False
        self._flushes = 0
        self._flushed_bytes = 0
        self._flushed_records = 0
        self._flush_s = 0.0
        try:
            self._open()
        except OSError:
            os.close(self._lock_descriptor)
            raise
        self._thread = threading.Thread(target=self._run, name=f"journal {name}", daemon=True)
        self._thread.start()

    async def write(self, record: Record) -> None:
        """Return once the record is on disk. Raises JournalUnavailableError when it cannot be."""
        future = asyncio.get_running_loop().create_future()
        self._queue(record, partial(_tell, future))
        await future

    def submit(self, record: Record, kept: Kept) -> None:
        """The same without waiting: `kept` is called once, in the running loop, now or later."""
        try:
            self._queue(record, kept)
        except JournalUnavailableError as error:
            kept(error)

    def _queue(self, record: Record, kept: Kept) -> None:
        if self._admit is not None and (reason := self._admit()) is not None:
            raise JournalUnavailableError(reason)
        frame = encode_frame(encode(record))
        loop = asyncio.get_running_loop()
        with self._lock:  # a condition's own way in takes longer, for each record
            if self._closed or self._failure is not None:
                raise self._closed_error()
            if self._pending_bytes + len(frame) > self._pending_bytes_max:
                raise JournalUnavailableError(Unavailable.QUEUE_FULL)
            self._pending.append((frame, loop, kept))
            self._pending_bytes += len(frame)
            if self._notifier is not loop:
                self._notifier = loop
                loop.call_soon(self._notify)

    def healthy(self) -> bool:
        """Whether a write begun now can succeed, as far as is known."""
        return (
            self._failure is None
            and not self._closed
            and self._thread.is_alive()
            and (self._admit is None or self._admit() is None)
        )

    def close(self) -> None:
        """Flush what waits and end the thread; later writes raise. Blocks for one flush or two."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._abandon()
        os.close(self._lock_descriptor)

    def metrics(self) -> dict[str, float]:
        """Since the start, by name: flushes, what they held, and the seconds they took."""
        return {
            "journal_flushes_total": self._flushes,
            "journal_flush_seconds_total": self._flush_s,
            "journal_flushed_bytes_total": self._flushed_bytes,
            "journal_flushed_records_total": self._flushed_records,
            "journal_pending_bytes": self._pending_bytes,
        }

    def _notify(self) -> None:
        with self._changed:
            self._notifier = None
            self._changed.notify()

    def _closed_error(self) -> JournalUnavailableError:
        if self._closed:
            return JournalUnavailableError(Unavailable.CLOSED)
        return JournalUnavailableError(Unavailable.WRITE_FAILED, str(self._failure))

    # What follows runs in the flusher's thread, but for the first _open and the last _abandon.

    def _run(self) -> None:
        taken: list[_Waiting] | None = []
        try:
            while (taken := self._take()) is not None:
                if taken:
                    self._flush(taken)
                    if len(taken) >= MANY_RECORDS:
                        time.sleep(GATHER_S)
                elif self._failure is not None:
                    self._reopen()
                self._roll_if_due()
        finally:  # by whatever way the thread ends, nobody is left waiting
            with self._changed:
                # Those in hand too; one that was told already is left alone.
                left, self._pending = [*(taken or ()), *self._pending], []
                self._failure = self._failure or OSError("the journal's flusher ended")
            _settle(left, JournalUnavailableError(Unavailable.WRITE_FAILED, str(self._failure)))

    def _take(self) -> list[_Waiting] | None:
        """All that waits; none after a second without any, or of failure; None when closed and
        nothing is left."""
        with self._changed:
            if self._failure is not None and not self._closed:
                self._changed.wait(REOPEN_AFTER_S)
                return []
            while not self._pending:
                if self._closed:
                    return None
                if not self._changed.wait(LOOK_EVERY_S):
                    return []
            taken, self._pending = self._pending, []
            self._pending_bytes = 0
            return taken

    def _flush(self, taken: list[_Waiting]) -> None:
        data = b"".join([frame for frame, _, _ in taken])
        begun = time.monotonic()
        try:
            if self._descriptor is None:
                raise self._failure or OSError("the journal has no open segment")
            write_all(self._descriptor, data)
            self._sync(self._descriptor)
        except OSError as error:
            self._fail(taken, error)
            return
        self._flush_s += time.monotonic() - begun
        self._flushes += 1
        self._flushed_bytes += len(data)
        self._flushed_records += len(taken)
        self._segment_bytes += len(data)
        _settle(taken, None)
        if self._segment_bytes >= self._segment_bytes_max:
            self._abandon()
            self._reopen()

    def _roll_if_due(self) -> None:
        """Leave a segment that holds anything when it is old, or somebody asked."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S or not self._segment_bytes:
            return
        self._looked_s = now_s
        if self._descriptor is None:
            return
        if roll_due(self._folder, self._begun_us, self._clock_us(), self._segment_age_max_s):
            self._abandon()
            self._reopen()

    def _fail(self, taken: list[_Waiting], error: OSError) -> None:
        with self._changed:
            self._failure = error
            taken = taken + self._pending
            self._pending = []
            self._pending_bytes = 0
        self._abandon()
        _settle(taken, JournalUnavailableError(Unavailable.WRITE_FAILED, str(error)))

    def _reopen(self) -> None:
        try:
            self._open()
        except OSError as error:
            self._failure = error
        else:
            self._failure = None

    def _open(self) -> None:
        self._descriptor: int | None = None
        self._segment_bytes = 0
        self._begun_us = self._clock_us()
        self._descriptor, self._path = create_segment(self._folder, self._name, self._begun_us)

    def _abandon(self) -> None:
        """Close the segment for good; one that never held a byte is removed."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        with contextlib.suppress(OSError):
            if os.fstat(descriptor).st_size == 0:
                self._path.unlink()
        with contextlib.suppress(OSError):
            os.close(descriptor)


def write_segments(folder: Path, name: str, records: Iterable[Record], *, start_us: int) -> int:
    """Write records in bulk, one fsync at the end of each segment; returns how many.

    For generated history and imports: `name` is a writer's of its own, `start_us` names the first
    segment. Raises JournalInUseError and other OSErrors; what was written before stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = lock_writer(folder, check_writer_name(name))
    count = 0
    try:
        frames = (encode_frame(encode(record)) for record in records)
        for chunk in _chunks(frames, SEGMENT_BYTES_MAX):
            descriptor, _ = create_segment(folder, name, start_us)
            try:
                for frame_group in _chunks(chunk, 1024 * 1024):
                    write_all(descriptor, b"".join(frame_group))
                    count += len(frame_group)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    finally:
        os.close(lock)
    return count


def _chunks(frames: Iterable[bytes], bytes_max: int) -> Iterable[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for frame in frames:
        chunk.append(frame)
        size += len(frame)
        if size >= bytes_max:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def lock_writer(folder: Path, name: str) -> int:
    """The descriptor that holds the lock of a writer's name, for as long as it is open.

    The system lets go of it when its process ends. Raises JournalInUseError when another has it.
    """
    path = folder / f"{name}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise JournalInUseError(f"another process writes the journal of {name}") from error
    return descriptor


def _settle(waiting: list[_Waiting], error: JournalUnavailableError | None) -> None:
    """Tell all that wait, each in its own loop; a loop that is gone has nobody to tell."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Kept]] = {}
    for _, loop, kept in waiting:
        by_loop.setdefault(loop, []).append(kept)
    for loop, told in by_loop.items():
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell_all, told, error)


def _tell_all(told: list[Kept], error: JournalUnavailableError | None) -> None:
    for kept in told:
        try:
            kept(None if error is None else JournalUnavailableError(error.reason, error.detail))
        except Exception:  # one that cannot bear the news must not keep it from the others
            log.exception("after a record was written")


def _tell(future: asyncio.Future[None], error: OSError | None) -> None:
    if future.done():  # its request was cancelled meanwhile
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
