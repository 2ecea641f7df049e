"""Paths in the console and through the API: the picture, the table behind it, wrong requests."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.console import history, running_console


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root: Path = tmp_path_factory.mktemp("console") / "data"
    with running_console(root) as console:
        console.load(history(datetime.now(UTC)))
        with console.reader() as client:
            yield client


def test_the_page_draws_paths_and_has_the_table_behind_them(reader: httpx.Client) -> None:
    text = reader.get("/paths").text
    assert "chart-sankey" in text
    assert re.search(r"Of \d+ sessions, .* went on to /checkout", text)
    for words in ("/cart", "/checkout", "Exit", "Entry pages", "Exit pages", "Back and forth"):
        assert words in text
    assert "novice" in text.lower()


def test_a_name_in_the_picture_starts_there(reader: httpx.Client) -> None:
    text = reader.get("/paths").text
    link = re.search(r'<a href="(/paths\?from=page%3A%2Fcheckout[^"]*)"', text)
    assert link
    assert "sessions at /checkout" in reader.get(link[1]).text


def test_the_form_leads_to_a_short_address(reader: httpx.Client) -> None:
    answer = reader.get("/paths", params={"at": "page:/cart", "way": "around", "steps": "3"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/paths?around=page%3A%2Fcart&steps=3"
    looking_back = reader.get("/paths", params={"at": "exit", "way": "from", "steps": "5"})
    assert looking_back.headers["location"] == "/paths?to=exit"


def test_what_led_to_an_event(reader: httpx.Client) -> None:
    report = reader.get("/api/v1/reports/paths", params={"to": "event:order_placed"}).json()
    steps = {(node["step"], node["kind"], node["name"]): node for node in report["nodes"]}
    assert (0, "event", "order_placed") in steps
    assert (-1, "page", "/checkout") in steps
    assert (-3, "entry", "") in steps
    assert steps[-1, "page", "/checkout"]["sessions"] == report["sessions"]


def test_a_page_name_that_looks_like_markup_is_shown_as_text(reader: httpx.Client) -> None:
    text = reader.get("/paths", params={"from": "page:/<script>alert(1)</script>"}).text
    assert "<script>alert(1)" not in text
    assert "No session came there" in text


def test_as_a_spreadsheet(reader: httpx.Client) -> None:
    answer = reader.get("/api/v1/reports/paths", params={"format": "csv", "from": "entry"})
    assert answer.text.startswith("part,step,name,to,sessions,share,share_low,share_high,withheld")
    assert {line.split(",")[0] for line in answer.text.splitlines()[1:]} >= {"step", "link", "exit"}


@pytest.mark.parametrize(
    "params",
    [
        {"from": "page:/a", "to": "page:/b"},
        {"around": "entry"},
        {"from": "/cart"},
        {"from": "click:#buy"},
        {"steps": "9"},
        {"compare": "novice"},
        {"compare": "novice,wizard"},
    ],
)
def test_wrong_requests_say_what_would_be_right(
    reader: httpx.Client, params: dict[str, str]
) -> None:
    answer = reader.get("/api/v1/reports/paths", params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["right"]
