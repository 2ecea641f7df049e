"""`vigie collector`: the public process alone, for those who supervise it otherwise."""

from typing import Annotated

import typer

from vigie.collector_process import run_collector
from vigie.commands.options import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    Config,
    Data,
    Descriptor,
    Log,
    LogFormat,
    Supervised,
)
from vigie.folders import DataFolder
from vigie.process import inherit_or_listen, run_process
from vigie.settings_file import load_settings


def collector(
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
    name: Annotated[
        str,
        typer.Option(help="Of its part of the journal; each collector needs one of its own."),
    ] = "collector",
    log_format: Log = LogFormat.PLAIN,
    supervised: Supervised = False,
    listen_on: Descriptor = None,
) -> None:
    """Run the collector alone.

    It serves rum.js and takes beacons, on the public port.
    `vigie serve` does this for you. Use it alone under systemd or in a container.
    """
    settings = load_settings(config)
    folder = DataFolder(data)
    listening = inherit_or_listen(listen_on, settings.collector.host, settings.collector.port)
    run_process(
        lambda stop: run_collector(settings, folder, listening, name, stop),
        supervised=supervised,
        log_json=log_format is LogFormat.JSON,
    )
