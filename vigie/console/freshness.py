"""How fresh the store is: when each kind of record last came, and whether any ever did."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from analytics.reports.freshness import FreshnessReport, freshness
from store.snapshot import Snapshot
from vigie.console.backups import backup_now
from vigie.console.console import Console


class FreshnessLine(Struct, frozen=True):
    name: str
    last: datetime | None


def freshness_now(console: Console) -> FreshnessReport:
    def compute(snapshot: Snapshot) -> FreshnessReport:
        return freshness(snapshot, console.context.clock())

    return console.answers.ask(("freshness",), compute)


def freshness_values(console: Console, fresh: FreshnessReport) -> dict[str, Any]:
    """What fresh.html shows."""
    lines = [
        FreshnessLine(f"Beacons, {site.name or site.id}", fresh.last_event(site.id))
        for site in console.settings.sites
    ]
    lines.append(FreshnessLine("Checks", fresh.last_check()))
    if console.settings.backup.folder:
        backup = backup_now(console)
        lines.append(FreshnessLine("Last backup", backup.last.made_at if backup.last else None))
    return {"freshness_lines": lines, "keeper": console.context.keeper_status()}
