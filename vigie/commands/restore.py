"""`vigie restore`: a store as a backup holds it, and the journal at hand on top."""

from pathlib import Path
from typing import Annotated

import typer

from store.backup_files import BackupUnreadableError
from vigie.commands.options import DEFAULT_DATA, Data
from vigie.commands.progress import shown
from vigie.failures import CommandError
from vigie.restoring import restore_data


def restore(
    folder: Annotated[
        Path, typer.Argument(help="A backup, or a folder of backups: then the newest.")
    ],
    data: Data = DEFAULT_DATA,
) -> None:
    """Restore a backup into an empty data folder.

    A data folder whose store is not empty is refused. When it holds a journal, what was written
    after the backup is loaded from it.
    """
    try:
        with shown("restoring") as show:
            done = restore_data(folder, data, show)
    except BackupUnreadableError as error:
        raise CommandError(str(error)) from error
    for line in done:
        print(line)
