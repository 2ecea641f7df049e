"""`vigie report`: a report on the terminal, as JSON, or as CSV."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.failures import CommandError
from vigie.report_source import ask
from vigie.report_tables import rendered
from vigie.reporting.catalogue import REPORTS


def report(
    name: Annotated[
        str,
        typer.Argument(help=f"One of: {', '.join(REPORTS)}."),
    ],
    site: Annotated[str, typer.Option(help="Id of a site; needless where there is one.")] = "",
    monitor: Annotated[str, typer.Option(help="Id of a monitor; else all.")] = "",
    journey: Annotated[str, typer.Option(help="Id of a journey.")] = "",
    contract: Annotated[str, typer.Option(help="Id of a contract, or of its one monitor.")] = "",
    month: Annotated[
        str, typer.Option(help="Of a contract: 2026-03; else the one that runs.")
    ] = "",
    days: Annotated[str, typer.Option(help="The last so many days.  [default: 30]")] = "",
    start: Annotated[str, typer.Option(help="2026-03-31 or 2026-03-31T14:00Z.")] = "",
    end: Annotated[str, typer.Option(help="As --start; a day alone is included.")] = "",
    level: Annotated[str, typer.Option(help="Only this experience level.")] = "",
    sample: Annotated[str, typer.Option(help="Share of sessions to read, such as 0.2.")] = "",
    steps: Annotated[str, typer.Option(help="Of a funnel: page:/a,event:b")] = "",
    window_minutes: Annotated[str, typer.Option(help="To convert within.  [default: 60]")] = "",
    page: Annotated[str, typer.Option(help="Of speed: one page template.")] = "",
    device: Annotated[str, typer.Option(help="Of speed: desktop, phone or tablet.")] = "",
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", "-p", help="NAME=VALUE: whatever else the report takes; may be repeated."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print uptime, contract, funnel, speed or journey.

    Also: latency of one monitor, seen (pages and events of a site), refused (what was not taken).
    The running console is asked; only when none runs is the store opened itself.
    """
    if as_json and as_csv:
        raise CommandError("give --json or --csv, not both", code=2)
    asked = {
        "site": site,
        "monitor": monitor,
        "journey": journey,
        "contract": contract,
        "month": month,
        "days": days,
        "start": start,
        "end": end,
        "level": level,
        "sample": sample,
        "steps": steps,
        "window_minutes": window_minutes,
        "page": page,
        "device": device,
    }
    params = {key: value for key, value in asked.items() if value} | _named_values(param or [])
    answer = ask(name, params, "csv" if as_csv else "json", data, config)
    if as_json or as_csv:
        sys.stdout.write(answer if answer.endswith("\n") else f"{answer}\n")
    else:
        Console(highlight=False).print(rendered(name, answer))


def _named_values(texts: list[str]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise CommandError(
                f"--param {text} has no value; give it as --param NAME=VALUE", code=2
            )
    return dict(text.split("=", 1) for text in texts)
