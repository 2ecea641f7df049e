"""Where sessions go from a page or event, or came from: numbers.md, "Paths".

A session counts once, from the first time that it came to the start within the window; a path that
starts at the session's edge is of the sessions that began (looking back: ended) within it. Views up
to 4 hours to either side of the window are read, the longest that a session lasts, so that none is
cut short there.
"""

from datetime import datetime, timedelta

from analytics.basis import Withheld
from analytics.path_differences import differences
from analytics.path_ends import ends
from analytics.path_nodes import Naming, counted
from analytics.path_steps import EVENT, NONE, Numbers, Runs, starts_at, starts_at_edge, walks
from analytics.path_views import PathViews, read_views, runs_among
from analytics.question import SiteScope, Window
from analytics.reports.paths_types import Direction, PathsReport, PathStart
from analytics.sampling import Days, Reading, basis, read
from analytics.times import to_us
from store.snapshot import Snapshot

DEFINITION = "paths"
STEPS_MAX = 5
TOP_DEFAULT, TOP_MAX = 6, 20
SESSION_MAX = timedelta(hours=4)


def paths(
    snapshot: Snapshot,
    scope: SiteScope,
    window: Window,
    start: PathStart,
    *,
    now: datetime,
    steps: int = STEPS_MAX,
    top: int = TOP_DEFAULT,
    level: str = "",
    compare: tuple[str, str] | None = None,
    sample: float | None = None,
) -> PathsReport:
    """Paths of at most `steps` steps, the start among them; around it half of them to either side.

    `top` pages a step, the rest together. `compare` names two levels to tell apart, by default the
    site's first and last; `level` keeps the sessions of one. Raises ValueError for a start that
    names both page and event, a direction around nothing, or a number out of range.
    """
    _check(start, steps, top)
    before, after = _reach(start.direction, steps)
    lead, tail = window.start - SESSION_MAX, min(window.end + SESSION_MAX, now)
    tail = max(tail, window.start)
    span_us = to_us(window.start), to_us(window.end)
    pair = compare or ((scope.levels[0], scope.levels[-1]) if len(scope.levels) > 1 else ("", ""))

    def at(reading: Reading) -> PathsReport:
        views = read_views(snapshot, reading, Window(lead, tail), start.event, now)
        members = views.cohort.level.are(level) if level else None
        runs = runs_among(views, members)
        of_views = runs_among(views, members, views_only=True) if start.event else runs
        found = _starts(views, runs, start, span_us)
        walked = walks(runs, found, before, after, views.still_open)
        cohort = views.cohort.of(walked.session)
        naming = Naming(views.pages, start.event)
        count = counted(walked, cohort, naming, top)
        compared = () if level or not all(pair) else differences(count, cohort, pair)
        return PathsReport(
            basis=basis(snapshot, reading, DEFINITION, window),
            start=start,
            level=level,
            sessions=len(found),
            nodes=count.nodes,
            links=count.links,
            levels=pair if compared else ("", ""),
            differences=tuple(compared),
            **ends(views, of_views, span_us),
        )

    report, _ = read(snapshot, scope, Days(lead.date(), tail.date()), sample, at, _withheld)
    return report


def _check(start: PathStart, steps: int, top: int) -> None:
    if start.page and start.event:
        raise ValueError("paths start at a page or at an event, not at both")
    if start.direction is Direction.AROUND and not (start.page or start.event):
        raise ValueError("paths around nothing: name a page or an event")
    if not 2 <= steps <= STEPS_MAX:
        raise ValueError(f"a path has 2 to {STEPS_MAX} steps, not {steps}")
    if not 1 <= top <= TOP_MAX:
        raise ValueError(f"a step has 1 to {TOP_MAX} top pages, not {top}")


def _reach(direction: Direction, steps: int) -> tuple[int, int]:
    """How many steps before the start, and after it."""
    if direction is Direction.AROUND:
        return max(1, (steps - 1) // 2), max(1, (steps - 1) // 2)
    return (steps - 1, 0) if direction is Direction.BEFORE else (0, steps - 1)


def _starts(views: PathViews, runs: Runs, start: PathStart, span_us: tuple[int, int]) -> Numbers:
    if start.event:
        return starts_at(runs, EVENT, span_us)
    if start.page:
        known = start.page in views.pages
        return starts_at(runs, views.pages.index(start.page) if known else NONE, span_us)
    found = starts_at_edge(runs, start.direction, span_us)
    if start.direction is Direction.BEFORE:  # of sessions that are over
        found = found[~views.still_open[runs.session[found]]]
    return found


def _withheld(report: PathsReport) -> bool:
    """Whether some node's share is withheld that more sessions might show."""
    return not report.nodes or any(
        node.share.withheld not in (None, Withheld.NO_DATA) for node in report.nodes
    )
