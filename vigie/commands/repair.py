"""`vigie repair`: a damaged store made whole, from what is left of it, a backup and the journal."""

from pathlib import Path
from typing import Annotated

import typer

from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.commands.progress import shown
from vigie.failures import CommandError
from vigie.repairing import repair_data
from vigie.settings_file import load_settings


def repair(
    backup: Annotated[
        Path | None,
        typer.Option(help="A backup, or a folder of them; else that of the settings."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Repair a damaged database, and say what was found and done.

    From the file itself where it can be read, else from the newest backup, and then from the
    journal. The damaged files are kept. Vigie must be stopped; what is sound is left alone.
    """
    if not data.is_dir():
        raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
    if backup is None and config.exists():
        folder = load_settings(config).backup.folder
        backup = Path(folder) if folder else None
    with shown("repairing") as show:
        for line in repair_data(data, backup, print, show):
            print(line)
