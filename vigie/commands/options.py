"""The options that several commands share, so that they mean and say the same everywhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = Path("vigie.toml")
DEFAULT_DATA = Path("vigie-data")

Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.", metavar="FILE")]
Data = Annotated[
    Path,
    typer.Option("--data", "-d", help="The data folder; made when missing.", metavar="FOLDER"),
]


class LogFormat(StrEnum):
    PLAIN = "plain"
    JSON = "json"


Log = Annotated[LogFormat, typer.Option("--log", help="How logs are written to standard error.")]
Supervised = Annotated[
    bool,
    typer.Option(
        "--supervised",
        help="End when standard input does. The supervisor's lifeline.",
        hidden=True,
    ),
]
Descriptor = Annotated[
    int | None,
    typer.Option(
        "--listen-on",
        help="Serve on this inherited listening socket instead of host and port.",
        hidden=True,
    ),
]
