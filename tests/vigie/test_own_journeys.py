"""Journeys saved from the console and by API: added, changed, removed, had back and undone; known
at once to all that reads journeys; every mistake is said, and two who edit at once are told."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import typer
from msgspec import structs

from probes.monitor import Monitor
from tests.support.console import (
    JOURNEY,
    MONITORS,
    SETTINGS,
    RunningConsole,
    history,
    running_console,
)
from tests.support.entering import entering, undone, version_of, words
from vigie.commands.ready import ready
from vigie.console.journey_form import Entered, entered, form_of
from vigie.folders import DataFolder
from vigie.own_journeys import JOURNEYS, entered_problems
from vigie.own_settings import OwnSettings
from vigie.reporting.steps import journey_step, step_settings, step_text
from vigie.settings import ChannelSettings, JourneySettings, SiteSettings, StepSettings
from vigie.settings_file import parse_settings
from vigie.settings_mistakes import SettingsError
from vigie.settings_toml import set_fields, toml_table

NOW = datetime.now(UTC)
OTHER_SITE = SiteSettings(id="blog", key="blog-key", origins=("https://blog.test",))
SHOP = structs.replace(
    SETTINGS,
    sites=(*SETTINGS.sites, OTHER_SITE),
    channels=(ChannelSettings(id="ops", kind="chat", default=True),),
)
README = structs.replace(SHOP, monitors=(Monitor(id="shop-home"),), journeys=())
LAMP = {
    "name": "Buy a lamp",
    "site": "shop",
    "owner": "Lamp team",
    "event": "order_placed",
    "monitors": ["pay"],
    "steps": [{"page": "/cart", "name": "Cart"}, {"event": "order_placed", "where": "value>=1"}],
    "target": 99.5,
}
FORM: dict[str, str | list[str]] = {
    "name": "Buy a lamp",
    "site": "shop",
    "owner": "Lamp team",
    "event": "order_placed",
    "target": "99.5",
    "window_minutes": "30",
    "monitors": ["pay"],
    "step": ["page:/cart", "", "event:order_placed"],
    "called": ["Cart", "", ""],
    "what": ["device", "", ""],
    "operator": ["=", "=", "="],
    "value": ["phone", "", ""],
    "more": ["", "", ""],
    "activity_alert": "no",
    "activity_chance": "0.001",
    "do": "save",
}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[RunningConsole]:
    with running_console(tmp_path, SHOP) as running:
        yield running


@pytest.fixture
def program(console: RunningConsole) -> Iterator[httpx.Client]:
    with console.program() as client:
        yield client


@pytest.fixture
def reader(console: RunningConsole) -> Iterator[httpx.Client]:
    with entering(console) as client:
        yield client


def kept(console: RunningConsole) -> list[JourneySettings]:
    return [each.thing for each in JOURNEYS.read(console.folder).things]


def test_the_form_saves_what_was_entered(console: RunningConsole, reader: httpx.Client) -> None:
    answer = reader.post("/journeys/-/add", data=FORM)
    assert answer.url.path == "/journeys/buy-a-lamp"
    assert "Buy a lamp was added." in words(answer)
    assert kept(console) == [
        JourneySettings(
            id="buy-a-lamp",
            site="shop",
            name="Buy a lamp",
            owner="Lamp team",
            event="order_placed",
            monitors=("pay",),
            steps=(
                StepSettings(name="Cart", page="/cart", where="device=phone"),
                StepSettings(event="order_placed"),
            ),
            window_minutes=30,
            target=99.5,
            activity_alert=False,
        )
    ]
    form = reader.get("/journeys/buy-a-lamp/edit")
    assert 'value="phone"' in form.text
    assert '<input type="checkbox" name="monitors" value="pay" checked>' in form.text


def test_buttons_of_steps_save_nothing_and_lose_nothing(
    console: RunningConsole, reader: httpx.Client
) -> None:
    answer = reader.post("/journeys/-/add", data={**FORM, "do": "up-3", "target": "much"})
    assert answer.status_code == 200
    chosen = re.findall(r'<option value="([^"]*)" selected', answer.text)
    assert [each for each in chosen if ":" in each] == ["page:/cart", "event:order_placed"]
    assert 'value="much"' in answer.text
    added = reader.post("/journeys/-/add", data={**FORM, "do": "add", "words": "click:#buy"})
    assert 'id="step-5"' not in added.text
    assert 'value="click:#buy" selected' in added.text
    assert kept(console) == []


def test_every_mistake_stands_beside_its_field_and_nothing_entered_is_lost(
    console: RunningConsole, reader: httpx.Client
) -> None:
    wrong = {
        "name": "Place an order",
        "target": "much",
        "window_minutes": "-1",
        "site": "nowhere",
        "monitors": ["pay", "gone"],
        "words": "tap:x",
    }
    answer = reader.post("/journeys/-/add", data={**FORM, **wrong, "what": ["colour", "", ""]})
    assert answer.status_code == 422
    said = words(answer)
    for text in (
        "'much' is no number",
        "'tap:x' is not a step",
        "there is no property 'colour'",
    ):
        assert text in said
    assert 'id="wrong-step-1"' in answer.text
    third = {**FORM, "what": ["", "", "colour"], "value": ["", "", "red"]}
    assert 'id="wrong-step-3"' in reader.post("/journeys/-/add", data=third).text
    assert 'value="much"' in answer.text
    fewer = {**FORM, **wrong, "target": "99.5", "window_minutes": "30", "words": ""}
    said = words(reader.post("/journeys/-/add", data=fewer))
    for text in (
        '"nowhere" is not the id of any of sites; right would be: known are "shop", "blog"',
        '"gone" is not the id of any of monitors; right would be: known are "front", "pay"',
    ):
        assert text in said
    assert kept(console) == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"name": ""}, "name is empty"),
        ({"name": "x" * 101}, "name is too long"),
        ({"name": " "}, "name is empty"),
        ({"event": "x" * 101}, "event is too long"),
        ({"steps": [{"page": "/" + "x" * 2_000}]}, "steps[1] is too long"),
        ({"steps": [{"page": "/a", "name": "x" * 101}]}, "steps[1].name is too long"),
        ({"name": "Place an order"}, "is taken by another journey of the site"),
        ({"site": "nowhere"}, 'site "nowhere" is not the id of any of sites'),
        ({"site": None}, "site is missing"),
        ({"monitors": ["pay", "gone"]}, 'monitors[2] "gone" is not the id of any of monitors'),
        ({"monitors": "pay"}, 'monitors is the text "pay"'),
        ({"channels": ["nobody"]}, 'channels[1] "nobody" is not the id of any of channels'),
        ({"steps": [], "monitors": [], "event": ""}, "steps are none"),
        ({"steps": [{"page": "/a"}] * 11}, "steps are 11"),
        ({"steps": [{"page": "/a", "event": "b"}]}, "steps[1] has a page and an event"),
        ({"steps": [{"name": "a"}]}, "steps[1] has neither a page nor an event nor a click"),
        ({"steps": [{"page": "/a", "where": "colour=red"}]}, "steps[1].where has a mistake"),
        ({"target": 100}, "target is 100"),
        ({"activity_chance": 0.5}, "activity_chance is 0.5"),
        ({"colour": "red"}, "colour is unknown here"),
        ({"id": "no id!"}, 'id is "no id!"'),
    ],
)
def test_the_api_says_what_is_wrong_and_where(
    console: RunningConsole, program: httpx.Client, changed: dict[str, Any], what: str
) -> None:
    answer = program.post("/api/v1/journeys", json={**LAMP, **changed})
    assert answer.status_code == 400
    assert what in answer.json()["error"]["what"]
    assert answer.json()["error"]["right"]
    assert kept(console) == []


def test_the_api_adds_changes_removes_undoes_and_has_back(program: httpx.Client) -> None:
    made = program.post("/api/v1/journeys", json=LAMP)
    assert made.status_code == 201, made.text
    assert made.json()["id"] == "buy-a-lamp"
    assert made.json()["version"] == 1
    address = "/api/v1/journeys/buy-a-lamp"
    changed = program.post(address, json={"owner": "Shop team", "version": 1}).json()
    assert (changed["owner"], changed["steps"], changed["version"]) == (
        "Shop team",
        made.json()["steps"],
        2,
    )
    late = program.post(address, json={"owner": "Mine", "version": 1})
    assert (late.status_code, late.json()["error"]["what"]) == (
        409,
        "Somebody changed it meanwhile.",
    )
    assert program.post(f"{address}/undo", json={"version": 1}).status_code == 409
    assert program.post(f"{address}/undo", json={}).json()["owner"] == "Lamp team"
    assert program.post(address, json={"version": "1"}).status_code == 400
    assert program.delete(address).status_code == 204
    assert program.delete(address).status_code == 404
    told = program.get("/api/v1/journeys").json()
    assert [(each["id"], each["version"]) for each in told["journeys"]] == [("order", None)]
    assert [each["id"] for each in told["removed"]] == ["buy-a-lamp"]
    assert program.post(f"{address}/restore", json={}).json()["owner"] == "Lamp team"


def test_ids_are_neither_doubled_nor_taken_over(program: httpx.Client) -> None:
    assert program.post("/api/v1/journeys", json={**LAMP, "id": "order"}).status_code == 409
    assert program.post("/api/v1/journeys", json={**LAMP, "id": "lamp"}).status_code == 201
    again = {**LAMP, "name": "Lamp", "site": "blog"}
    assert program.post("/api/v1/journeys", json={**again, "id": "lamp"}).status_code == 409
    assert program.post("/api/v1/journeys", json=again).json()["id"] == "lamp-2"


def test_what_is_no_json_is_told(program: httpx.Client) -> None:
    answer = program.post("/api/v1/journeys", content=b"name=x")
    assert (answer.status_code, "no JSON object" in answer.text) == (400, True)


def test_all_that_reads_journeys_knows_it_at_once(tmp_path: Path) -> None:
    with running_console(tmp_path, SHOP) as console, console.program() as program:
        console.load(history(NOW, sessions=200))
        report = "/api/v1/reports/journey?journey=buy-a-lamp"
        assert program.get(report).status_code == 400
        program.post("/api/v1/journeys", json={**LAMP, "steps": [{"page": "/cart"}]})
        assert len(program.get(report).json()["funnel"]["everyone"]["steps"]) == 1
        program.post(
            "/api/v1/journeys/buy-a-lamp",
            json={"steps": [{"page": "/cart"}, {"event": "order_placed"}]},
        )
        assert len(program.get(report).json()["funnel"]["everyone"]["steps"]) == 2
        for name in ("ready", "perceived", "cost", "activity", "conversion_speed"):
            site = "&site=shop" if name == "conversion_speed" else ""
            answer = program.get(f"/api/v1/reports/{name}?journey=buy-a-lamp{site}")
            assert answer.status_code == 200, answer.text
        with console.reader() as reader:
            for page in ("/", "/journeys"):
                assert "/journeys/buy-a-lamp" in reader.get(page).text
            for tab in ("outside", "people", "activity", "errors"):
                assert reader.get(f"/journeys/buy-a-lamp/{tab}").status_code == 200


def test_the_command_answers_for_it_with_and_without_a_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "vigie.toml"
    config.write_text('[[sites]]\nid = "shop"\nkey = "k"\norigins = ["https://shop.test"]\n')
    with running_console(tmp_path / "data", parse_settings(config.read_text(), "x")) as console:
        folder = console.folder
        JOURNEYS.add(folder, JourneySettings(id="lamp", site="shop", name="Lamp"), NOW)
    with pytest.raises(typer.Exit) as ended:
        ready("lamp", config=config, data=folder.root)
    assert ended.value.exit_code == 1
    assert "Lamp is not ready" in capsys.readouterr().out


def test_who_edits_what_somebody_else_just_changed_is_told_and_may_insist(
    console: RunningConsole, reader: httpx.Client
) -> None:
    reader.post("/journeys/-/add", data=FORM)
    address = "/journeys/buy-a-lamp/edit"
    version = version_of(reader.get(address))
    theirs = {**FORM, "owner": "Theirs", "monitors": [], "value": ["tablet", "", ""]}
    reader.post(address, data={**theirs, "version": version})
    told = reader.post(address, data={**FORM, "version": version, "owner": "Mine"})
    assert told.status_code == 409
    assert "Somebody changed this journey since you opened it" in words(told)
    assert (
        "Owner: Theirs; Steps: page:/cart where device=tablet (Cart), event:order_placed;"
        " Monitors: none."
    ) in words(told)
    assert 'value="Mine"' in told.text
    assert [each.owner for each in kept(console)] == ["Theirs"]
    reader.post(address, data={**FORM, "version": version_of(told), "owner": "Mine"})
    assert [each.owner for each in kept(console)] == ["Mine"]


def test_each_change_can_be_undone(console: RunningConsole, reader: httpx.Client) -> None:
    added = reader.post("/journeys/-/add", data=FORM)
    removed = undone(reader, added)
    assert (removed.url.path, "was removed" in words(removed)) == ("/journeys", True)
    assert kept(console) == []
    back = undone(reader, removed)
    assert "is back" in words(back)
    form = {**FORM, "version": version_of(reader.get("/journeys/buy-a-lamp/edit"))}
    saved = reader.post("/journeys/buy-a-lamp/edit", data={**form, "owner": "Other"})
    assert [each.owner for each in kept(console)] == ["Other"]
    before = undone(reader, saved)
    assert "is as it was before its last change" in words(before)
    assert [each.owner for each in kept(console)] == ["Lamp team"]
    late = undone(reader, saved)
    assert (late.status_code, "Somebody changed it meanwhile" in words(late)) == (409, True)


def test_what_comes_back_takes_no_name_that_is_another_s_by_now(
    program: httpx.Client, reader: httpx.Client
) -> None:
    assert program.post("/api/v1/journeys", json=LAMP).status_code == 201
    address = "/api/v1/journeys/buy-a-lamp"
    assert program.post(address, json={"name": "Light up"}).status_code == 200
    assert program.post("/api/v1/journeys", json={**LAMP, "id": "second"}).status_code == 201
    undone = program.post(f"{address}/undo", json={})
    assert (undone.status_code, undone.json()["error"]["what"]) == (
        409,
        "Another journey of shop is called Buy a lamp by now.",
    )
    assert program.delete(address).status_code == 204
    assert program.post(f"{address}/restore").json()["name"] == "Light up"
    assert program.delete("/api/v1/journeys/second").status_code == 204
    assert program.post(address, json={"name": "Buy a lamp"}).status_code == 200
    back = reader.post("/journeys/second/restore")
    assert (back.status_code, "is called Buy a lamp by now" in words(back)) == (409, True)
    assert len(program.get("/api/v1/journeys").json()["removed"]) == 1


def test_what_is_exported_is_what_the_settings_file_takes(
    console: RunningConsole, program: httpx.Client, reader: httpx.Client
) -> None:
    odd = {**LAMP, "name": 'A "lamp" \\', "activity_chance": 0.01, "target": None}
    for journey in (LAMP, odd):
        assert program.post("/api/v1/journeys", json=journey).status_code == 201
    assert "/journeys/-/export" in reader.get("/journeys").text
    answer = reader.get("/journeys/-/export")
    assert answer.headers["content-type"].startswith("application/toml")
    assert taken(answer.text) == kept(console)
    assert taken(reader.get("/journeys/buy-a-lamp/export").text) == kept(console)[:1]
    assert reader.get("/journeys/order/export").status_code == 404


def taken(text: str) -> list[JourneySettings]:
    """The journeys of an exported text beside the site and monitor that they name."""
    site = toml_table("[[sites]]", set_fields(SHOP.sites[0]))
    monitor = toml_table("[[monitors]]", set_fields(MONITORS[1]))
    return list(parse_settings("\n".join([site, monitor, text]), "exported").journeys)


@pytest.mark.parametrize("action", ["edit", "remove", "restore", "undo"])
def test_what_stands_in_the_settings_file_is_fixed(
    console: RunningConsole, reader: httpx.Client, action: str
) -> None:
    answer = reader.post(f"/journeys/order/{action}", data={**FORM, "version": "1"})
    assert answer.status_code == 404
    assert "vigie.toml" in words(answer)
    page = reader.get("/journeys/order").text
    assert "Stands in vigie.toml" in page
    assert "/journeys/order/edit" not in page
    assert "from vigie.toml" in reader.get("/journeys").text
    assert JOURNEYS.read(console.folder).changes == 0


def test_what_another_site_sends_changes_nothing(
    console: RunningConsole, reader: httpx.Client
) -> None:
    reader.post("/journeys/-/add", data=FORM)
    for origin in ("https://evil.test", "null", ""):
        reader.headers["origin"] = origin
        assert reader.post("/journeys/-/add", data={**FORM, "name": "Evil"}).status_code == 403
        assert reader.post("/journeys/buy-a-lamp/remove").status_code == 403
        assert reader.post("/api/v1/journeys", json=LAMP).status_code == 403
    with console.stranger() as stranger:
        assert stranger.get("/journeys/-/add").status_code == 401
        assert stranger.post("/api/v1/journeys", json=LAMP).status_code == 401
    assert [each.id for each in kept(console)] == ["buy-a-lamp"]


def test_it_goes_on_without_a_monitor_that_was_removed_and_says_so(
    console: RunningConsole, reader: httpx.Client
) -> None:
    reader.post("/monitors/-/add", data={"url": "https://www.example.org/", "name": "Entrance"})
    reader.post("/journeys/-/add", data={**FORM, "monitors": ["pay", "entrance"]})
    reader.post("/monitors/entrance/remove")
    page = reader.get("/journeys/buy-a-lamp")
    assert page.status_code == 200
    assert "Entrance was removed from the monitors : this journey goes on without it" in words(page)
    assert reader.get("/journeys/buy-a-lamp/outside").status_code == 200
    told = reader.get("/api/v1/journeys").json()["journeys"][-1]
    assert (told["monitors"], told["gone_monitors"]) == (["pay", "entrance"], ["entrance"])
    assert "saving takes it off this journey" in words(reader.get("/journeys/buy-a-lamp/edit"))
    reader.post("/monitors/entrance/restore")
    assert "goes on without" not in words(reader.get("/journeys/buy-a-lamp"))


def test_one_whose_site_is_gone_is_left_aside_and_told(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    lost = JourneySettings(id="lost", site="former", name="Lost")
    JOURNEYS.add(folder, lost, NOW)
    JOURNEYS.add(folder, structs.replace(lost, id="order", site="shop", name="Twice"), NOW)
    assert OwnSettings(SHOP, folder).settings().journeys == (JOURNEY,)
    with running_console(tmp_path, SHOP) as console, console.reader() as reader:
        said = words(reader.get("/journeys"))
        assert "Lost Its site, former, is no longer in vigie.toml." in said
        assert "Twice A journey of vigie.toml has its id, order." in said
        reader.headers["origin"] = console.base
        assert reader.get("/journeys/lost/edit").status_code == 200
        assert reader.post("/journeys/order/remove").status_code == 303
        assert [each.id for each in kept(console)] == ["lost"]


def test_a_damaged_file_leaves_the_settings_journeys(
    console: RunningConsole, reader: httpx.Client
) -> None:
    (console.folder.root / "journeys.json").write_text("{")
    assert "Place an order" in words(reader.get("/journeys"))
    answer = reader.post("/journeys/-/add", data=FORM)
    assert (answer.status_code, "journeys.json cannot be read" in words(answer)) == (400, True)


def test_a_funnel_becomes_a_journey_in_one_step(
    console: RunningConsole, reader: httpx.Client
) -> None:
    funnel = {"site": "shop", "steps": "page:/cart,event:order_placed where value>=1"}
    funnel |= {"window_minutes": "15", "name": "Orders", "owner": "Shop team"}
    answer = reader.post("/journeys/-/add", data={**funnel, "by": "device"})
    assert answer.url.path == "/journeys/orders"
    (journey,) = kept(console)
    assert journey.steps[1] == StepSettings(event="order_placed", where="value>=1")
    assert (journey.window_minutes, journey.owner) == (15, "Shop team")
    assert journey.event == "order_placed", "the event it ends in is what counts"
    strict = reader.post("/journeys/-/add", data={**funnel, "name": "Strict", "order": "strict"})
    assert (strict.status_code, len(kept(console))) == (200, 1)
    assert "The funnel's own order, exclusions and users are left out" in words(strict)


def test_the_page_s_example_is_taken(program: httpx.Client, project_root: Path) -> None:
    page = (project_root / "docs" / "journeys.md").read_text("utf-8")
    example = msgspec.json.decode(page.split("```json")[1].split("```")[0])
    answer = program.post("/api/v1/journeys", json={**example, "monitors": ["front"]})
    assert answer.status_code == 400, "the fixed one has this name"
    assert answer.json()["error"]["what"].startswith("name ")
    assert entered_problems({**example, "id": "own"}, README) == []


def test_a_journey_goes_through_the_form_unchanged() -> None:
    journey = JourneySettings(
        id="lamp",
        site="blog",
        name="Buy a lamp",
        owner="Lamp team",
        event="paid",
        monitors=("pay", "front"),
        steps=(StepSettings(name="Cart", page="/cart", where="value>=1 and device=phone|tablet"),),
        window_minutes=0.125,
        target=99.9999,
        channels=("ops",),
        activity_alert=False,
        activity_chance=0.00001,
    )
    assert {each.name for each in structs.fields(JourneySettings)} == {
        name for name, value in structs.asdict(journey).items() if value != ()
    }, "every field is tried"
    assert entered(form_of(journey), "lamp", SHOP) == Entered(
        journey=journey, problems={}, wrong_steps={}
    )


def test_steps_go_through_settings_and_words_unchanged() -> None:
    for step in (
        StepSettings(name="Cart", page="/cart", where="value>=1 and device=phone|tablet"),
        StepSettings(click="#buy"),
        StepSettings(event="a, b"),
    ):
        assert step_settings(journey_step(step)) == step
        assert step_text(journey_step(step))


def test_the_settings_file_takes_the_same_steps() -> None:
    site = '[[sites]]\nid = "shop"\nkey = "k"\norigins = ["https://shop.test"]\n'
    steps = (StepSettings(click="#buy"), StepSettings(event="paid", where="value>=1"))
    journey = JourneySettings(id="a", site="shop", steps=steps)
    text = site + toml_table("[[journeys]]", set_fields(journey))
    assert parse_settings(text, "file").journeys == (journey,)
    many = structs.replace(journey, steps=steps * 6)
    with pytest.raises(SettingsError, match="steps: are 12; give at most 10"):
        parse_settings(site + toml_table("[[journeys]]", set_fields(many)), "file")
