"""The collector notes that it is there, so that a missing call can be told from a lost one."""

import asyncio
import logging
from collections.abc import Callable

from probes.heartbeat import Presence
from store.journal_writer import JournalWriter
from vigie.settings import Settings

PERIOD_S = 5.0

log = logging.getLogger("vigie.collector")


async def keep_presence(
    settings: Callable[[], Settings],
    journal: JournalWriter,
    process: str,
    stop: asyncio.Event,
    clock_us: Callable[[], int],
) -> None:
    """Until `stop` is set, and once more then. Nothing is written while no monitor waits for calls.

    While the journal takes nothing no call can be taken either: presence begins anew after that.
    """
    since_us = clock_us()
    while True:
        until_us = clock_us()
        if any(monitor.kind == "heartbeat" for monitor in settings().monitors):
            try:
                await journal.write(
                    Presence(process=process, since_us=since_us, until_us=max(since_us, until_us))
                )
            except OSError as error:
                log.warning("presence cannot be noted: %s", error)
                since_us = clock_us()
        if stop.is_set():
            return
        try:
            async with asyncio.timeout(PERIOD_S):
                await stop.wait()
        except TimeoutError:
            pass
