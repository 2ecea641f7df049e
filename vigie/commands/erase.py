"""`vigie erase`: one user, or one session, gone from every file."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from store.erasure_receipts import ErasureReceipt
from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.erasure_request import erase_by_console, erase_by_itself
from vigie.erasures import ErasureProblem, Stage
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.settings_file import load_settings


def erase(
    user: Annotated[str, typer.Option(help="The user, as the site calls them.")] = "",
    session: Annotated[str, typer.Option(help="The id of one session.")] = "",
    site: Annotated[str, typer.Option(help="Id of a site; needless where there is one.")] = "",
    wait_s: Annotated[
        float, typer.Option(help="Stop waiting after this; the erasure goes on.", min=1)
    ] = 600.0,
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Erase a user with all their sessions, or one session, and print the receipt.

    From the database, its log, sealed days, recordings, refused data and the journal; then every
    file is read, and only when no trace is found is it finished. It cannot be undone. Backups made
    before still hold it until they expire; a restore erases it again.
    """
    if not data.is_dir():
        raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
    if bool(user) == bool(session):
        raise CommandError("say whom to erase: --user or --session, one of them", code=2)
    asked = {"site": site, "user": user, "session": session}
    folder = DataFolder(data)
    console = Console(file=sys.stderr)
    with console.status("erasing") as spinner:
        status = erase_by_console(folder, asked, wait_s, lambda why: _show(spinner, why))
        if status is None:
            try:
                status = erase_by_itself(
                    folder,
                    load_settings(config),
                    asked,
                    wait_s,
                    lambda why: _show(spinner, why),
                )
            except ErasureProblem as problem:
                raise CommandError(str(problem), code=2) from problem
    if status.stage is not Stage.FINISHED or status.done is None:
        why = f": {status.why}" if status.why else ""
        raise CommandError(
            f"erasure {status.receipt} is not finished yet{why}; it goes on while the console runs,"
            " see Data > Erasure there"
        )
    for line in receipt_lines(status.done):
        print(line)


def receipt_lines(done: ErasureReceipt) -> list[str]:
    """The receipt as it is printed and kept."""
    removed = done.removed
    return [
        f"Receipt {done.receipt}: a {done.subject.value} of {done.site}, erased",
        f"  asked     {done.asked_at:%Y-%m-%d %H:%M:%S} UTC",
        f"  finished  {done.finished_at:%Y-%m-%d %H:%M:%S} UTC",
        f"  removed   {done.sessions:,} sessions: {removed.events:,} events,"
        f" {removed.summaries:,} summaries, {removed.replays:,} chunks of recordings,"
        f" {removed.frames:,} journal records, {removed.refused:,} refused parts",
        f"  masked    in {removed.masked:,} records of others that quoted them",
        f"  scanned   {done.scanned_files:,} files, {done.scanned_bytes:,} bytes: no trace",
        f"  tombstone {done.digest}",
    ]


def _show(spinner: Status, why: str) -> None:
    spinner.update(f"erasing: {why}" if why else "erasing")
