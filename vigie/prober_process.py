"""The prober's process: checks on their schedule, results to the journal."""

import asyncio
import logging

import msgspec

from probes.check import Checker, now_us
from probes.monitor import Monitor
from probes.prober import Prober
from probes.result import MonitorDefinition
from store.journal_writer import JournalWriter
from vigie.folders import DataFolder, write_atomically
from vigie.settings import ProberSettings, Settings

NAME = "prober"
WATCHED_FILE = "watched.json"

log = logging.getLogger("vigie.prober")


class Watched(msgspec.Struct, frozen=True):
    """What the prober last watched, and from where."""

    location: str
    monitors: tuple[Monitor, ...]


async def run_prober(settings: Settings, folder: DataFolder, stop: asyncio.Event) -> None:
    """Check until `stop` is set; then write down what is known, and flush the journal.

    Raises OSError, as when another prober runs on the data folder.
    """
    journal = JournalWriter(folder.journal, NAME)
    checker = Checker(resolver_threads=settings.prober.resolver_threads)
    try:
        await end_removed(settings, folder, journal)
        prober = prober_of(settings.prober, settings.monitors, journal, checker)
        log.info("watching %d monitors from %s", len(settings.monitors), settings.prober.location)
        await prober.run(stop)
    finally:
        await checker.aclose()
        await asyncio.to_thread(journal.close)
    log.info("ended; the journal is flushed")


def prober_of(
    settings: ProberSettings,
    monitors: tuple[Monitor, ...],
    journal: JournalWriter,
    checker: Checker,
) -> Prober:
    return Prober(
        monitors,
        journal,
        location=settings.location,
        checker=checker,
        in_flight_max=settings.in_flight_max,
        lag_limit_s=settings.lag_limit_s,
    )


async def end_removed(settings: Settings, folder: DataFolder, journal: JournalWriter) -> None:
    """End the time of monitors that were watched before, and are no longer in the settings.

    Without it they would count as not observed for ever. Raises OSError.
    """
    path = folder.root / WATCHED_FILE
    try:
        before = msgspec.json.decode(path.read_bytes(), type=Watched)
    except (FileNotFoundError, msgspec.DecodeError):
        before = Watched(settings.prober.location, ())
    kept = {monitor.id for monitor in settings.monitors}
    for monitor in before.monitors:
        if monitor.id not in kept or before.location != settings.prober.location:
            await journal.write(
                MonitorDefinition(
                    monitor=monitor, from_us=now_us(), location=before.location, removed=True
                )
            )
            log.info("%s is watched no longer from %s", monitor.id, before.location)
    # Only now: a crash before this line ends them once more, which changes nothing.
    now_watched = Watched(settings.prober.location, settings.monitors)
    write_atomically(path, msgspec.json.encode(now_watched), mode=0o600)
