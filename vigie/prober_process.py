"""The prober's process: checks on their schedule, results to the journal."""

import asyncio
import logging
from contextlib import suppress

import msgspec

from probes.check import Checker, now_us
from probes.monitor import Monitor
from probes.prober import Prober, ProberStatus
from probes.result import MonitorDefinition
from rum.metrics_text import Metric, counter, gauge
from store.journal_writer import JournalWriter
from vigie.distant.meant import meant_for
from vigie.figures import journal_figures, keep_telling, process_figures
from vigie.folders import DataFolder, write_atomically
from vigie.own_monitors import MONITORS, all_monitors
from vigie.own_things import Signature, UnreadableError
from vigie.settings import ProberSettings, Settings

NAME = "prober"
WATCHED_FILE = "watched.json"
LOOK_S = 1.0
"""How often the console's monitors are looked at for changes."""

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
        seen = MONITORS.signature(folder)
        monitors = monitors_to_watch(settings, folder)
        await end_removed(settings.prober, monitors, folder, journal)
        prober = prober_of(settings.prober, monitors, journal, checker)
        log.info("watching %d monitors from %s", len(monitors), settings.prober.location)
        reloading = asyncio.create_task(keep_reloading(prober, settings, folder, seen))
        telling = asyncio.create_task(
            keep_telling(folder.run, NAME, lambda: prober_figures(prober.status(), journal))
        )
        try:
            await prober.run(stop)
        finally:
            telling.cancel()
            reloading.cancel()
            with suppress(asyncio.CancelledError):
                await reloading
    finally:
        await checker.aclose()
        await asyncio.to_thread(journal.close)
    log.info("ended; the journal is flushed")


def monitors_to_watch(settings: Settings, folder: DataFolder) -> tuple[Monitor, ...]:
    """Those of the settings file and of the console that are checked from here.

    When the console's cannot be read, those of them that were watched last: a damaged file must
    not end the watch.
    """
    try:
        return meant_for(settings.prober.location, all_monitors(settings, folder))
    except UnreadableError as error:
        log.error("%s; the console's monitors are watched as they were", error)
    locked = {monitor.id for monitor in settings.monitors}
    before = watched(folder, settings.prober.location).monitors
    known = (*settings.monitors, *(m for m in before if m.guarded and m.id not in locked))
    return meant_for(settings.prober.location, known)


async def keep_reloading(
    prober: Prober, settings: Settings, folder: DataFolder, seen: Signature
) -> None:
    """Hand the prober the console's monitors whenever their file is no longer as it was `seen`."""
    while True:
        await asyncio.sleep(LOOK_S)
        if (now_seen := MONITORS.signature(folder)) == seen:
            continue
        seen = now_seen
        try:
            known = await asyncio.to_thread(all_monitors, settings, folder)
            monitors = meant_for(settings.prober.location, known)
            await asyncio.to_thread(remember, folder, settings.prober.location, monitors)
        except (UnreadableError, OSError) as error:
            log.error("the monitors stay as they are: %s", error)
            continue
        prober.update(monitors)
        log.info("watching %d monitors now", len(monitors))


def prober_figures(status: ProberStatus, journal: JournalWriter) -> list[Metric]:
    """What the prober says of itself."""
    counts = {
        "checks": ("Checks begun.", status.checks),
        "check_lag_seconds": ("How late checks were begun, together.", status.lag_s),
        "checks_lagged": ("Checks that came too late to say anything.", status.lagged),
        "checks_missed": ("Checks not made: the one before was in flight.", status.missed),
        "internal_errors": ("Checks that broke by a fault of ours.", status.internal_errors),
        "write_failures": ("Writes to the journal that failed.", status.write_failures),
        "records_dropped": ("Results given up because too many waited.", status.dropped),
    }
    gauges = {
        "monitors": ("Monitors watched.", status.monitors),
        "in_flight": ("Checks in flight.", status.in_flight),
        "unwritten": ("Records that wait for the journal.", status.unwritten),
        "check_lag_seconds_max": ("The latest begin of a check.", status.lag_s_max),
    }
    return [
        *(counter(f"vigie_prober_{name}_total", *each) for name, each in counts.items()),
        *(gauge(f"vigie_prober_{name}", *each) for name, each in gauges.items()),
        *journal_figures(journal),
        *process_figures(),
    ]


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


async def end_removed(
    settings: ProberSettings,
    monitors: tuple[Monitor, ...],
    folder: DataFolder,
    journal: JournalWriter,
) -> None:
    """End the time of monitors that were watched before, and are no longer among `monitors`.

    Without it they would count as not observed for ever. Raises OSError.
    """
    before = watched(folder, settings.location)
    kept = {monitor.id for monitor in monitors}
    for monitor in before.monitors:
        if monitor.id not in kept or before.location != settings.location:
            await journal.write(
                MonitorDefinition(
                    monitor=monitor, from_us=now_us(), location=before.location, removed=True
                )
            )
            log.info("%s is watched no longer from %s", monitor.id, before.location)
    # Only now: a crash before this line ends them once more, which changes nothing.
    write_watched(folder, Watched(settings.location, monitors))


def watched(folder: DataFolder, location: str) -> Watched:
    """What was watched last, as far as it was written down."""
    try:
        return msgspec.json.decode((folder.root / WATCHED_FILE).read_bytes(), type=Watched)
    except (FileNotFoundError, msgspec.DecodeError):
        return Watched(location, ())


def write_watched(folder: DataFolder, now_watched: Watched) -> None:
    write_atomically(folder.root / WATCHED_FILE, msgspec.json.encode(now_watched), mode=0o600)


def remember(folder: DataFolder, location: str, monitors: tuple[Monitor, ...]) -> None:
    """Add these to what was watched. Those taken out stay until the next start, which ends them
    once more: whether their end has reached the journal is not known here. Raises OSError."""
    now = {monitor.id for monitor in monitors}
    gone = (m for m in watched(folder, location).monitors if m.id not in now)
    write_watched(folder, Watched(location, (*monitors, *gone)))
