"""`vigie ready`: whether a journey is watched well enough to be released."""

import sys
from typing import Annotated

import msgspec
import typer

from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.readiness import ReadyReport
from vigie.report_source import ask


def ready(
    journey: Annotated[str, typer.Argument(help="Id of a journey.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Say whether a journey is watched well enough to be released; for a release pipeline.

    Ends with 0 when every check holds, with 1 when one does not, with 2 when it cannot be asked.
    """
    answer = ask("ready", {"journey": journey}, "json", data, config)
    report = msgspec.json.decode(answer, type=ReadyReport)
    if as_json:
        sys.stdout.write(answer if answer.endswith("\n") else f"{answer}\n")
    else:
        for check in report.checks:
            print(f"{'ok  ' if check.passed else 'FAIL'} {check.check}: {check.said}")
        print(f"{report.name} is {'ready' if report.ready else 'not ready'}")
    raise typer.Exit(0 if report.ready else 1)
