"""Every report and every page of the console answers sensibly over stores at the edge: nothing in
them, one session, one day, one level, a level that nobody declared, a session across midnight and
across a seal, a clock that changes."""

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pandas as pd
import pytest

from analytics.basis import Basis, Estimate
from analytics.reports.types import FunnelReport
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import MonitorDefinition
from rum.records import Batch, Event, EventKind
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loader
from store.records import Record
from store.sealing import SealPolicy, days_due, seal_day
from store.times import microseconds
from tests.support.console import check, served
from vigie.console.access import one_time_link
from vigie.console.app import create_app, page_routes
from vigie.console.context import ConsoleContext
from vigie.folders import DataFolder
from vigie.reporting.catalogue import REPORTS, run_report, to_csv, to_json, to_parquet
from vigie.reporting.params import BadRequestError
from vigie.settings import (
    ContractSettings,
    JourneySettings,
    Settings,
    SiteSettings,
    StepSettings,
)

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
"""Nine days after clocks went back in Paris."""
ERROR = "0" * 16
SESSION = f"{7:032x}"
STEPS = "page:/cart,event:order_placed"
SETTINGS = Settings(
    sites=(SiteSettings(id="shop", key="shop-key", origins=("https://shop.test",)),),
    monitors=(Monitor(id="front", name="Front page", url="http://shop.test/", interval_s=3600),),
    journeys=(
        JourneySettings(
            id="order",
            site="shop",
            event="order_placed",
            monitors=("front",),
            steps=(StepSettings(page="/cart"), StepSettings(event="order_placed")),
        ),
    ),
    contracts=(
        ContractSettings(id="sla", target=99.9, monitors=("front",), timezone="Europe/Paris"),
    ),
)

REPORT_PARAMS: Mapping[str, Sequence[Mapping[str, str]]] = {
    "uptime": [{}],
    "latency": [{}],
    "funnel": [
        {"steps": STEPS, "level": "novice", "sample": "1"},
        {"steps": STEPS, "by": "device", "unit": "user", "compare": "before"},
    ],
    "funnel_sessions": [{"steps": STEPS, "step": "1", "outcome": "reached"}],
    "funnel_days": [{"funnel": "nobody-s"}],
    "funnel_why": [{"steps": STEPS, "sample": "1"}],
    "speed": [{}, {"sample": "1", "device": "phone"}],
    "vital": [{"vital": "lcp"}, {"vital": "cls", "level": "novice", "sample": "1"}],
    "conversion_speed": [{"event": "order_placed"}, {"journey": "order", "sample": "1"}],
    "journey": [{}],
    "ready": [{}],
    "perceived": [{}],
    "cost": [{}],
    "clicks": [{"page": "/cart"}],
    "paths": [{}, {"from": "page:/cart", "sample": "1"}],
    "seen": [{}],
    "activity": [{"event": "order_placed"}, {"journey": "order"}],
    "sessions": [{}, {"level": "undeclared"}],
    "session": [{"session": SESSION}],
    "refused": [{}],
    "contract": [{}],
    "errors": [{}],
    "error": [{"fingerprint": ERROR}],
    "deletion": [{}],
}
"""What each report of the catalogue is asked, besides a window."""
NAMES_A_THING = frozenset({"session", "error", "funnel_days"})
"""These may answer that there is no such thing."""
WINDOWS: Sequence[Mapping[str, str]] = (
    {},
    {"start": "2026-10-25T00:30Z", "end": "2026-10-25T03:30Z"},
)
PAGE_PARTS: Mapping[str, str] = {
    "/journeys/{id}": "order",
    "/journeys/{id}/{tab}": "order/people",
    "/incidents/{id}": "front@20261103T000000Z",
    "/monitors/{id}": "front",
    "/journeys/{id}/edit": "",
    "/journeys/{id}/export": "",
    "/monitors/{id}/edit": "",
    "/monitors/{id}/export": "",
    "/contracts/{id}": "sla",
    "/sessions/{id}": SESSION,
    "/sessions/{id}/recording": "",
    "/errors/{fingerprint}": ERROR,
}
"""The thing each page with a name in its address is asked of; "" where that is no page to read."""
PAGE_QUESTIONS: Mapping[str, str] = {
    "/funnels/-/sessions": f"steps={STEPS}&step=1&outcome=reached",
}
"""What a page that answers no bare address is asked."""
NOT_READ = frozenset(
    {"/clicks/page", "/sign-in", "/monitors/-/add", "/monitors/-/export", "/journeys/-/export"}
)
MAY_BE_MISSING = frozenset({"/sessions/{id}", "/errors/{fingerprint}", "/incidents/{id}"})


