"""Clicks in the console and through the API: pages, one page's outline, elements and scroll."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from rum.records import Batch, Click, Event, EventKind, Leave
from store.times import microseconds
from tests.support.console import running_console

NOW = datetime.now(UTC)


def visit(number: int) -> Batch:
    at = microseconds(NOW - timedelta(hours=2, seconds=number))
    unit = Click(target="em.unit<b>", dead=True, rage=3, page_y=900, document_height=1000)
    told: list[tuple[EventKind, dict[str, Any]]] = [
        (EventKind.VIEW, {}),
        (EventKind.CLICK, {"click": Click(target="#buy", page_y=100, document_height=1000)}),
        *([(EventKind.CLICK, {"click": unit})] if number % 4 == 0 else []),
        (EventKind.LEAVE, {"leave": Leave(scroll=0.6, scroll_px=600)}),
    ]
    return Batch(
        site="shop",
        session=f"{number:032x}",
        batch=1 << 20,
        received_us=at,
        sent_us=at,
        level="novice" if number % 2 else "expert",
        device="phone",
        events=tuple(
            Event(position=place, kind=kind, time_us=at, client_us=at, view=1, page="/cart", **more)
            for place, (kind, more) in enumerate(told)
        ),
    )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root: Path = tmp_path_factory.mktemp("console") / "data"
    with running_console(root) as console:
        console.load([visit(number) for number in range(1, 101)])
        with console.reader() as client:
            yield client


def test_pages_are_listed_with_their_clicks(reader: httpx.Client) -> None:
    text = reader.get("/clicks").text
    assert 'href="/clicks?page=%2Fcart"' in text
    assert ">125<" in text


def test_a_page_shows_its_elements_its_trouble_and_how_far_people_come(
    reader: httpx.Client,
) -> None:
    text = reader.get("/clicks?page=/cart").text
    assert "<code>#buy</code>" in text
    assert "em.unit&lt;b&gt;" in text
    assert "<b>" not in text
    assert "25 rage, 25 dead" in text
    assert "chart-scroll" in text
    assert text.index("#buy") < text.index("em.unit")
    assert "Novice" in text
    assert 'href="/speed?page=%2Fcart"' in text


def test_a_page_that_nobody_clicked_says_so(reader: httpx.Client) -> None:
    assert "No clicks in this window" in reader.get("/clicks?page=/nowhere").text
    assert "No clicks in this window" in reader.get("/clicks?page=/cart&device=tablet").text


def test_through_the_api(reader: httpx.Client) -> None:
    report = reader.get("/api/v1/reports/clicks", params={"page": "/cart"}).json()
    buy, unit = report["elements"]
    assert (buy["target"], buy["clicks"], buy["share"]["value"]) == ("#buy", 100, 1.0)
    assert (unit["rage"], unit["dead"], unit["y"]) == (25, 25, 0.9)
    csv = reader.get("/api/v1/reports/clicks", params={"page": "/cart", "format": "csv"}).text
    assert csv.startswith("target,clicks,sessions,share,share_low,share_high,withheld,rage,dead")
    wrong = reader.get("/api/v1/reports/clicks", params={"device": "watch"})
    assert wrong.status_code == 400
