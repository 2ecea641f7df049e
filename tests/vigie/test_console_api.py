"""The API: each report as JSON and CSV, and errors that say what would be right."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from analytics.basis import Basis
from analytics.question import Window
from analytics.reports.types import SeenReport, SeenRow
from tests.support.console import history, running_console
from vigie.reporting.catalogue import to_csv
from vigie.reporting.params import window_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
STEPS = "page:/cart,page:/checkout,event:order_placed"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running_console(tmp_path_factory.mktemp("api")) as console:
        console.load(history(datetime.now(UTC)))
        with console.program() as program:
            yield program


@pytest.mark.parametrize(
    ("address", "column"),
    [
        ("uptime?days=7", "observed_share"),
        ("uptime?monitor=pay", "down_s"),
        (f"funnel?steps={STEPS}", "of_entered_low"),
        ("speed?days=3&device=phone", "p75_low"),
        ("journey?journey=order&days=2", "passed"),
        ("latency?monitor=front&days=2", "total_p95_ms"),
        ("seen?days=2", "sessions"),
    ],
)
def test_a_report_comes_as_json_and_as_csv(client: httpx.Client, address: str, column: str) -> None:
    answer = client.get(f"/api/v1/reports/{address}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["basis"]["definition"] == address.split("?")[0]
    table = client.get(f"/api/v1/reports/{address}&format=csv")
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert rows
    assert column in rows[0]


@pytest.mark.parametrize("report", ["seen", "journey", "funnel", "speed"])
def test_a_report_reads_the_share_asked_for(client: httpx.Client, report: str) -> None:
    more = f"&steps={STEPS}" if report == "funnel" else ""
    basis = client.get(f"/api/v1/reports/{report}?days=2&sample=0.5{more}").json()["basis"]
    assert basis["asked_sample"] == 0.5
    refused = client.get(f"/api/v1/reports/{report}?days=2&sample=2{more}")
    assert "Give a number from 0.0001 to 1" in refused.text


def test_the_level_narrows_a_funnel_to_it_and_everyone(client: httpx.Client) -> None:
    report = client.get(f"/api/v1/reports/funnel?steps={STEPS}&level=novice").json()
    assert [segment["level"] for segment in report["levels"]] == ["novice"]
    assert report["everyone"]["entered"] == 360


@pytest.mark.parametrize(
    ("address", "what", "right"),
    [
        ("nothing", "There is no report named 'nothing'.", "uptime, latency, funnel"),
        ("uptime?format=xml", "format=xml is unknown.", "json, csv"),
        ("uptime?dayz=3", "takes no parameter 'dayz'", "days, end, monitor, start"),
        ("uptime?monitor=x", "There is no monitor 'x'.", "front, pay"),
        ("funnel", "The funnel has 0 steps.", "Give 2 to 10"),
        ("funnel?steps=page:/a", "The funnel has 1 step.", "Give 2 to 10"),
        (f"funnel?steps={STEPS}&sample=2", "sample=2 cannot be used.", "0.0001 to 1"),
        (f"funnel?steps={STEPS}&level=guru", "level=guru is unknown.", "novice, confirmed"),
        ("journey?journey=x", "There is no journey 'x'.", "order"),
        ("speed?site=x", "There is no site 'x'.", "shop"),
        ("seen?start=0001-01-01T00:00%2B14:00", "cannot be used", "a year from 1971"),
        ("seen?start=2026-01-01&end=9999-12-31", "cannot be used", "to 9000"),
        ("journey?journey=order&start=0001-01-01&end=0001-02-01", "cannot be used", "1971"),
        ("speed?days=7&end=2026-01-01", "Both days and start or end", "one of the two"),
    ],
)
def test_a_wrong_request_is_answered_by_what_would_be_right(
    client: httpx.Client, address: str, what: str, right: str
) -> None:
    answer = client.get(f"/api/v1/reports/{address}")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert what in error["what"]
    assert right in error["right"]


@pytest.mark.parametrize(
    "window", ["start=1971-01-01&end=1971-02-01", "start=8999-01-01&end=8999-02-01"]
)
@pytest.mark.parametrize(
    "report",
    ["uptime?", "latency?monitor=front&", f"funnel?steps={STEPS}&", "speed?", "journey?", "seen?"],
)
def test_the_furthest_windows_have_reports_too(
    client: httpx.Client, report: str, window: str
) -> None:
    answer = client.get(f"/api/v1/reports/{report}{window}")
    assert answer.status_code == 200, answer.text


def test_a_csv_holds_no_formula_of_a_strangers() -> None:
    names = ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "/a=b")
    report = SeenReport(
        basis=Basis(definition="seen", start=NOW, end=NOW),
        pages=(),
        events=tuple(SeenRow(name=name, count=-1, sessions=2) for name in names),
    )
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert [row["name"] for row in rows] == [*(f"'{name}" for name in names[:-1]), "/a=b"]
    assert {row["count"] for row in rows} == {"-1"}


def test_an_unknown_address_of_the_api_answers_in_json(client: httpx.Client) -> None:
    answer = client.get("/api/v2/reports")
    assert answer.status_code == 404
    assert answer.json()["error"]["what"]


@pytest.mark.parametrize(
    ("params", "window"),
    [
        ({}, Window(NOW - timedelta(days=30), NOW)),
        ({"days": "7"}, Window(NOW - timedelta(days=7), NOW)),
        (
            {"start": "2026-03-01", "end": "2026-03-02"},
            Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)),
        ),
        (
            {"start": "2026-03-01T10:00:00+02:00", "end": "2026-03-01T09:00"},
            Window(datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ),
        ({"start": "2026-03-09"}, Window(datetime(2026, 3, 9, tzinfo=UTC), NOW)),
        (
            {"start": "2026-03-09", "end": "2026-03-31"},
            Window(datetime(2026, 3, 9, tzinfo=UTC), NOW),
        ),
    ],
)
def test_a_window_ends_now_or_where_it_is_said_to(params: dict[str, str], window: Window) -> None:
    assert window_of(params, NOW) == window