def visit(
    session: str, at: datetime, *, level: str = "", apart: timedelta = timedelta(minutes=1)
) -> list[Batch]:
    """A cart, its vitals and a click; after `apart` an error and the order, in a second batch."""
    seen = [EventKind.VIEW, EventKind.VITALS, EventKind.ERROR, EventKind.EVENT]
    times = [at, at + timedelta(seconds=2), at + apart, at + apart + timedelta(seconds=1)]
    events = [
        Event(
            position=place % 2,
            kind=kind,
            time_us=microseconds(when),
            client_us=microseconds(when),
            view=1,
            page="/cart",
            path="/cart",
            name={"error": "TypeError", "event": "order_placed"}.get(kind.value, ""),
            message="x is undefined" if kind is EventKind.ERROR else "",
            lcp_ms=2400.0 if kind is EventKind.VITALS else None,
            value=9.5 if kind is EventKind.EVENT else None,
            currency="EUR" if kind is EventKind.EVENT else "",
        )
        for place, (kind, when) in enumerate(zip(seen, times, strict=True))
    ]
    return [
        Batch(
            site="shop",
            session=session,
            batch=(5 << 20) + number,
            received_us=events[2 * number].time_us + 1_000_000,
            sent_us=events[2 * number].time_us + 1_000_000,
            events=tuple(events[2 * number : 2 * number + 2]),
            level=level,
            device="phone",
        )
        for number in (0, 1)
    ]


def checks(since: datetime) -> list[Record]:
    hours = int((NOW - since) / timedelta(hours=1))
    definition = MonitorDefinition(
        monitor=SETTINGS.monitors[0], from_us=microseconds(since), location="local"
    )
    results = [
        check(
            "front",
            since + timedelta(hours=hour),
            Outcome.TLS_FAILURE if hour % 30 == 7 else Outcome.OK,
        )
        for hour in range(hours)
    ]
    return [definition, *results]


def many(count: int, level: Callable[[int], str], since: datetime, until: datetime) -> list[Record]:
    return [
        batch
        for number in range(count)
        for batch in visit(
            f"{number * 1_000_003 + 7:024x}{number * 2**32 // count:08x}",
            since + (until - since) * number / count,
            level=level(number),
        )
    ]


def midnight(days: int) -> datetime:
    return NOW.replace(hour=0, minute=0) - timedelta(days=days)


LEVELS = ("novice", "confirmed", "expert")
STORES: Mapping[str, Callable[[], list[Record]]] = {
    "nothing": list,
    "one session": lambda: [*visit(SESSION, NOW - timedelta(hours=2), level="novice")],
    "one sealed session": lambda: [*visit(SESSION, NOW - timedelta(days=9), level="novice")],
    "one day": lambda: many(
        120, lambda n: LEVELS[n % 3], midnight(0), midnight(0) + timedelta(hours=8)
    ),
    "all in one level": lambda: many(200, lambda n: "expert", midnight(4), midnight(0)),
    "a level nobody declared": lambda: many(200, lambda n: "wizard", midnight(4), midnight(0)),
    "no level": lambda: many(200, lambda n: "", midnight(4), midnight(0)),
    "across midnight and a seal": lambda: [
        batch
        for days in (1, 2, 3)
        for batch in visit(
            f"{7 - 3 + days if days != 3 else 7:032x}",
            midnight(days) - timedelta(minutes=4),
            level="novice",
            apart=timedelta(minutes=9),
        )
    ],
    "across changes of the clock": lambda: [
        *checks(datetime(2026, 10, 20, tzinfo=UTC)),
        *many(
            150,
            lambda n: LEVELS[n % 3],
            datetime(2026, 10, 24, 20, tzinfo=UTC),
            datetime(2026, 10, 25, 5, tzinfo=UTC),
        ),
    ],
}


class Edge:
    """A store at the edge, sealed as far as it is due, and what is asked of it."""

    def __init__(self, root: Path, records: list[Record]) -> None:
        self.folder = DataFolder(root)
        self.database = Database(self.folder.store)
        write_segments(self.folder.journal, "test", records, start_us=1)
        loader = Loader(self.database, self.folder.journal)
        while loader.load_once(NOW).backlog_bytes:
            pass
        for site, day in days_due(self.database, NOW, 2):
            seal_day(self.database, SealPolicy(site=site), day, NOW)

    def report(self, name: str, params: Mapping[str, str]) -> Any:
        with self.database.snapshot() as snapshot:
            return run_report(name, params, SETTINGS, snapshot, NOW)


@pytest.fixture(scope="module", params=list(STORES))
def edge(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Edge]]:
    edge = Edge(tmp_path_factory.mktemp("edge"), STORES[request.param]())
    yield request.param, edge
    edge.database.close()


