"""Bench of reports: python -m bench.analytics [--events N] [--store FOLDER] [--only PART] [--anew].

A store is generated (bench.generated_store), or FOLDER's, made by it before, is read. Parts:
sample: a 20 % funnel against a full one; beside: funnel, paths and quantiles beside ClickHouse's;
flood: what one session of 200,000 events costs each report; pages: the console's pages, opened
first, cold, just after a restart and asked again. Ratios within one run.

A question asked first has its sealed days read; asked again, what they said to it is kept. What is
kept for all questions, such as files of the sessions that lie over midnights, is there from the
second round on: a time is the quickest of ROUNDS.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import TypeVar

from msgspec import Struct

from analytics.question import SiteScope, Step, Window
from analytics.reports.error_types import ErrorsReport
from analytics.reports.funnel import funnel
from analytics.reports.paths import SESSION_MAX, STEPS_MAX, TOP_MAX, paths
from analytics.reports.paths_types import PathsReport, PathStart
from analytics.reports.speed import speed
from analytics.reports.types import FunnelReport, SpeedReport
from bench.console_pages import pages_timed
from bench.generated_people import LEVELS, SIGNED, STEPS
from bench.generated_rows import FLOOD_SESSION, SITE
from bench.generated_store import generate
from bench.in_clickhouse import ClickHouse, write_hot
from store.database import Database
from store.day_answers import ANSWERS_FOLDER, STRADDLING
from store.snapshot import Snapshot
from vigie.reporting.catalogue import REPORTS, run_report
from vigie.settings import JourneySettings, Settings, SiteSettings, StepSettings

ROUNDS = 3
WINDOW_S = 3600.0
FLOOD = 200_000
FLOOD_EVENTS = 1_000_000
HOT_DAYS = 2
SCOPE = SiteScope(site=SITE, levels=LEVELS, sample=0.2)
START = PathStart(page=STEPS[0])
FUNNEL = (*(Step(page=page) for page in STEPS), Step(event=SIGNED))
SETTINGS = Settings(
    sites=(SiteSettings(id=SITE, key="bench", origins=("https://shop.test",), levels=LEVELS),),
    journeys=(
        JourneySettings(
            id="mandate",
            site=SITE,
            event=SIGNED,
            steps=(*(StepSettings(page=page) for page in STEPS), StepSettings(event=SIGNED)),
        ),
    ),
)
STEPS_ASKED = ",".join([*(f"page:{page}" for page in STEPS), f"event:{SIGNED}"])
PARAMS: Mapping[str, Mapping[str, str]] = {
    "funnel": {"steps": STEPS_ASKED, "compare": "before", "by": "quality,campaign"},
    "funnel_sessions": {"steps": STEPS_ASKED, "step": "1", "outcome": "reached"},
    "funnel_why": {"steps": STEPS_ASKED},
    "paths": {"around": f"page:{STEPS[0]}"},
    "vital": {"vital": "lcp"},
    "activity": {"event": SIGNED, "by": "level"},
    "clicks": {"page": STEPS[0]},
    "sessions": {"page": STEPS[0]},
    "session": {"session": FLOOD_SESSION},
}
"""Of reports that need some, or cost more with them. `error` is asked of the error met most."""
UNASKED = frozenset({"uptime", "latency", "contract", "funnel_days"})
"""These read no sessions, and the bench's settings have no monitors and no saved funnels."""

T = TypeVar("T")


def best(task: Callable[[], T], before: Callable[[], None] = lambda: None) -> tuple[float, T]:
    """The quickest of some rounds in seconds, and the answer."""
    times, answer = [], None
    for _ in range(ROUNDS):
        before()
        started = time.perf_counter()
        answer = task()
        times.append(time.perf_counter() - started)
    assert answer is not None
    return min(times), answer


class Took(Struct, frozen=True):
    """Seconds."""

    first: float
    again: float


