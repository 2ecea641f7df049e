"""`vigie probe`: a prober at another location, which sends home what it finds."""

import asyncio
import ipaddress
import logging
import os
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from vigie.commands.options import Log, LogFormat, Supervised
from vigie.distant.remote import run_remote
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.process import run_process

DEFAULT_TOKEN_ENV = "VIGIE_LOCATION_TOKEN"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

log = logging.getLogger("vigie.probe")


def probe(
    location: Annotated[str, typer.Option(help="Its name in [[locations]].")],
    to: Annotated[str, typer.Option(help="Where the collector is reached, such as its https URL.")],
    data: Annotated[
        Path,
        typer.Option(
            "--data", "-d", help="Its own data folder; made when missing.", metavar="FOLDER"
        ),
    ] = Path("probe-data"),
    token_env: Annotated[
        str, typer.Option(help="The environment variable that holds the token.")
    ] = DEFAULT_TOKEN_ENV,
    token_file: Annotated[
        Path | None, typer.Option(help="A file that holds the token, instead.", metavar="FILE")
    ] = None,
    log_format: Log = LogFormat.PLAIN,
    supervised: Supervised = False,
) -> None:
    """Check from another location, and send the results home.

    It needs no settings: the collector lists what is to be checked from here. While the collector
    cannot be reached it goes on, and keeps the results in its data folder.
    """
    if not _NAME.fullmatch(location):
        raise CommandError(f'"{location}" is no name of a location; see [[locations]]', code=2)
    secure = _secure(to)
    token = _token(token_env, token_file)
    folder = DataFolder(data)

    async def main(stop: asyncio.Event) -> None:
        if not secure:
            log.warning("%s is not https: who listens on the way can read the token", to)
        await run_remote(location, to, token, folder, stop)

    run_process(main, supervised=supervised, log_json=log_format is LogFormat.JSON)


def _secure(to: str) -> bool:
    """Whether nobody on the way can read. Raises CommandError for what is no URL."""
    try:
        parts = urlsplit(to)
        host = parts.hostname or ""
        good = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise CommandError(f'--to: "{to}" is no URL such as https://vigie.example.com', code=2)
    if parts.scheme == "https" or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(variable: str, file: Path | None) -> str:
    if file is not None:
        token = file.read_text("utf-8").strip()
        source = str(file)
    else:
        token = os.environ.get(variable, "").strip()
        source = f"the environment variable {variable}"
    if not token or not token.isascii() or any(letter.isspace() for letter in token):
        raise CommandError(
            f"{source} holds no token; `vigie location-token` makes one for each location", code=2
        )
    return token
