"""`vigie backup`: a copy of everything, while Vigie runs."""

from pathlib import Path
from typing import Annotated

import typer

from store.backup_files import BackupUnreadableError
from vigie.backup_request import make_backup, verify_here
from vigie.backups import BackupDiffersError
from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.commands.progress import shown
from vigie.failures import CommandError
from vigie.folders import DataFolder


def backup(
    folder: Annotated[Path, typer.Argument(help="The folder of backups.")],
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Restore the newest there into scratch, and compare."),
    ] = False,
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Back up the store, the settings and the secret into a folder of its own in FOLDER.

    Vigie may run meanwhile. Sealed days and replays that the backup before holds are linked to it.
    With --verify nothing is backed up: what is there is restored into scratch and compared.
    """
    try:
        if verify:
            with shown("comparing") as show:
                good = verify_here(folder, show)
            print(f"{good}: restored into scratch, every file and table is equal")
            return
        if not data.is_dir():
            raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
        with shown("backing up") as show:
            made = make_backup(folder, DataFolder(data), config, verify=False, show=show)
    except (BackupUnreadableError, BackupDiffersError) as error:
        raise CommandError(str(error)) from error
    print(f"{made.folder}: {made.bytes:,} bytes")
