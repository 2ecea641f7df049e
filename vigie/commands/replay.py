"""`vigie replay`: a session's recording as one file that plays it, in any browser, offline."""

from pathlib import Path
from typing import Annotated

import typer

from vigie.commands.options import DEFAULT_DATA, Data
from vigie.failures import CommandError
from vigie.folders import DataFolder, write_atomically
from vigie.report_source import fetch_recording

Session = Annotated[str, typer.Argument(help="The session's id: 32 hex digits.")]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The file to write.", metavar="FILE.html")
]


def replay(session: Session, output: Output, data: Data = DEFAULT_DATA) -> None:
    """Write a session's recording as one page that plays it, without any network.

    The running console is asked; it logs who looked. Start it with `vigie serve`.
    """
    if not data.is_dir():
        raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
    page = fetch_recording(session, DataFolder(data))
    # It shows what a person did: for its owner only.
    write_atomically(output, page, mode=0o600)
    print(f"wrote {output}: open it in a browser")
