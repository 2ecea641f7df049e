"""`vigie serve`: the whole of Vigie under one supervisor."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Annotated

import typer

from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data, Log, LogFormat
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.locks import HeldError, Lock
from vigie.logs import set_up_logs
from vigie.processes_at_work import SERVE_LOCK
from vigie.serving import COLLECTORS_MAX, child_plans, open_sockets
from vigie.settings_file import load_settings
from vigie.supervisor import supervise

log = logging.getLogger("vigie.supervisor")


def serve(
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
    collectors: Annotated[
        int,
        typer.Option(
            min=1,
            max=COLLECTORS_MAX,
            help="How many collector processes share the port. Limits are held by each.",
        ),
    ] = 1,
    log_format: Log = LogFormat.PLAIN,
) -> None:
    """Run all of Vigie, and restart what dies.

    That is collector, prober and console, each a process of its own. SIGTERM or Ctrl-C ends them
    all, with nothing lost. Settings are read at the start: restart after changing them.
    """
    settings = load_settings(config)
    folder = DataFolder(data)
    as_json = log_format is LogFormat.JSON
    set_up_logs(as_json=as_json)
    with sole_supervisor(folder):
        sockets = open_sockets(settings, folder)
        addresses = folder.addresses()
        log.info("collector at %s", addresses["collector"].url)
        log.info("console at %s", addresses["console"].url)
        plans = child_plans(config, data, sockets, collectors=collectors, log=log_format.value)
        try:
            asyncio.run(supervise(plans, folder.run, as_json=as_json))
        finally:
            sockets.close()
    log.info("ended")


@contextlib.contextmanager
def sole_supervisor(folder: DataFolder) -> Iterator[None]:
    """Refuse a second supervisor on one data folder."""
    try:
        lock = Lock(folder.run / SERVE_LOCK)
    except HeldError as error:
        by = f" (process {error.pid})" if error.pid else ""
        raise CommandError(
            f"Vigie already runs on the data folder {folder.root}{by};"
            " end that one first, or give this one a folder of its own with --data"
        ) from error
    try:
        yield
    finally:
        lock.release()
