"""Funnels in the console: built without knowing the words for them, and leading to the sessions."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from rum.records import Batch
from tests.support.console import SETTINGS, RunningConsole, history, running_console
from vigie.settings import SiteSettings

STEPS = "page:/cart,page:/checkout,event:order_placed"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("full")) as console:
        console.load(history(datetime.now(UTC), sessions=400))
        yield console


@pytest.fixture(scope="module")
def reader(full: RunningConsole) -> Iterator[httpx.Client]:
    with full.reader() as client:
        yield client


def built(reader: httpx.Client, **fields: str | list[str]) -> httpx.URL:
    """Where the form's answer leads."""
    answer = reader.get("/funnels", params={"step": ["page:/cart", "page:/checkout"], **fields})
    assert answer.status_code == 303, answer.text
    return httpx.URL(answer.headers["location"])


def test_a_condition_is_chosen_without_the_words_for_it(reader: httpx.Client) -> None:
    target = built(
        reader,
        what=["", "attributes.kind"],
        operator=["=", "!="],
        value=["", "gift | plain"],
        more=["", "page:/checkout where value>1"],
    )
    assert target.params["steps"] == (
        "page:/cart,page:/checkout where attributes.kind!=gift|plain and value>1"
    )
    page = reader.get(str(target)).text
    assert 'value="attributes.kind"' in page
    assert 'value="gift|plain"' in page
    assert "and value&gt;1" in page


def test_a_step_in_words_is_added_behind_the_others(reader: httpx.Client) -> None:
    target = built(reader, words="click:#buy where device=phone", order="strict", unit="session")
    assert target.params["steps"] == "page:/cart,page:/checkout,click:#buy where device=phone"
    assert (target.params["order"], "unit" in target.params) == ("strict", False)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"what": "colour", "operator": "=", "value": "red"}, "there is no property"),
        ({"what": "value", "operator": ">", "value": "much"}, "is no number"),
        ({"what": "value", "operator": "><", "value": "1"}, "compares nothing"),
        ({"words": "buy"}, "is not a step"),
    ],
)
def test_what_cannot_be_a_step_is_said(
    reader: httpx.Client, fields: dict[str, str], words: str
) -> None:
    answer = reader.get("/funnels", params={"step": ["page:/cart", "page:/checkout"], **fields})
    assert answer.status_code == 400
    assert words in answer.text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/funnels/-/sessions?steps=page:/cart,page:/checkout&step=1.0", 200),
        (f"/funnels?step=page:/cart&step=page:/checkout&do=up-{'9' * 5_000}", 303),
        ("/funnels?steps=page:/cart&window_minutes=nan", 200),
        ("/funnels?steps=page:/cart&window_minutes=inf", 200),
        ("/funnels?steps=" + ",".join(f"page:/{number}" for number in range(11)), 400),
    ],
)
def test_odd_figures_and_too_many_steps_are_understood_or_refused(
    reader: httpx.Client, address: str, status: int
) -> None:
    assert reader.get(address).status_code == status


def test_where_levels_differ_is_said_in_one_sentence(reader: httpx.Client) -> None:
    page = reader.get("/funnels", params={"steps": STEPS}).text
    first = page.partition('class="reading">')[2].partition("</p>")[0]
    assert re.fullmatch(
        r"(Novice|Expert) sessions (go on from “/c\w+”|get through) (less|more) often"
        r" than all others: [\d.]+ to [\d.]+ points\.",
        first,
    )


def test_a_breakdown_chosen_alone_keeps_the_steps_of_the_journey(reader: httpx.Client) -> None:
    page = reader.get("/funnels", params={"by": "device"}).text
    assert "desktop" in page
    assert "“Cart”" not in page  # steps of an address have no names


def test_each_cell_leads_to_its_sessions(reader: httpx.Client) -> None:
    funnel = reader.get("/api/v1/reports/funnel", params={"steps": STEPS}).json()
    novice = next(each for each in funnel["levels"] if each["level"] == "novice")
    bar = {"steps": STEPS, "step": "1", "part": "novice", "outcome": "dropped"}
    listed, after = 0, 0
    while True:
        found = reader.get("/api/v1/reports/funnel_sessions", params={**bar, "after": after}).json()
        listed, after = listed + len(found["rows"]), after + 50
        assert {row["level"] for row in found["rows"]} <= {"novice"}
        if not found["more"]:
            break
    assert listed == novice["steps"][0]["dropped"] > 50
    first = reader.get("/funnels/-/sessions", params=bar).text
    assert "Left at /cart: novice" in first
    assert '<a href="/sessions/' in first


def test_sites_stand_side_by_side_and_each_cell_leads_to_its_own(tmp_path: Path) -> None:
    outlet = SiteSettings(id="outlet", key="outlet-key", origins=("*",), sample=0.5)
    settings = structs.replace(SETTINGS, sites=(*SETTINGS.sites, outlet))
    now = datetime.now(UTC)
    moved = [
        structs.replace(record, site="outlet", session=record.session[::-1])
        for record in history(now, sessions=150)
        if isinstance(record, Batch)
    ]
    with running_console(tmp_path, settings) as console, console.reader() as reader:
        console.load([*history(now, sessions=100), *moved])
        page = reader.get("/funnels", params={"steps": STEPS, "by": "site"}).text
        assert '<option value="site" selected>Site</option>' in page
        assert "What leaving goes with on shop" in page
        assert "part=outlet" in page
        asked = {"site": "shop", "steps": STEPS, "by": "site,level"}
        funnel = reader.get("/api/v1/reports/funnel", params=asked).json()
        entered = {tuple(each["parts"]): each["entered"] for each in funnel["segments"]}
        assert entered["shop", "novice"] == 100
        assert 0 < entered["outlet", "novice"] < 150  # half of them
        bar = {**asked, "step": "1", "part": "outlet", "part_2": "novice", "outcome": "reached"}
        found = reader.get("/api/v1/reports/funnel_sessions", params=bar).json()
        assert len(found["rows"]) == min(50, entered["outlet", "novice"])
        of_outlet = {record.session for record in moved}
        assert {row["session"] for row in found["rows"]} <= of_outlet
