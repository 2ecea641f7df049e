"""How a site or a journey was lived, as pages ask for it."""

from collections.abc import Mapping

from analytics.reports.perceived_types import PerceivedReport
from store.snapshot import Snapshot
from vigie.console.console import Console
from vigie.console.scope import Scope
from vigie.reporting.catalogue import run_report

FRESH_S = 5.0
LISTED_FRESH_S = 60.0
"""Where it stands beside others."""


def perceived_answer(
    console: Console, scope: Scope, params: Mapping[str, str], fresh_s: float = FRESH_S
) -> PerceivedReport:
    """For the report's parameters, the scope's window among them."""

    def compute(snapshot: Snapshot) -> PerceivedReport:
        found = run_report("perceived", params, console.settings, snapshot, scope.now)
        assert isinstance(found, PerceivedReport)
        return found

    return console.answers.ask(("perceived", tuple(sorted(params.items()))), compute, fresh_s)
