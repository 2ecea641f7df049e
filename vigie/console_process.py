"""The console's process: sole owner of the database; loads, keeps, and shows."""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from store.database import Database
from store.journal_rolling import request_roll
from store.loader import Loader
from store.times import microseconds
from store.tombstones import Tombstones
from vigie.alerts.service import Alerts
from vigie.backups import Backups
from vigie.console.access import one_time_link
from vigie.console.app import create_app
from vigie.console.context import ConsoleContext
from vigie.distant.heartbeat_job import Heartbeats
from vigie.erasures import Erasures, tombstones_of
from vigie.folders import DataFolder, address_of
from vigie.funnel_snapshots import FunnelSnapshots
from vigie.keeper import BESIDE_LOADING_NICENESS, Job, Keeper
from vigie.keeper_jobs import database_limits, keeper_jobs
from vigie.own_settings import OwnSettings
from vigie.prepared_answers import PreparedAnswers
from vigie.process import private_config, serve_app, yield_processors, yield_to_threads
from vigie.processes_at_work import hold_console_lock
from vigie.restoring import finish_restore
from vigie.settings import Settings

INVITED_FILE = "invited"
NICENESS = 5
"""Where processors are short, the collectors come first: they answer browsers, which give up."""
LATE_AND_MORE_H = 1.0
"""Identities of batches are kept longer than the collector takes late ones."""

log = logging.getLogger("vigie.console")


def utc_now() -> datetime:
    return datetime.now(UTC)


async def run_console(
    settings: Settings,
    folder: DataFolder,
    listening: socket.socket,
    stop: asyncio.Event,
    config: Path | None = None,
) -> None:
    """Serve until `stop` is set; then load what the journal still holds.

    `config` is the settings file, for backups. Raises DatabaseBusyError when another process has
    the database, DatabaseDamagedError when it cannot be opened.
    """
    yield_processors(NICENESS)
    # Arrow's own keeps what a load let go of: 80 MB, and loading costs a sixteenth more with it.
    pa.set_memory_pool(pa.system_memory_pool())
    for line in await asyncio.to_thread(finish_restore, folder):
        log.info("%s", line)
    database = await asyncio.to_thread(Database, folder.store, database_limits(settings))
    lock = hold_console_lock(folder)
    reader = OwnSettings(settings, folder)
    alerts = Alerts(reader.settings, database, utc_now)
    heartbeats = Heartbeats(
        reader.settings, folder, database, lambda: keeper.status().backlog_bytes
    )
    backups = Backups(settings, folder, database, config)
    tombstones = tombstones_of(folder)
    erasures = Erasures(
        settings,
        folder,
        database,
        tombstones,
        utc_now,
        roll_journal=lambda: request_roll(folder.journal, microseconds(utc_now())),
    )
    more_jobs = [
        *heartbeats.jobs(),
        *alerts.jobs(),
        *backups.jobs(),
        erasures.job(),
        FunnelSnapshots(settings, folder, database).job(),
        PreparedAnswers(reader.settings, folder, database).job(),
    ]
    keeper = keeper_of(
        settings, folder, database, utc_now, tombstones=tombstones, more_jobs=more_jobs
    )
    keeper.start()
    yield_to_threads(BESIDE_LOADING_NICENESS)  # the threads that answer are begun by this one
    try:
        await asyncio.to_thread(alerts.start)
        context = ConsoleContext(
            settings=settings,
            folder=folder,
            database=database,
            keeper_status=keeper.status,
            clock=utc_now,
            backups=backups,
            erasures=erasures,
        )
        address = address_of(listening)
        folder.record_address("console", address)
        app = create_app(context)
        log.info("serving on %s", address.url)
        _invite(folder, address.url)
        await serve_app(private_config(app), listening, stop)
    finally:
        await asyncio.gather(asyncio.to_thread(keeper.stop), asyncio.to_thread(alerts.stop))
        heartbeats.close()
        database.close()
        lock.release()
    log.info("ended; the journal is loaded")


def keeper_of(
    settings: Settings,
    folder: DataFolder,
    database: Database,
    clock: Callable[[], datetime],
    *,
    tombstones: Tombstones | None = None,
    more_jobs: Sequence[Job] = (),
) -> Keeper:
    """The keeper of one installation, not yet started."""
    loader = Loader(
        database,
        folder.journal,
        segments_kept_h=settings.store.segments_kept_h,
        repeats_h=settings.collector.late_h + LATE_AND_MORE_H,
        tombstones=tombstones,
    )
    return Keeper(loader, [*keeper_jobs(database, settings, folder.journal), *more_jobs], clock)


def _invite(folder: DataFolder, url: str) -> None:
    """At the first start of a data folder, say how to sign in; once, since logs are kept."""
    invited = folder.run / INVITED_FILE
    if invited.exists():
        return
    invited.touch()
    link = one_time_link(folder.run, url, utc_now())
    log.info("sign in once, within a day (another: vigie sign-in): %s", link)
