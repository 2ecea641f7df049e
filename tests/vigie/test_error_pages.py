"""Errors in the console and the API: groups in their states, one of them, resolved by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from rich.console import Console

from rum.records import Batch, Event, EventKind
from store.error_groups import note_errors
from store.sealing import SealPolicy, seal_day
from store.times import microseconds
from tests.support.console import SETTINGS, RunningConsole, running_console
from tests.vigie.test_console_pages import assert_sound
from vigie.report_tables import rendered
from vigie.settings import OwnerSettings

NOW = datetime.now(UTC)
OWNED = replace(
    SETTINGS,
    owners=(
        OwnerSettings(team="Cart team", pages=("/cart*",)),
        OwnerSettings(team="Pay team", files=("/pay*",)),
    ),
)
DAY = timedelta(days=1)


def met(
    session: int,
    at: datetime,
    name: str,
    *,
    page: str = "/cart",
    file: str = "app.js",
    kind: EventKind = EventKind.ERROR,
    **fields: Any,
) -> Batch:
    us = microseconds(at)
    event = Event(
        position=0,
        kind=kind,
        time_us=us,
        client_us=us,
        view=1,
        page=page,
        name=name,
        message=f"<i>{session}</i> is wrong",
        stack=f"{name}: wrong\n    at show (https://shop.test/{file}:1:{session + 7})",
    )
    return Batch(
        site="shop",
        session=f"{session:032x}",
        batch=(session << 20) + (0 if kind is EventKind.ERROR else 1),
        received_us=us,
        sent_us=us,
        events=(event,),
        **{"level": "novice", "browser": "Firefox", **fields},
    )


def store_of(console: RunningConsole) -> None:
    old, sealed = NOW - 9 * DAY, NOW - 4 * DAY
    console.load(
        [
            met(1, old, "OldError", release="1"),
            met(2, sealed, "OldError", release="1", level="expert"),
            met(20, sealed, "", kind=EventKind.VIEW, release="1", level="expert"),
            met(3, sealed, "PayError", page="/pay", file="pay-3f9a1c2b.js", release="1"),
            met(4, NOW - timedelta(hours=2), "PayError", page="/pay", file="pay-77aa31ff.js",
                release="2"),
            met(5, NOW - timedelta(hours=1), "LooseError", page="/else", release="2"),
        ]
    )  # fmt: skip
    note_errors(console.database, NOW)
    for moment in (old, sealed):
        seal_day(console.database, SealPolicy(site="shop"), moment.date(), NOW)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("errors"), OWNED) as running:
        store_of(running)
        yield running


@pytest.fixture
def reader(console: RunningConsole) -> Iterator[httpx.Client]:
    with console.reader() as client:
        yield client


def rows(client: httpx.Client, **params: str) -> list[dict[str, object]]:
    answer = client.get("/api/v1/reports/errors", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


def of(client: httpx.Client, name: str, **params: str) -> dict[str, object]:
    (found,) = [row for row in rows(client, **params) if row["name"] == name]
    return found


def test_groups_are_counted_over_hot_and_sealed_days(reader: httpx.Client) -> None:
    pay = of(reader, "PayError")
    assert pay["errors"] == {"value": 2, "low": 2, "high": 2}
    assert (pay["first_release"], pay["last_release"], pay["state"]) == ("1", "2", "new")
    old = of(reader, "OldError")
    assert old["state"] == "ongoing", "it was first met nine days ago"
    assert {part["value"]: part["share"] for part in old["levels"]} == {  # type: ignore[attr-defined]
        "expert": 0.5,
        "novice": 0.25,
    }


def test_an_owner_is_the_first_whose_page_or_file_fits(reader: httpx.Client) -> None:
    owners = {row["name"]: row["owner"] for row in rows(reader)}
    assert owners == {"OldError": "Cart team", "PayError": "Pay team", "LooseError": ""}
    assert [row["name"] for row in rows(reader, owner="Pay team")] == ["PayError"]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"page": "/cart"}, {"OldError"}),
        ({"release": "2"}, {"PayError", "LooseError"}),
        ({"level": "expert"}, {"OldError"}),
        ({"level": "novice", "page": "/pay"}, {"PayError"}),
        ({"state": "ongoing"}, {"OldError"}),
        ({"days": "1"}, {"PayError", "LooseError"}),
    ],
)
def test_groups_are_chosen(reader: httpx.Client, params: dict[str, str], names: set[str]) -> None:
    assert {row["name"] for row in rows(reader, **params)} == names


def test_of_a_release_what_it_brought_comes_first(reader: httpx.Client) -> None:
    assert [row["name"] for row in rows(reader, release="2")] == ["LooseError", "PayError"]
    page = reader.get("/errors?release=2").text
    assert page.count("first met in 2</strong>") == 1


def test_a_choice_that_is_not_counted_says_so(reader: httpx.Client) -> None:
    answer = reader.get("/api/v1/reports/errors", params={"release": "2", "page": "/pay"})
    assert (answer.status_code, "not counted" in answer.text) == (400, True)


def test_one_group_tells_its_parts_stack_and_sessions(reader: httpx.Client) -> None:
    fingerprint = str(of(reader, "PayError")["fingerprint"])
    answer = reader.get("/api/v1/reports/error", params={"fingerprint": fingerprint})
    found = answer.json()
    assert {(part["by"], part["value"]): part["errors"]["value"] for part in found["parts"]} == {
        ("level", "novice"): 2,
        ("release", "1"): 1,
        ("release", "2"): 1,
        ("browser", "Firefox"): 2,
        ("page", "/pay"): 2,
    }
    assert [frame["file"] for frame in found["frames"]] == ["https://shop.test/pay-77aa31ff.js"]
    assert [frame["line"] for frame in found["frames"]] == [1]
    assert [met["session"] for met in found["met"]] == [f"{4:032x}", f"{3:032x}"]
    page = reader.get(f"/errors/{fingerprint}")
    assert page.status_code == 200
    assert_sound(page)
    assert "&lt;i&gt;4&lt;/i&gt; is wrong" in page.text, "what a page sent stays text"
    assert "/pay-77aa31ff.js:1:11" in page.text


def test_home_shows_what_is_new_and_whose_it_is(reader: httpx.Client) -> None:
    page = reader.get("/").text
    assert "New errors" in page
    assert ">PayError</strong>" in page
    assert ">OldError</strong>" not in page, "it is ongoing"
    assert "Pay team" in page


def test_a_terminal_shows_a_group_with_its_stack(reader: httpx.Client) -> None:
    fingerprint = str(of(reader, "PayError")["fingerprint"])
    answer = reader.get("/api/v1/reports/error", params={"fingerprint": fingerprint})
    console = Console(width=140, highlight=False)
    with console.capture() as capture:
        console.print(rendered("error", answer.text))
    told = capture.get()
    assert "PayError: <i>4</i> is wrong (new, Pay team)" in told
    assert "  at show https://shop.test/pay-77aa31ff.js:1:11" in told
    assert "Release 2 has no source maps: vigie sourcemaps upload DIR --release 2." in told


@pytest.mark.parametrize("address", ["/errors/0123", "/errors/0000000000000000"])
def test_a_group_that_is_none_is_not_found(reader: httpx.Client, address: str) -> None:
    assert reader.get(address).status_code == 404


def test_the_list_shows_each_group_once(reader: httpx.Client) -> None:
    answer = reader.get("/errors")
    assert_sound(answer)
    page = answer.text
    for name in ("OldError", "PayError", "LooseError"):
        assert page.count(f">{name}</a>") == 1
    assert "Cart team" in page


def test_resolved_by_hand_met_again_and_taken_back(
    console: RunningConsole, reader: httpx.Client
) -> None:
    fingerprint = str(of(reader, "LooseError")["fingerprint"])
    page = f"/errors/{fingerprint}"
    own = {"origin": console.base}
    assert reader.post(page, data={"do": "resolve"}).status_code == 403, "not from its own page"
    assert reader.post(page, data={"do": "resolve"}, headers=own).status_code == 303
    assert of(reader, "LooseError", days="5")["state"] == "resolved"
    at = datetime.now(UTC) + timedelta(seconds=1)
    console.load([met(6, at, "LooseError", page="/else", release="2")])
    note_errors(console.database, at)
    assert of(reader, "LooseError", days="6")["state"] == "regressed"
    with console.program() as program:
        answer = program.post(f"/api/v1{page}", params={"do": "reopen"})
        assert answer.status_code == 200
        assert of(program, "LooseError", days="8")["state"] == "new"
        assert program.post(f"/api/v1{page}", params={"do": "x"}).status_code == 400
        gone = program.post("/api/v1/errors/0000000000000000", params={"do": "resolve"})
        assert gone.status_code == 404
