"""`vigie check-site`: what is wrong with rum.js on a page, and how to mend it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.failures import CommandError
from vigie.site_check.check import SiteCheck
from vigie.site_check.check import check_site as checked_site
from vigie.site_check.devtools import find_browser
from vigie.site_check.finding import Finding, Severity
from vigie.site_check.known import known

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "dim"}


def check_site(
    url: Annotated[str, typer.Argument(help="A page of the site: https://www.example.com/shop")],
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
    browser: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="A Chromium, Chrome or Edge.  [default: the first installed]"
        ),
    ] = "",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Read the page's HTML only.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check how rum.js is installed on a page.

    Says what is wrong, where, and the line that mends it; sends a test beacon, which no figure
    counts, and looks for it in the running console's store.
    Exit code 0: no error. 1: at least one. 2: asked wrongly.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CommandError(f'"{url}" is no URL; give one such as https://www.example.com', code=2)
    chosen = "" if no_browser else browser or find_browser()
    with _progress(shown=not as_json) as say:
        result = checked_site(url, known(config, data), chosen, say)
    if as_json:
        print(msgspec.json.encode(result).decode())
    else:
        _show(result)
    sys.exit(0 if result.ok else 1)


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[str], None]]:
    """What is being done, on standard error."""
    console = Console(stderr=True, quiet=not shown, highlight=False)
    with console.status("starting") as status:

        def say(text: str) -> None:
            status.update(Text(text))
            if not console.is_terminal:
                console.print(Text(f"{text} ..."))

        yield say


def _show(result: SiteCheck) -> None:
    out = Console(highlight=False, soft_wrap=True)
    for finding in result.findings:
        out.print(_lines(finding))
    counts = {
        severity: sum(each.severity is severity for each in result.findings)
        for severity in (Severity.ERROR, Severity.WARNING)
    }
    said = ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in counts.items() if n)
    how = "opened in a browser" if result.rendered else "its HTML read"
    out.print(Text(f"{result.url} ({how}): {said or 'nothing wrong'}"))


def _lines(finding: Finding) -> Text:
    text = Text()
    text.append(f"{finding.severity}", style=_STYLES[finding.severity])
    text.append(f"  {finding.what}\n")
    if finding.where:
        text.append(f"  where: {finding.where}\n")
    if finding.mend:
        text.append(f"  mend:  {finding.mend}{':' if finding.line else ''}\n")
    for line in finding.line.splitlines():
        text.append(f"    {line}\n", style="cyan")
    return text
