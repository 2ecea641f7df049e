"""Charts are well-formed, named for who cannot see them, styled by classes only, and honest."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import plotly.graph_objects as go
import pytest

from analytics.availability import days
from analytics.basis import Basis, Estimate, Withheld
from analytics.charts.funnel import funnel_bars
from analytics.charts.journey import journey_axis
from analytics.charts.latency import latency_figure
from analytics.charts.sparkline import sparkline
from analytics.charts.strip import day_strip, interval_strip
from analytics.charts.time_axis import LABEL_HALF, TimeAxis
from analytics.question import Window
from analytics.reports.types import (
    Finding,
    FunnelReport,
    FunnelSegment,
    FunnelStep,
    Interval,
    JourneyReport,
    JourneySlot,
    LatencyReport,
    LatencySlot,
    MonitorUptime,
    State,
    UptimeReport,
)

START = datetime(2026, 10, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=4))
DAY = timedelta(days=1)
LEVELS = ("novice", "expert")
BASIS = Basis(definition="test", start=WINDOW.start, end=WINDOW.end)
SURE = Estimate(value=0.8, low=0.7, high=0.9, effective_n=100)
NOT_SURE = Estimate(
    value=None, low=None, high=None, effective_n=3, withheld=Withheld.TOO_FEW_SESSIONS
)


def monitor() -> MonitorUptime:
    """A day before its time, a good day, one with 47 minutes down, one half unobserved."""
    noon = START + 2 * DAY + timedelta(hours=12)
    intervals = (
        Interval(START + DAY, noon, State.UP),
        Interval(noon, noon + timedelta(minutes=47), State.DOWN),
        Interval(noon + timedelta(minutes=47), START + 3 * DAY, State.UP),
        Interval(START + 3 * DAY, START + 3.5 * DAY, State.UNKNOWN),
        Interval(START + 3.5 * DAY, WINDOW.end, State.UP),
    )
    return MonitorUptime(
        monitor="home",
        name='Home <&> "all"',
        state=State.UP,
        state_since=None,
        uptime=0.99,
        low=0.9,
        high=1.0,
        observed_share=0.83,
        seconds={State.UP: 3600.0, State.DOWN: 2820.0},
        intervals=intervals,
        incidents=(),
        blips=(),
        days=days(intervals, WINDOW),
    )


def funnel_report() -> FunnelReport:
    def segment(level: str, entered: int, last: Estimate) -> FunnelSegment:
        steps = tuple(
            FunnelStep(
                number=number,
                label=label,
                reached=entered,
                of_entered=share,
                of_previous=share,
                dropped=0,
                still_in_window=0,
            )
            for number, label, share in ((1, "/form", SURE), (2, "signed <now>", last))
        )
        return FunnelSegment(
            level=level, entered=entered, steps=steps, convert_p50_s=None, convert_p75_s=None
        )

    return FunnelReport(
        basis=BASIS,
        window_s=60,
        everyone=segment("", 120, SURE),
        levels=(segment("novice", 100, SURE), segment("expert", 20, NOT_SURE)),
    )


def journey_report() -> JourneyReport:
    slots = tuple(
        JourneySlot(
            start=START + hour * timedelta(hours=1),
            end=START + (hour + 1) * timedelta(hours=1),
            outside=State.UP,
            down_s=0,
            observed_share=1,
            entered={"": 9, "novice": 5, "expert": 4},
            passed={"": SURE, "novice": SURE if hour % 10 else NOT_SURE, "expert": NOT_SURE},
            activity=hour,
            expected=5.0 if hour > 48 else None,
            errors=hour % 3,
        )
        for hour in range(96)
    )
    finding = Finding(
        sentence="People failed.", start=START + DAY, end=None, level="novice", step="/form"
    )
    return JourneyReport(
        basis=BASIS,
        id="sign",
        name="Sign & go",
        owner="",
        uptime=UptimeReport(basis=BASIS, monitors=(monitor(),)),
        funnel=funnel_report(),
        slots=slots,
        findings=(finding,),
        activity_total=1,
    )


EMPTY_JOURNEY = JourneyReport(
    basis=BASIS,
    id="none",
    name="Nothing yet",
    owner="",
    uptime=UptimeReport(basis=BASIS, monitors=()),
    funnel=funnel_report(),
    slots=(),
    findings=(),
    activity_total=0,
)

CHARTS = {
    "day strip": day_strip(monitor()),
    "interval strip": interval_strip(monitor(), WINDOW),
    "funnel": funnel_bars(funnel_report(), LEVELS),
    "journey": journey_axis(journey_report(), LEVELS),
    "empty journey": journey_axis(EMPTY_JOURNEY, LEVELS),
    "sparkline": sparkline([1, None, 3.5, 2], "trend"),
}


def classes(svg: str, name: str) -> list[ElementTree.Element]:
    return [
        each for each in ElementTree.fromstring(svg).iter() if name in each.get("class", "").split()
    ]


@pytest.mark.parametrize("chart", CHARTS)
def test_charts_are_named_and_carry_no_style(chart: str) -> None:
    svg = CHARTS[chart]
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert "chart" in root.get("class", "").split()
    assert not any("style" in each.attrib or each.tag.endswith("style") for each in root.iter())
    assert not re.search(r"nan|inf\b|None", svg)


def test_a_day_shows_its_down_time_however_short_and_never_green_for_unknown() -> None:
    strip = ElementTree.fromstring(CHARTS["day strip"])
    before, good, bad, unseen = list(strip)
    assert [each.get("class") for each in before if each.get("class")] == ["no-duty"]
    assert [each.get("class") for each in good if each.get("class")] == ["state-up"]
    down = next(each for each in bad if each.get("class") == "state-down")
    assert float(down.get("height", 0)) > 5
    unknown = next(each for each in unseen if each.get("class") == "state-unknown")
    assert float(unknown.get("height", 0)) == 15
    assert any(each.get("class") == "hatch" for each in unseen)
    assert "47 min down" in "".join(bad.itertext())
    assert "not watched" in "".join(before.itertext())


def test_intervals_are_drawn_to_scale_with_a_title_each() -> None:
    bands = classes(CHARTS["interval strip"], "state-up")
    assert (bands[0].get("x"), bands[0].get("width")) == ("250", "375")
    (down,) = classes(CHARTS["interval strip"], "state-down")
    assert 8 < float(down.get("width", 0)) < 9
    assert "down for 47 min, 3 Oct 12:00 UTC to 3 Oct 12:47 UTC" in CHARTS["interval strip"]


def test_a_withheld_share_has_no_bar_but_says_why() -> None:
    svg = CHARTS["funnel"]
    assert len(classes(svg, "bar")) == len(classes(svg, "whisker")) == 5
    assert len(classes(svg, "withheld")) == 1
    assert "share withheld: too few sessions" in svg
    assert len(classes(svg, "level-0")) == len(classes(svg, "level-1")) == 2


def test_the_journey_breaks_its_line_where_a_share_is_withheld() -> None:
    svg = CHARTS["journey"]
    assert len(classes(svg, "line")) == 10
    assert len(classes(svg, "band")) == 10
    assert len(classes(svg, "finding")) == 1
    assert len(classes(svg, "slot")) == 96
    assert not classes(svg, "level-1"), "no share of experts is sure enough to draw"
    assert len(classes(journey_axis(journey_report(), LEVELS, ["expert"]), "level-1")) == 1


@pytest.mark.parametrize("length", [timedelta(minutes=20), DAY, 7 * DAY, 30 * DAY, 400 * DAY])
def test_a_time_axis_has_a_few_ticks_within_it(length: timedelta) -> None:
    for width in (300, 1000):
        places = [x for x, _ in TimeAxis(Window(START, START + length), 0, width).ticks()]
        assert 2 <= len(places) <= 10
        assert all(0 <= x < width for x in places)
        apart = [after - before for before, after in pairwise(places)]
        assert min(apart) > 2 * LABEL_HALF, "no label runs into the next"


def test_latency_is_a_plain_figure_with_gaps_where_nothing_was_checked() -> None:
    def slot(hour: int) -> LatencySlot:
        return LatencySlot(
            start=START + hour * timedelta(hours=1),
            end=START + (hour + 1) * timedelta(hours=1),
            checks=60,
            failed=0,
            dns_ms=None,
            connect_ms=1.0,
            tls_ms=None,
            wait_ms=20.0,
            transfer_ms=3.0,
            total_p50_ms=24.0,
            total_p95_ms=40.0,
        )

    report = LatencyReport(basis=BASIS, monitor="home", slots=(slot(0), slot(1), slot(5)))
    figure = latency_figure(report)
    assert [trace["name"] for trace in figure["data"]] == [
        "Connect",
        "Wait",
        "Transfer",
        "Total, p95",
    ]
    assert figure["data"][-1]["y"] == [40.0, 40.0, None, None, 40.0]
    assert "template" not in figure["layout"]
    assert json.loads(json.dumps(figure)) == figure
    go.Figure(figure, skip_invalid=False)  # raises for a name plotly does not know


def test_every_day_of_the_window_has_a_bar() -> None:
    assert [day.day for day in monitor().days] == [date(2026, 10, day) for day in (1, 2, 3, 4)]


def test_no_label_of_a_time_axis_is_cut_at_an_end_of_the_picture() -> None:
    window = Window(START.replace(hour=0), START.replace(hour=0) + timedelta(days=1))
    drawn = TimeAxis(window, 0, 1000).drawn(0, 30)
    assert 'text-anchor="start"' in drawn, "midnight stands at the very left"
