"""What the hourly checks of the sites' samples found lately, on Home and on Data."""

from datetime import timedelta

from analytics.question import Window
from analytics.skew import SkewCheck, skew_found
from store.snapshot import Snapshot
from vigie.console.console import Console

SHOWN = timedelta(days=7)
SHOWN_MAX = 5


def skew_now(console: Console) -> list[SkewCheck]:
    """Failures of the last week, one a site and kind, latest first."""

    def compute(snapshot: Snapshot) -> list[SkewCheck]:
        now = console.context.clock()
        found = skew_found(snapshot, None, Window(now - SHOWN, now))
        return list({(each.site, each.what): each for each in reversed(found)}.values())[::-1]

    return console.answers.ask(("skew",), compute)[:SHOWN_MAX]