class Kept:
    """What is kept in a store of what its sealed days said to questions."""

    def __init__(self, store: Path) -> None:
        self._folder = store / ANSWERS_FOLDER

    def forget(self) -> None:
        for path in self._folder.glob("*/*/*"):
            if STRADDLING not in path.name:
                path.unlink()

    def timed(self, task: Callable[[], T]) -> tuple[Took, T]:
        """A task that reads sealed days, first and again, and its answer."""
        first, answer = best(task, self.forget)
        again, _ = best(task)
        return Took(first, again), answer


class Asked:
    """The store's whole sealed window, and reports over it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        ((first, last),) = snapshot.rows("SELECT min(day), max(day) FROM sealed_files")
        self.window = Window(
            datetime(first.year, first.month, first.day, tzinfo=UTC),
            datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1),
        )
        self.now = self.window.end + timedelta(days=HOT_DAYS)

    def funnel(self, sample: float, window_s: float = WINDOW_S) -> FunnelReport:
        return funnel(
            self._snapshot,
            SCOPE,
            FUNNEL,
            self.window,
            convert_within_s=window_s,
            now=self.now,
            sample=sample,
        )

    def paths(self, sample: float) -> PathsReport:
        return paths(
            self._snapshot, SCOPE, self.window, START, now=self.now, top=TOP_MAX, sample=sample
        )

    def speed(self, sample: float) -> SpeedReport:
        return speed(self._snapshot, SCOPE, self.window, now=self.now, sample=sample)


def bench_sample(asked: Asked, kept: Kept) -> None:
    """Funnels that were never asked, by window: of the store others were."""
    windows_s = count(WINDOW_S + 1)
    funnels = [_first_and_again(asked, windows_s, sample) for sample in (1.0, 0.2)]
    _print_sample("funnel", *funnels)
    speeds = [kept.timed(partial(asked.speed, sample))[0] for sample in (1.0, 0.2)]
    _print_sample("speed", *speeds)


def _first_and_again(asked: Asked, windows_s: Iterator[float], sample: float) -> Took:
    first, _ = best(lambda: asked.funnel(sample, next(windows_s)))
    again, _ = best(lambda: asked.funnel(sample))
    return Took(first, again)


def _print_sample(name: str, full: Took, part: Took) -> None:
    print(f"{name + ', everything':<22}{full.first * 1000:>10,.0f} ms")
    print(f"  again               {full.again * 1000:>10,.0f} ms")
    print(f"  20 %                {part.first / full.first:>10.2f} of it")
    print(f"  20 %, again         {part.again / full.again:>10.2f} of that again", flush=True)


def bench_beside(asked: Asked, kept: Kept, other: ClickHouse, sealed: ClickHouse) -> None:
    """Counts are asserted to be the same: what is compared is the same work."""
    ours, report = kept.timed(lambda: asked.funnel(1.0))
    theirs, depths = best(lambda: other.funnel(WINDOW_S, asked.window))
    for number, step in enumerate(report.everyone.steps, 1):
        assert step.reached == sum(n for (_, depth), n in depths.items() if depth >= number)
    _print_beside("funnel", theirs, ours)
    span = Window(asked.window.start - SESSION_MAX, asked.window.end + SESSION_MAX)
    ours, walked = kept.timed(lambda: asked.paths(1.0))
    theirs, counted = best(lambda: other.paths(START, 0, STEPS_MAX - 1, asked.window, span))
    assert (walked.sessions, walked.began) == (counted.walks.total(), counted.entries.total())
    assert {each.page: each.sessions for each in walked.exits} == counted.exits
    _print_beside("paths", theirs, ours)
    ours, _ = kept.timed(lambda: asked.speed(1.0))
    theirs, _ = best(sealed.p75)
    _print_beside("p75s (ours: speed, with intervals)", theirs, ours)


def _print_beside(name: str, theirs: float, ours: Took) -> None:
    print(f"{name} in ClickHouse: {theirs * 1000:,.0f} ms")
    print(f"  ours                {ours.first / theirs:>10.2f} times that")
    print(f"  ours, again         {ours.again / theirs:>10.2f} times that", flush=True)


def bench_flood(folder: Path) -> None:
    """Each report over a store with the long session, and over the same one without."""
    now = datetime.now(UTC)
    seconds: list[dict[str, float]] = []
    for flood in (0, FLOOD):
        store = folder / f"flood-{flood}"
        generate(store, FLOOD_EVENTS, now=now, flood=flood)
        database = Database(store)
        with database.snapshot() as snapshot:
            seconds.append(reports_timed(snapshot, Kept(store), now, flooded=flood > 0))
        database.close()
    plain, flooded = seconds
    for name, took in flooded.items():
        more = took - plain.get(name, 0.0)
        print(f"{name:<22}{more:>+10.2f} s by one session of {FLOOD:,} events", flush=True)
    peak_mb = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory at most        {peak_mb:>10,.0f} MB, DuckDB's and what made the stores included")


def reports_timed(
    snapshot: Snapshot, kept: Kept, now: datetime, *, flooded: bool
) -> dict[str, float]:
    """Seconds of every report of sessions, asked first, of everything; `session`, of the long."""
    found = run_report("errors", {}, SETTINGS, snapshot, now)
    assert isinstance(found, ErrorsReport)
    params = {**PARAMS, "error": {"fingerprint": found.rows[0].fingerprint}}
    taken = {}
    for name, kind in REPORTS.items():
        if name in UNASKED or (name == "session" and not flooded):
            continue
        asked = {**params.get(name, {}), **({"sample": "1"} if "sample" in kind.params else {})}
        ask = partial(run_report, name, asked, SETTINGS, snapshot, now)
        taken[name], _ = best(ask, kept.forget)
    return taken


def bench_pages(store: Path) -> None:
    """See bench/console_pages.py for what first, cold and restarted are."""
    times = pages_timed(store, SETTINGS, STEPS_ASKED)
    columns = (times.first, times.cold, times.restarted, times.again)
    print(f"  {'ms':<34}{'first':>9}{'cold':>9}{'restarted':>11}{'again':>8}")
    for page in sorted(times.cold, key=times.cold.__getitem__, reverse=True):
        took = [each[page] * 1000 for each in columns]
        print("  {:<34}{:>9,.0f}{:>9,.0f}{:>11,.0f}{:>8,.0f}".format(page[:33], *took))
    ends = [percentile(each) * 1000 for each in columns]
    print("  {:<34}{:>9,.0f}{:>9,.0f}{:>11,.0f}{:>8,.0f}".format("p95", *ends), flush=True)


def percentile(taken: Mapping[str, float], share: float = 0.95) -> float:
    ordered = sorted(taken.values())
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run(store: Path, only: str, *, anew: bool) -> None:
    database, kept = Database(store), Kept(store)
    if anew:
        kept.forget()
    with database.snapshot() as snapshot:
        asked = Asked(snapshot)
        if only in ("", "sample"):
            bench_sample(asked, kept)
        if only in ("", "beside"):
            with tempfile.TemporaryDirectory(prefix="vigie-hot-") as folder:
                hot = write_hot(database, SITE, Path(folder) / "hot.parquet")
                sealed = ClickHouse.of_store(store, SITE)
                bench_beside(asked, kept, ClickHouse.of_store(store, SITE, hot), sealed)
    database.close()
    if only in ("", "pages"):
        bench_pages(store)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--only", choices=["sample", "beside", "flood", "pages"], default="")
    parser.add_argument("--anew", action="store_true", help="forget what was kept of answers")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        if asked.only != "flood":
            store = asked.store or Path(folder) / "store"
            if asked.store is None:
                generate(store, asked.events, now=datetime.now(UTC), today=True)
            run(store, asked.only, anew=asked.anew)
        if asked.only in ("", "flood"):
            bench_flood(Path(folder))


if __name__ == "__main__":
    main()
