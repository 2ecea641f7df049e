"""Reports on a terminal: every figure with its interval and basis, whatever the width."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console

from analytics.basis import Basis, Estimate, Withheld
from analytics.reports.refused import RefusedReport, RefusedRow
from analytics.reports.types import (
    Finding,
    FunnelReport,
    FunnelSegment,
    FunnelStep,
    JourneyReport,
    MonitorUptime,
    SeenReport,
    SeenRow,
    SpeedReport,
    SpeedRow,
    State,
    UptimeReport,
)
from store.database import Database
from vigie.report_tables import duration, rendered
from vigie.reporting.catalogue import REPORTS, run_report, to_json
from vigie.reporting.params import BadRequestError
from vigie.settings import Settings

END = datetime(2026, 3, 31, tzinfo=UTC)
BASIS = Basis(
    definition="test",
    start=END - timedelta(days=30),
    end=END,
    sample=0.2,
    sessions=1,
    observed_share=0.9995,
    generated=True,
    note="a [note] in brackets",
)


def printed(name: str, report: object, width: int = 120) -> str:
    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        console.print(rendered(name, to_json(report).decode()))  # type: ignore[arg-type]
    return capture.get().replace("\N{NO-BREAK SPACE}", " ")


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.02, high=value + 0.02, effective_n=100)


UPTIME = UptimeReport(
    basis=BASIS,
    monitors=(
        MonitorUptime(
            monitor="home",
            name="Home [page]",
            state=State.UP,
            state_since=None,
            uptime=0.99891,
            low=0.99877,
            high=0.99905,
            observed_share=0.9995,
            seconds={State.UP: 2_589_000.0, State.DOWN: 2820.0, State.UNKNOWN: 12.0},
            intervals=(),
            incidents=(),
            blips=(),
            days=(),
        ),
    ),
)
STEP = FunnelStep(
    number=1,
    label="/cart",
    reached=1200,
    of_entered=estimate(0.5),
    of_previous=Estimate(
        value=None, low=None, high=None, effective_n=3, withheld=Withheld.TOO_FEW_SESSIONS
    ),
    dropped=7,
    still_in_window=0,
)
FUNNEL = FunnelReport(
    basis=BASIS,
    window_s=3600,
    everyone=FunnelSegment(
        level="", entered=2400, steps=(STEP,), convert_p50_s=None, convert_p75_s=None
    ),
    levels=(),
)


def test_an_uptime_has_its_bounds_and_what_was_not_observed() -> None:
    said = printed("uptime", UPTIME)
    assert "99.891 (99.877-99.905)" in said
    assert "47 min" in said
    assert "12 s" in said
    assert "Home [page]" in said
    assert "maintenance" not in said, "a column with nothing in it is left out"
    assert " ".join(said.split()).endswith(
        "basis: 2026-03-01 00:00 to 2026-03-31 00:00 UTC, 20% sample, 1 session, "
        "99.95% of the time observed, generated data among it, a [note] in brackets"
    )


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_terminal_loses_no_character(width: int) -> None:
    said = printed("uptime", UPTIME, width)
    assert "…" not in said
    digits = sum(letter.isdigit() for letter in printed("uptime", UPTIME, 200))
    assert sum(letter.isdigit() for letter in said) == digits


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_word_and_no_figure_is_broken(width: int) -> None:
    row = structs.replace(UPTIME.monitors[0], monitor="mandate-form", observed_share=0.99996)
    said = printed("uptime", UptimeReport(basis=BASIS, monitors=(row,)), width)
    words = {word.strip(",") for word in said.split()}
    assert {"mandate-form", "(99.877-99.905)", "unknown"} <= words
    assert "99.99" in words, "never rounded up"


def test_a_share_has_its_interval_or_a_dash_where_it_is_withheld() -> None:
    line = next(each for each in printed("funnel", FUNNEL).splitlines() if "/cart" in each)
    assert line.split() == ["everyone", "1", "/cart", "1,200", "50.0", "(48.0-52.0)", "7", "0"]


def test_what_was_refused_is_counted_and_what_was_seen_listed() -> None:
    row = RefusedRow(
        reason="unknown_site",
        site="",
        count=1234,
        only_counted=34,
        last=END,
        detail="no [site] has this key",
        part="",
        origin="",
    )
    report = RefusedReport(start=BASIS.start, end=END, rows=(row,), hours=(), latest=())
    said = printed("refused", report)
    assert "no [site] has this key" in said
    assert said.strip().endswith("1,234 in all, 34 of them only counted")
    seen = SeenReport(basis=BASIS, pages=(SeenRow(name="/cart", count=7, sessions=3),), events=())
    assert "page  /cart" in printed("seen", seen)


def test_every_report_there_is_has_a_table(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with database.snapshot() as snapshot, pytest.raises(BadRequestError) as caught:
        run_report("none", {}, Settings(), snapshot, END)
    database.close()
    names = caught.value.right.removeprefix("The reports are ").rstrip(".").split(", ")
    assert set(names) == REPORTS.keys()


def test_a_vital_has_its_interval_and_everyone_a_name() -> None:
    row = SpeedRow(
        page="/cart",
        level="",
        device="",
        vital="lcp",
        p75=Estimate(value=2240.0, low=2210.0, high=2275.0, effective_n=900),
        views=3913,
        good=0.836,
        poor=None,
    )
    said = printed("speed", SpeedReport(basis=BASIS, rows=(row,)))
    line = next(each for each in said.splitlines() if "/cart" in each)
    figures = ["lcp", "ms", "3,913", "83.6", "2,240", "(2,210-2,275)"]
    assert line.split() == ["/cart", "everyone", *figures]


def test_a_journey_says_first_what_is_wrong() -> None:
    finding = Finding(
        sentence="Probes were green while people failed.", start=END, end=None, level="", step=""
    )
    report = JourneyReport(
        basis=BASIS,
        id="order",
        name="Order",
        owner="",
        uptime=UPTIME,
        funnel=FUNNEL,
        slots=(),
        findings=(finding,),
        activity_total=1638,
    )
    lines = printed("journey", report).splitlines()
    assert lines[0] == "Order: 1,638 in all"
    assert lines[1] == "! Probes were green while people failed."
    assert any("99.891" in line for line in lines)
    assert any("/cart" in line for line in lines)


def test_an_empty_report_says_so_and_an_unknown_one_is_shown_as_it_is() -> None:
    assert "no data in this window" in printed("uptime", UptimeReport(basis=BASIS, monitors=()))
    assert '"monitors":[' in printed("another", UPTIME)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0"), (12, "12 s"), (60, "1 min"), (2820.4, "47 min"), (3_725, "1 h 2 min")],
)
def test_a_duration_is_said_in_words(seconds: float, words: str) -> None:
    assert duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == words
