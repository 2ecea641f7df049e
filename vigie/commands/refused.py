"""`vigie refused`: what was not accepted, why and when, and the latest ones with their part."""

import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console, Group
from rich.text import Text

from analytics.reports.refused import RefusedReport
from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.report_source import ask
from vigie.report_tables import frame_table, refused_total

HOURS_SHOWN = 24
LATEST_SHOWN = 10


def refused(
    site: Annotated[str, typer.Option(help='Id of a site; "-": none that could be told.')] = "",
    reason: Annotated[str, typer.Option(help="Only this reason, such as too_old.")] = "",
    days: Annotated[str, typer.Option(help="The last so many days.")] = "7",
    after: Annotated[str, typer.Option(help="Leave out so many of the latest.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print what was sent and not accepted: by reason, site and hour, and the latest ones.

    Of each reason and site a collector keeps ten a minute with the masked start of what came; the
    others are only counted, and said to be. The running console is asked; only when none runs is
    the store opened itself.
    """
    asked = {"site": site, "reason": reason, "days": days, "after": after}
    params = {name: value for name, value in asked.items() if value}
    answer = ask("refused", params, "json", data, config)
    if as_json:
        sys.stdout.write(answer if answer.endswith("\n") else f"{answer}\n")
    else:
        Console(highlight=False).print(told(msgspec.json.decode(answer, type=RefusedReport)))


def told(report: RefusedReport) -> Group | Text:
    """The report as the command prints it."""
    if not report.rows:
        return Text(f"nothing was refused since {report.start:%Y-%m-%d %H:%M} UTC")
    counts = report.frame()[["reason", "site", "count", "only_counted", "last"]]
    hours = report.hours_frame().head(HOURS_SHOWN)
    lines = [frame_table(counts), Text(refused_total(report), style="dim"), Text("")]
    lines += [Text("by hour, newest first", style="bold"), frame_table(hours)]
    if len(report.hours) > HOURS_SHOWN:
        lines.append(Text(f"and {len(report.hours) - HOURS_SHOWN:,} more, by --json", style="dim"))
    lines += [Text(""), Text("the latest of which more is known", style="bold")]
    for one in report.latest[:LATEST_SHOWN]:
        where = f" of {one.site}" if one.site else ""
        whence = f", from {one.origin}" if one.origin else ""
        lines.append(
            Text(f"{one.received:%Y-%m-%d %H:%M:%S} {one.reason}{where}{whence}: {one.detail}")
        )
        if one.part:
            lines.append(Text(f"    {one.part}", style="dim"))
    return Group(*lines)
