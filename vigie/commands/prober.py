"""`vigie prober`: the probes alone, for those who supervise them otherwise."""

from vigie.commands.options import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    Config,
    Data,
    Log,
    LogFormat,
    Supervised,
)
from vigie.folders import DataFolder
from vigie.prober_process import run_prober
from vigie.process import run_process
from vigie.settings_file import load_settings


def prober(
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
    log_format: Log = LogFormat.PLAIN,
    supervised: Supervised = False,
) -> None:
    """Run the prober alone.

    It makes the checks of all monitors, each in its rhythm.
    `vigie serve` does this for you. Use it alone under systemd or in a container.
    """
    settings = load_settings(config)
    folder = DataFolder(data)
    run_process(
        lambda stop: run_prober(settings, folder, stop),
        supervised=supervised,
        log_json=log_format is LogFormat.JSON,
    )