def within(value: Any) -> Iterator[Any]:
    """Everything that a report holds."""
    yield value
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from within(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from within(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from within(each)


def check_sensible(report: Any) -> None:
    """No figure is beside its own interval, no share beyond 0 and 1 is called one, none is NaN."""
    for part in within(report):
        if isinstance(part, float):
            assert not math.isnan(part)
        if isinstance(part, Estimate):
            assert (part.value is None) is (part.withheld is not None)
            if part.value is not None:
                assert part.low is not None
                assert part.high is not None
                assert part.low <= part.value + 1e-9
                assert part.value <= part.high + 1e-9
        if isinstance(part, Basis):
            assert part.start < part.end
            assert part.sample is None or 0 < part.sample <= 1


def test_every_report_of_the_catalogue_is_asked_here() -> None:
    missing = REPORTS.keys() - REPORT_PARAMS.keys()
    assert not missing, f"give REPORT_PARAMS what to ask of {', '.join(sorted(missing))}"


def test_every_page_of_the_console_is_read_here() -> None:
    named = {path for path in read_paths() if "{" in path}
    missing = named - PAGE_PARTS.keys()
    assert not missing, f"give PAGE_PARTS the thing to read {', '.join(sorted(missing))} of"


def read_paths() -> list[str]:
    return [
        route.path
        for route in page_routes()
        if "GET" in (route.methods or ()) and route.path not in NOT_READ
    ]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_answers_sensibly(edge: tuple[str, Edge], name: str) -> None:
    _, store = edge
    for asked in REPORT_PARAMS[name]:
        for window in [{}] if REPORTS[name].own_time else WINDOWS:
            try:
                report = store.report(name, {**asked, **window})
            except BadRequestError:
                assert name in NAMES_A_THING, f"{name} refuses {asked} {window}"
                continue
            check_sensible(report)
            assert msgspec.json.decode(to_json(report))
            to_csv(report)
            frame = pd.read_parquet(io.BytesIO(to_parquet(report)))
            assert list(frame.columns) == list(report.frame().columns)


def test_every_page_answers_sensibly(edge: tuple[str, Edge]) -> None:
    _, store = edge
    context = ConsoleContext(
        settings=SETTINGS, folder=store.folder, database=store.database, clock=lambda: NOW
    )
    with (
        served(create_app(context)) as base,
        httpx.Client(base_url=base, trust_env=False, timeout=30) as client,
    ):
        assert client.get(one_time_link(store.folder.run, base, NOW)).status_code == 303
        for path in read_paths():
            part = PAGE_PARTS.get(path)
            if part == "":
                continue
            address = re.sub(r"\{.*\}", part or "", path)
            for scope in ("", "level=novice&start=2026-10-24&end=2026-10-25"):
                query = "?" + "&".join(filter(None, [PAGE_QUESTIONS.get(path, ""), scope]))
                answer = client.get(address + query)
                if path in MAY_BE_MISSING and answer.status_code in (400, 404):
                    continue
                assert answer.status_code == 200, f"{address}{query}: {answer.text[:500]}"
                for wrong in ("nan ", "NaN", ">None<", "{{", "inf "):
                    assert wrong not in answer.text, f"{wrong!r} on {address}{query}"


def test_a_session_across_midnight_and_a_seal_counts_once(tmp_path: Path) -> None:
    """The third last midnight lies between a sealed day and a hot one."""
    store = Edge(tmp_path, STORES["across midnight and a seal"]())
    sealed = store.database.cursor().execute("SELECT count(*) FROM sealed_files").fetchone()
    assert sealed
    assert sealed[0] > 0
    funnel = store.report("funnel", {"steps": STEPS, "sample": "1"})
    assert isinstance(funnel, FunnelReport)
    assert [step.reached for step in funnel.everyone.steps] == [3, 3]
    listed = store.report("sessions", {})
    assert [row.views for row in listed.rows] == [1, 1, 1]
    store.database.close()


def test_one_session_is_counted_and_no_share_of_it_is_shown(tmp_path: Path) -> None:
    store = Edge(tmp_path, STORES["one session"]())
    funnel = store.report("funnel", {"steps": STEPS})
    assert funnel.everyone.entered == 1
    assert funnel.everyone.steps[1].of_entered.withheld is not None
    store.database.close()


def test_a_level_that_nobody_declared_is_shown_under_its_own_name_or_as_undeclared(
    tmp_path: Path,
) -> None:
    """One of older settings is kept as it was; who has none is undeclared. Both are counted."""
    for name, shown in (("a level nobody declared", "wizard"), ("no level", "undeclared")):
        store = Edge(tmp_path / shown, STORES[name]())
        funnel = store.report("funnel", {"steps": STEPS, "sample": "1"})
        entered = {segment.level: segment.entered for segment in funnel.levels}
        assert entered == {"novice": 0, "confirmed": 0, "expert": 0, shown: 200}
        store.database.close()
