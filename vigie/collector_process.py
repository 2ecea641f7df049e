"""The collector's process: beacons, calls of jobs and results of probers elsewhere in, journal out.

It never opens the database.
"""

import asyncio
import logging
import socket

from rum.collector import create_app, now_us
from rum.limits import Limits
from rum.server import server_config
from rum.shared_names import SharedNames
from rum.site import Site
from rum.visitor import DaySalts
from store.admission import Admission
from store.journal_writer import JournalWriter
from store.replay_writer import ReplayWriter
from store.tombstone_watch import TombstoneWatch
from store.tombstones import FILE_NAME
from vigie.distant.app import distant_routes
from vigie.distant.presence import keep_presence
from vigie.figures import journal_figures, keep_telling, process_figures
from vigie.folders import STATIC, DataFolder, address_of
from vigie.own_settings import OwnSettings
from vigie.process import serve_app
from vigie.settings import Settings, SiteSettings

log = logging.getLogger("vigie.collector")


async def run_collector(
    settings: Settings,
    folder: DataFolder,
    listening: socket.socket,
    name: str,
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set; then finish the requests in flight and flush the journal.

    `name` is that of its part of the journal. Raises OSError, as when another process has it.
    """
    admission = Admission(
        folder.journal,
        settings.collector.disk_free_bytes_min,
        settings.collector.backlog_bytes_max,
    )
    journal = JournalWriter(folder.journal, name, admit=admission)
    replays = ReplayWriter(folder.store, journal, admit=admission)
    try:
        limits = limits_of(settings)
        app = create_app(
            [site_of(site) for site in settings.sites],
            limits,
            journal,
            folder.secret(),
            STATIC,
            more_metrics=lambda: [*journal_figures(journal, admission), *process_figures()],
            replays=replays,
            salts=DaySalts(folder.root / "visitors"),
            erased=TombstoneWatch(folder.root / FILE_NAME, folder.secret()),
            names=SharedNames(folder.root / "names"),
        )
        reader = OwnSettings(settings, folder)
        app.router.routes.extend(distant_routes(reader.settings, journal, folder.secret(), now_us))
        address = address_of(listening)
        folder.record_address("collector", address)
        log.info("serving on %s", address.url)
        config = server_config(
            app,
            limits,
            host=address.host,
            port=address.port,
            quick=app.state.beacons,
            loop="none",
            log_config=None,
        )
        present = asyncio.create_task(keep_presence(reader.settings, journal, name, stop, now_us))
        telling = asyncio.create_task(keep_telling(folder.run, name, app.state.figures))
        try:
            await serve_app(config, listening, stop)
            await present
        finally:
            present.cancel()
            telling.cancel()
    finally:
        await asyncio.to_thread(replays.close)
        await asyncio.to_thread(journal.close)
    log.info("ended; the journal is flushed")


def site_of(site: SiteSettings) -> Site:
    return Site(
        id=site.id,
        key=site.key,
        origins=site.origins,
        levels=site.levels,
        pages=site.pages,
        query_params_kept=site.query_params_kept,
        event_tokens_sha256=site.event_tokens_sha256,
        replay_rate=site.replay.rate,
        replay_error_rate=site.replay.error_rate,
        replay_chunks_max=site.replay.session_chunks_max,
        replay_bytes_max=site.replay.session_bytes_max,
    )


def limits_of(settings: Settings) -> Limits:
    collector = settings.collector
    return Limits(
        body_bytes_max=collector.body_bytes_max,
        inflated_bytes_max=collector.inflated_bytes_max,
        body_timeout_s=collector.body_timeout_s,
        headers_timeout_s=collector.headers_timeout_s,
        connections_max=collector.connections_max,
        trusted_proxies=collector.trusted_proxies,
        site_beacons_per_s=collector.site_beacons_per_s,
        address_beacons_per_s=collector.address_beacons_per_s,
        site_sessions_per_s=collector.site_sessions_per_s,
        address_sessions_per_s=collector.address_sessions_per_s,
        server_requests_per_s=collector.server_requests_per_s,
        pages_a_day_max=collector.pages_a_day_max,
        names_a_day_max=collector.names_a_day_max,
        attribute_keys_a_day_max=collector.attribute_keys_a_day_max,
        events_max=collector.events_max,
        late_h=collector.late_h,
    )
