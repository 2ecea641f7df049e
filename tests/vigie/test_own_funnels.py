"""Saved funnels: kept, changed, removed and had back from the console and by API; their days are
kept by a job that makes up for those it missed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from analytics.reports.funnel_days import FunnelDaysReport, funnel_days
from store.retention import RetentionLimits, retire
from tests.support.console import SETTINGS, RunningConsole, running_console, visit
from tests.support.entering import undone
from vigie.funnel_snapshots import FunnelSnapshots
from vigie.own_funnels import FUNNELS

NOW = datetime.now(UTC)
STEPS = "page:/cart,page:/checkout,event:order_placed where value>=1"
FORM = {"name": "Orders", "owner": "Shop team", "steps": "page:/cart,event:order_placed"}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[RunningConsole]:
    with running_console(tmp_path) as running:
        yield running


@pytest.fixture
def program(console: RunningConsole) -> Iterator[httpx.Client]:
    with console.program() as client:
        yield client


def test_the_api_saves_changes_removes_and_has_back(program: httpx.Client) -> None:
    made = program.post("/api/v1/funnels", data={**FORM, "steps": STEPS, "order": "strict"})
    assert made.status_code == 201, made.text
    assert made.json() | {"version": 1} == {
        "id": "orders",
        "name": "Orders",
        "site": "shop",
        "steps": STEPS,
        "order": "strict",
        "exclude": "",
        "unit": "session",
        "window_minutes": 60.0,
        "by": "",
        "owner": "Shop team",
        "version": 1,
    }
    renamed = program.post("/api/v1/funnels/orders", data={"name": "All orders", "version": "1"})
    assert (renamed.json()["name"], renamed.json()["steps"]) == ("All orders", STEPS)
    late = program.post("/api/v1/funnels/orders", data={"name": "Mine", "version": "1"})
    assert (late.status_code, late.json()["error"]["what"]) == (
        409,
        "Somebody changed it meanwhile.",
    )
    odd = program.post("/api/v1/funnels/orders", data={"name": "Mine", "version": "9" * 5_000})
    assert odd.json() == late.json()
    assert program.delete("/api/v1/funnels/orders").status_code == 204
    told = program.get("/api/v1/funnels").json()
    assert (told["funnels"], [each["name"] for each in told["removed"]]) == ([], ["All orders"])
    assert program.post("/api/v1/funnels/orders/restore").json()["name"] == "All orders"
    assert program.delete("/api/v1/funnels/other").status_code == 404
    other = {"order": "any", "window_minutes": "30"}
    assert program.post("/api/v1/funnels/orders", data=other).json()["order"] == "any"
    assert program.post("/api/v1/funnels/orders/undo", data={"version": "1"}).status_code == 409
    assert program.post("/api/v1/funnels/orders/undo").json()["order"] == "strict"
    assert program.post("/api/v1/funnels/other/undo").status_code == 404


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"name": " "}, "no name"),
        ({"name": "x" * 101}, "too long"),
        ({"steps": "page:/cart"}, "has 1 step"),
        ({"steps": "page:/cart,tap:x"}, "is not a step"),
        ({"order": "backwards"}, "order=backwards"),
        ({"exclude": "page:/cart"}, "is none of its steps"),
        ({"by": "colour"}, "by=colour"),
        ({"site": "nowhere"}, "no site"),
        ({"window_minutes": "0"}, "window_minutes=0"),
    ],
)
def test_what_is_no_funnel_is_not_saved(
    program: httpx.Client, changed: dict[str, str], what: str
) -> None:
    answer = program.post("/api/v1/funnels", data={**FORM, **changed})
    assert answer.status_code == 400
    assert what in answer.json()["error"]["what"]
    assert program.get("/api/v1/funnels").json()["funnels"] == []


def test_two_of_one_name_are_two(program: httpx.Client) -> None:
    ids = [program.post("/api/v1/funnels", data=FORM).json()["id"] for _ in range(2)]
    assert ids == ["orders", "orders-2"]


def test_the_console_saves_and_removes_with_undo(console: RunningConsole) -> None:
    with console.reader() as reader:
        own = {"origin": console.base}
        saved = reader.post("/funnels/-/save", data={"site": "shop", **FORM}, headers=own)
        assert saved.status_code == 303
        page = reader.get(saved.headers["location"]).text
        assert "was saved." in page
        assert "<h1>Orders</h1>" in page
        removed = reader.post("/funnels/orders/remove", headers=own)
        page = reader.get(removed.headers["location"]).text
        assert "was removed." in page
        assert 'action="/funnels/orders/restore"' in page
        back = reader.post("/funnels/orders/restore", headers=own)
        assert "is back." in reader.get(back.headers["location"]).text
        reader.headers["origin"] = console.base
        reader.follow_redirects = True
        changed = reader.post(
            "/funnels/-/save", data={"site": "shop", **FORM, "id": "orders", "name": "Sales"}
        )
        assert "<h1>Sales</h1>" in changed.text
        before = undone(reader, changed)
        assert "is as it was before its last change" in before.text
        assert "<h1>Orders</h1>" in before.text
        assert "<h1>Sales</h1>" in undone(reader, before).text
    known = FUNNELS.read(console.folder)
    assert (len(known.things), known.restorable(NOW)) == (1, ())


def kept(console: RunningConsole) -> FunnelDaysReport | None:
    with console.database.snapshot() as snapshot:
        return funnel_days(snapshot, "orders")


def test_each_finished_day_is_kept_and_missed_ones_are_made_up_for(
    console: RunningConsole, program: httpx.Client
) -> None:
    chance = random.Random(1)
    today = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (3, 2, 0):
        at = today - timedelta(days=days) + timedelta(minutes=1)
        console.load(
            visit(f"{chance.getrandbits(128):032x}", at, level, chance)
            for level in ("novice", "expert")
            for _ in range(20)
        )
    program.post("/api/v1/funnels", data=FORM)
    job = FunnelSnapshots(SETTINGS, console.folder, console.database)
    noon = today + timedelta(hours=12)
    assert job.run(noon) == "kept 30 days of funnels"
    assert job.run(noon) == ""
    report = kept(console)
    assert report is not None
    counted = {(today.date() - each.day).days: each for each in report.days if each.level == ""}
    assert sorted(counted) == list(range(1, 31))
    assert [counted[days].reached for days in (1, 2, 3)] == [(0, 0), (40, 40), (40, 40)]
    assert counted[2].passed.value == 1.0
    assert job.run(noon + timedelta(days=2)) == "kept 2 days of funnels"
    program.post("/api/v1/funnels/orders", data={"window_minutes": "30"})
    assert job.run(noon) == "kept 30 days of funnels"
    program.post("/api/v1/funnels/orders", data={"name": "Only renamed"})
    assert job.run(noon) == ""


def test_days_are_kept_as_long_as_aggregates(
    console: RunningConsole, program: httpx.Client
) -> None:
    program.post("/api/v1/funnels", data=FORM)
    FunnelSnapshots(SETTINGS, console.folder, console.database).run(NOW)
    limits = RetentionLimits()
    assert retire(console.database, NOW + timedelta(days=720), limits).funnel_days == 0
    assert retire(console.database, NOW + timedelta(days=830), limits).funnel_days > 0
    assert kept(console) is None
    answer = program.get("/api/v1/reports/funnel_days?funnel=orders")
    assert (answer.status_code, answer.json()["error"]["what"]) == (
        400,
        "Nothing is kept of a saved funnel 'orders'.",
    )
