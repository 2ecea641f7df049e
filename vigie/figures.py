"""What each process tells of itself: figures in a file of the data folder, every few seconds.

The prober has no port, and collectors share one: by these files the console can tell of them all
at its own /metrics, one address to scrape, and on Data > Resources.
"""

import asyncio
import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from rum.metrics_text import Metric, counter, gauge
from store.admission import Admission
from store.journal_writer import JournalWriter

FOLDER = "figures"
TELL_EVERY_S = 5.0
OLD_AFTER_S = 30.0
"""A process that said nothing for longer is gone, or stuck."""

log = logging.getLogger("vigie.figures")

_PAGE_BYTES = resource.getpagesize()
_STARTED_S = time.time() - time.process_time()
"""As near as makes no difference to a share of CPU: starting is all work, and no waiting."""
_JOURNAL = {
    "journal_flushes_total": "Flushes of the journal, each one fdatasync.",
    "journal_flush_seconds_total": "Seconds that flushes took.",
    "journal_flushed_bytes_total": "Bytes flushed.",
    "journal_flushed_records_total": "Records flushed.",
    "journal_pending_bytes": "Bytes that wait for the next flush.",
}


class Told(Struct, frozen=True, kw_only=True):
    """What a process last said. `at_s` is seconds since the epoch."""

    process: str
    pid: int
    at_s: float
    metrics: tuple[Metric, ...]

    def value(self, name: str) -> float | None:
        """Of a metric with one figure; None when it has none of that name."""
        return next((each.samples[0].value for each in self.metrics if each.name == name), None)


def process_figures() -> list[Metric]:
    """Memory and CPU of this process, by the names that Prometheus's own clients give them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return [
        gauge("process_resident_memory_bytes", "Memory in use (resident).", resident_bytes()),
        counter(
            "process_cpu_seconds_total", "CPU time, user and system.", used.ru_utime + used.ru_stime
        ),
        gauge("process_start_time_seconds", "Start, seconds since the epoch.", _STARTED_S),
    ]


def resident_bytes() -> int:
    """Of this process; where there is no /proc, the most it ever had."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def journal_figures(journal: JournalWriter, admission: Admission | None = None) -> list[Metric]:
    """Of one writer of the journal, and of what it is admitted by."""
    known = journal.metrics()
    figures = [
        (counter if name.endswith("_total") else gauge)(f"vigie_{name}", help_, known[name])
        for name, help_ in _JOURNAL.items()
    ]
    if admission is not None:
        admission()  # measures, once a second at most
        figures += [
            gauge(
                "vigie_journal_backlog_bytes",
                "Journal not yet loaded.",
                admission.backlog_bytes,
            ),
            gauge(
                "vigie_journal_disk_free_bytes",
                "Free on the disk of the journal.",
                admission.disk_free_bytes,
            ),
        ]
    return figures


async def keep_telling(run: Path, process: str, figures: Callable[[], Sequence[Metric]]) -> None:
    """Write them every TELL_EVERY_S, until cancelled. A disk that refuses is told of once."""
    refused = False
    while True:
        try:
            await asyncio.to_thread(tell, run, process, figures())
            refused = False
        except OSError as error:
            if not refused:
                log.warning("figures of this process cannot be written: %s", error)
            refused = True
        await asyncio.sleep(TELL_EVERY_S)


def tell(run: Path, process: str, metrics: Sequence[Metric]) -> None:
    """Replace what the process said, without making it durable. Raises OSError."""
    folder = run / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    told = Told(process=process, pid=os.getpid(), at_s=time.time(), metrics=tuple(metrics))
    temporary = folder / f".{process}.json"
    temporary.write_bytes(msgspec.json.encode(told))
    os.replace(temporary, folder / f"{process}.json")


def told_by_processes(run: Path, now_s: float) -> list[Told]:
    """What every process said within OLD_AFTER_S, by name."""
    found = []
    for path in sorted((run / FOLDER).glob("[!.]*.json")):
        try:
            told = msgspec.json.decode(path.read_bytes(), type=Told)
        except (OSError, msgspec.DecodeError):
            continue
        if now_s - told.at_s <= OLD_AFTER_S:
            found.append(told)
    return found
