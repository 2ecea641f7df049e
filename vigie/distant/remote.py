"""A prober at another location: checks what its collector lists, and sends home what it finds.

Everything it needs to go on by itself stands in its data folder: the monitors last listed, and the
spool of results not delivered.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from probes.check import Checker
from probes.monitor import Monitor, monitor_problems
from probes.prober import Prober
from store.admission import Admission
from store.journal_writer import JournalWriter
from vigie.distant.link import Fault, Fetched, Link, Problem
from vigie.distant.meant import meant_for
from vigie.distant.sender import Sender
from vigie.distant.spool import Spool
from vigie.failures import CommandError
from vigie.folders import DataFolder, write_atomically
from vigie.prober_process import end_removed, prober_of
from vigie.settings import ProberSettings

WRITER = "probe"
KNOWN_FILE = "known.json"
REFRESH_S = 30.0
FIRST_RETRY_S = 2.0
LAST_DELIVERY_S = 5.0
"""How long stopping tries to deliver what is left; the rest waits in the spool."""
SPOOL_BYTES_MAX = 2_000_000_000
DISK_FREE_BYTES_MIN = 100_000_000

log = logging.getLogger("vigie.probe")


class Known(Struct, frozen=True, kw_only=True):
    """What the collector last listed, kept so that a start without it checks all the same."""

    location: str
    monitors: tuple[Monitor, ...] = ()
    tag: str = ""


async def run_remote(
    location: str, to: str, token: str, folder: DataFolder, stop: asyncio.Event
) -> None:
    """Check and deliver until `stop` is set; then deliver what it can in a moment.

    Raises CommandError when the collector lets nobody in under this token and none was known
    before, or the data folder is of another location; OSError.
    """
    known = read_known(folder.root, location)
    admission = Admission(folder.journal, DISK_FREE_BYTES_MIN, SPOOL_BYTES_MAX)
    journal = JournalWriter(folder.journal, WRITER, admit=admission)
    link = Link(to, location, token)
    checker = Checker()
    sender = Sender(Spool(folder.journal, location, folder.secret()), link)
    try:
        first = await _first(link, known, location, stop)
        if first is None:
            return
        known = first
        await _note(known, folder, journal)
        settings = ProberSettings(location=location)
        prober = prober_of(settings, known.monitors, journal, checker)
        log.info("watching %d monitors from %s for %s", len(known.monitors), location, to)
        tasks = [
            asyncio.create_task(_refresh(link, known, folder, journal, prober)),
            asyncio.create_task(sender.run()),
        ]
        try:
            await prober.run(stop)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(journal.close)
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_DELIVERY_S):
                await sender.deliver_all()
    finally:
        await link.close()
        await checker.aclose()
        await asyncio.to_thread(journal.close)
    log.info("ended; what is not delivered waits in %s", folder.journal)


def read_known(root: Path, location: str) -> Known:
    """What was last listed. Raises CommandError when it was for another location."""
    path = root / KNOWN_FILE
    try:
        known = msgspec.json.decode(path.read_bytes(), type=Known)
    except (FileNotFoundError, msgspec.DecodeError):
        return Known(location=location)
    if known.location != location:
        raise CommandError(
            f"{root} is the data folder of location {known.location}, not {location};"
            " give each location a --data of its own",
            code=2,
        )
    return known


async def _first(link: Link, known: Known, location: str, stop: asyncio.Event) -> Known | None:
    """What to begin with: as listed now, or as it was when the collector does not answer. None
    when told to stop before anything was ever known."""
    told = False
    while True:
        answer = await link.monitors(known.tag)
        if isinstance(answer, Fetched):
            return _taken(answer, location)
        if not isinstance(answer, Problem):
            return known
        if known.tag:
            log.error("checking what was listed before, since %s", answer.detail)
            return known
        if answer.fault is not Fault.DOWN:
            raise CommandError(answer.detail)
        if not told:
            log.error("nothing is known to check yet, and %s; trying again", answer.detail)
            told = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), FIRST_RETRY_S)
        if stop.is_set():
            return None


async def _refresh(
    link: Link, known: Known, folder: DataFolder, journal: JournalWriter, prober: Prober
) -> None:
    """Take up what the collector lists whenever it changes."""
    failing = False
    while True:
        await asyncio.sleep(REFRESH_S)
        answer = await link.monitors(known.tag)
        if isinstance(answer, Problem):
            if not failing:
                log.error("the list of monitors stays as it is: %s", answer.detail)
            failing = True
            continue
        failing = False
        if not isinstance(answer, Fetched):
            continue
        changed = _taken(answer, known.location)
        try:
            await _note(changed, folder, journal)
        except OSError as error:
            log.error("the list of monitors stays as it is: %s", error)
            continue
        known = changed
        prober.update(known.monitors)
        log.info("watching %d monitors now", len(known.monitors))


async def _note(known: Known, folder: DataFolder, journal: JournalWriter) -> None:
    """Make durable first that some are watched no longer, then what is known. Raises OSError."""
    await end_removed(ProberSettings(location=known.location), known.monitors, folder, journal)
    content = msgspec.json.encode(known)
    await asyncio.to_thread(write_atomically, folder.root / KNOWN_FILE, content, mode=0o600)


def _taken(answer: Fetched, location: str) -> Known:
    """What of the list can be checked: a newer collector may ask what this prober cannot do."""
    monitors = []
    for monitor in meant_for(location, answer.answer.monitors):
        if problems := monitor_problems(monitor):
            log.error(
                "%s cannot be checked: %s %s", monitor.id, problems[0].field, problems[0].what
            )
        else:
            monitors.append(monitor)
    return Known(location=location, monitors=tuple(monitors), tag=answer.tag)
