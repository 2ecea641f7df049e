"""`vigie console`: the private process alone, for those who supervise it otherwise."""

from store.database import DatabaseBusyError, DatabaseDamagedError
from store.migration import NewerDatabaseError
from store.rehearsal import MigrationFailedError
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
from vigie.console_process import run_console
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.process import inherit_or_listen, run_process
from vigie.settings_file import load_settings


def console(
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
    log_format: Log = LogFormat.PLAIN,
    supervised: Supervised = False,
    listen_on: Descriptor = None,
) -> None:
    """Run the console alone.

    It loads the journal, keeps the store, and serves pages and the API.
    `vigie serve` does this for you. Use it alone under systemd or in a container.
    """
    settings = load_settings(config)
    folder = DataFolder(data)
    listening = inherit_or_listen(listen_on, settings.console.host, settings.console.port)
    try:
        run_process(
            lambda stop: run_console(settings, folder, listening, stop, config),
            supervised=supervised,
            log_json=log_format is LogFormat.JSON,
        )
    except (
        DatabaseBusyError,
        DatabaseDamagedError,
        MigrationFailedError,
        NewerDatabaseError,
    ) as error:
        raise CommandError(str(error)) from error
