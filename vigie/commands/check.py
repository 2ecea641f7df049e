"""`vigie check`: one check now, with every phase timed."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from probes.check import Checker, now_us
from probes.monitor import Monitor, monitor_problems
from vigie.check_said import CheckSaid
from vigie.commands.options import DEFAULT_CONFIG, Config
from vigie.failures import CommandError
from vigie.settings_file import load_settings

INTERVAL_OVER_TIMEOUT = 2.0
"""A check by hand has no interval; one that long makes its monitor a valid one."""


def check(
    target: Annotated[
        str, typer.Argument(help="A URL, or the id of a monitor of the settings file.")
    ],
    config: Config = DEFAULT_CONFIG,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.001, max=3600, help="Seconds for the whole check.  [default: 10]"),
    ] = None,
    text: Annotated[str | None, typer.Option(help="Must stand in the body.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a URL or a monitor once, now.

    Shows where the time went.
    Exit code 0: it is up, though perhaps slow. 1: it is not, or nothing can be said of it.
    2: the check was asked wrongly.
    """
    monitor = monitor_asked(target, config, timeout, text)
    said = asyncio.run(checked(monitor))
    if as_json:
        print(msgspec.json.encode(said).decode())
    else:
        out = Console(highlight=False, soft_wrap=True)
        out.print(said.headline())
        out.print()
        out.print(said.table())
        for line in said.more():
            out.print(line)
    sys.exit(0 if said.up else 1)


def monitor_asked(target: str, config: Path, timeout: float | None, text: str | None) -> Monitor:
    """What to check. Raises CommandError for what cannot be."""
    is_url = "://" in target
    monitor = Monitor(id="check", url=target) if is_url else _of_settings(target, config)
    timeout_s = monitor.timeout_s if timeout is None else timeout
    monitor = msgspec.structs.replace(
        monitor,
        timeout_s=timeout_s,
        interval_s=max(monitor.interval_s, min(86_400.0, timeout_s * INTERVAL_OVER_TIMEOUT)),
        retry_interval_s=None,
        text=monitor.text if text is None else text,
    )
    if monitor.kind != "http":
        raise CommandError(
            f'"{monitor.id}" is a {monitor.kind}: it waits for a job to call, and checks nothing',
            code=2,
        )
    if problems := monitor_problems(monitor):
        words = "; ".join(f"{each.field}: {each.what}; give it {each.right}" for each in problems)
        raise CommandError(words, code=2)
    return monitor


async def checked(monitor: Monitor) -> CheckSaid:
    checker = Checker()
    try:
        result = await checker.check(monitor, due_us=now_us(), location="here")
    finally:
        await checker.aclose()
    return CheckSaid.of(monitor, result)


def _of_settings(id_: str, config: Path) -> Monitor:
    if not config.exists():
        raise CommandError(
            f'"{id_}" is no URL, and there is no {config} with a monitor of that id;'
            f" give a URL such as https://{id_}",
            code=2,
        )
    monitors = load_settings(config).monitors
    for monitor in monitors:
        if monitor.id == id_:
            return monitor
    known = ", ".join(f'"{monitor.id}"' for monitor in monitors) or "none"
    raise CommandError(
        f'"{id_}" is neither a URL nor a monitor of {config}; its monitors are {known}', code=2
    )
