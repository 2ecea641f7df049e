"""Keeps the store: loads the journal without pause, and runs a table of jobs, in threads."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from store.loader import ROW_GROUP_EVENTS, Loaded
from store.times import microseconds
from vigie.keeper_status import JobStatus, KeeperStatus
from vigie.process import yield_to_threads
from vigie.waits import WaitTally

LOAD_PERIOD_S = 0.2
LOAD_PERIOD_MAX_S = 5.0
"""Where a whole row group comes within this, it is waited for: it is loaded for much less."""
LOAD_ERROR_WAIT_S = 1.0
JOB_ERROR_WAIT_S = 60.0
"""A job that failed is tried again after this, or after its period when that is shorter."""
BESIDE_LOADING_NICENESS = 5
"""Of what reads beside the loader: where both want one processor it has a third of the loader's
time, or reports over a day that fills would hold up its filling."""
CATCH_UP_LOADS_MAX = 10
"""Loads after the order to stop; what is left then waits in the journal for the next start."""

log = logging.getLogger("vigie.keeper")


class JournalLoader(Protocol):
    def load_once(self, now: datetime) -> Loaded: ...


class Job(Struct, frozen=True, kw_only=True):
    """A line of the table: `run` is given the time and says what it did, "" for nothing."""

    name: str
    description: str
    period_s: float
    run: Callable[[datetime], str]
    prompt: bool = False
    """Runs apart from the others, so that a long one of them does not hold it up."""


class Keeper:
    """Started once, stopped once. No error ends its threads: it is logged, counted and shown.

    Jobs begin once the journal has been loaded to its end, so that no day is sealed while the
    rest of it still waits in the journal.
    """

    def __init__(
        self, loader: JournalLoader, jobs: Sequence[Job], clock: Callable[[], datetime]
    ) -> None:
        self._loader = loader
        self._jobs = list(jobs)
        self._clock = clock
        self._stopping = threading.Event()
        self._caught_up = threading.Event()
        self._lock = threading.Lock()
        self._waits = WaitTally()
        self._status = KeeperStatus(
            running=False,
            jobs=tuple(
                JobStatus(name=job.name, description=job.description, period_s=job.period_s)
                for job in jobs
            ),
        )
        self._threads = [
            threading.Thread(target=self._load_until_stopped, name="keeper: load", daemon=True),
            self._worker("keeper: jobs", prompt=False),
            self._worker("keeper: prompt jobs", prompt=True),
        ]

    def start(self) -> None:
        self._note(running=True, started=self._clock())
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Load what the journal holds, let a running job finish, and return when both are done."""
        self._stopping.set()
        self._caught_up.set()
        for thread in self._threads:
            thread.join()
        self._note(running=False)

    def status(self) -> KeeperStatus:
        """From any thread."""
        with self._lock:
            return self._status

    def _load_until_stopped(self) -> None:
        last_s = time.monotonic()
        while not self._stopping.is_set():
            before_s, last_s = last_s, time.monotonic()
            loaded = self._load()
            if loaded is None:
                self._stopping.wait(LOAD_ERROR_WAIT_S)
            elif not _more_waits(loaded):
                self._caught_up.set()
                took_s = time.monotonic() - last_s
                self._stopping.wait(pause_s(loaded.events, last_s - before_s, took_s))
        for _ in range(CATCH_UP_LOADS_MAX):
            loaded = self._load()
            if loaded is None or not _more_waits(loaded):
                return

    def _load(self) -> Loaded | None:
        """One load; None when it failed, which has then been noted."""
        begun, begun_s = self._clock(), time.monotonic()
        try:
            loaded = self._loader.load_once(begun)
        except Exception as error:  # the edge of a loop that must survive
            log.exception("loading the journal failed; trying again")
            self._note(
                load_errors=self.status().load_errors + 1,
                last_error=_words(error),
                last_error_at=self._clock(),
            )
            return None
        if loaded.received_us:
            stored_us = microseconds(begun) + round((time.monotonic() - begun_s) * 1e6)
            self._waits.add((stored_us - each) / 1e6 for each in loaded.received_us)
        self._note_load(loaded)
        return loaded

    def _note_load(self, loaded: Loaded) -> None:
        status, now = self.status(), self._clock()
        self._note(
            last_load=now,
            backlog_bytes=loaded.backlog_bytes,
            batches=status.batches + loaded.batches,
            events=status.events + loaded.events,
            checks=status.checks + loaded.checks,
            refusals=status.refusals + loaded.refusals,
            repeats=status.repeats + loaded.repeats,
            load_failures=status.load_failures + loaded.failures,
            last_error="",
            waits=self._waits.told() if loaded.received_us else status.waits,
        )

    def _worker(self, name: str, *, prompt: bool) -> threading.Thread:
        jobs = {number: job for number, job in enumerate(self._jobs) if job.prompt is prompt}
        niceness = 0 if prompt else BESIDE_LOADING_NICENESS
        return threading.Thread(
            target=self._work_until_stopped, args=(jobs, niceness), name=name, daemon=True
        )

    def _work_until_stopped(self, jobs: Mapping[int, Job], niceness: int) -> None:
        yield_to_threads(niceness)
        self._caught_up.wait()
        due = dict.fromkeys(jobs, time.monotonic())
        while not self._stopping.is_set():
            for number, job in jobs.items():
                if due[number] <= time.monotonic() and not self._stopping.is_set():
                    good = self._run(number, job)
                    wait_s = job.period_s if good else min(JOB_ERROR_WAIT_S, job.period_s)
                    due[number] = time.monotonic() + wait_s
            self._stopping.wait(max(0.0, min(due.values()) - time.monotonic()) if due else None)

    def _run(self, number: int, job: Job) -> bool:
        begun, begun_s = self._clock(), time.monotonic()
        self._note_job(number, last_start=begun)
        try:
            result = job.run(begun)
        except Exception as error:  # the edge of a loop that must survive
            log.exception("the job %s failed", job.name)
            self._note_job(
                number,
                last_error=_words(error),
                last_error_at=self._clock(),
                errors=self.status().jobs[number].errors + 1,
            )
            return False
        finally:
            self._note_job(
                number,
                last_end=self._clock(),
                last_duration_s=time.monotonic() - begun_s,
                runs=self.status().jobs[number].runs + 1,
            )
        if result:
            log.info("%s: %s", job.name, result)
            self._note_job(number, last_result=result)
        self._note_job(number, last_error="")
        return True

    def _note_job(self, number: int, **changes: object) -> None:
        with self._lock:
            jobs = list(self._status.jobs)
            jobs[number] = replace(jobs[number], **changes)
            self._status = replace(self._status, jobs=tuple(jobs))

    def _note(self, **changes: object) -> None:
        with self._lock:
            self._status = replace(self._status, **changes)


def pause_s(events: int, since_s: float, took_s: float) -> float:
    """How long to wait after a load that took `took_s`, when `events` came in the `since_s` before
    it: a moment, or until a little more than a row group has come, where that is soon."""
    full_s = 1.05 * ROW_GROUP_EVENTS * since_s / max(events, 1)
    return max(LOAD_PERIOD_S, full_s - took_s) if full_s <= LOAD_PERIOD_MAX_S else LOAD_PERIOD_S


def _more_waits(loaded: Loaded) -> bool:
    """A half-written last frame is a backlog too, but none that loading again at once would end."""
    return loaded.backlog_bytes > 0 and loaded.bytes > 0


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
