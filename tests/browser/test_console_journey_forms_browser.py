"""The form of a journey in a real Chromium: by keyboard, without JavaScript, its steps, its
mistakes, its Undo; and a funnel saved as one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.console import RunningConsole, history, running_console
from tests.support.entering import entering_page
from vigie.own_journeys import JOURNEYS
from vigie.settings import JourneySettings, StepSettings

pytestmark = pytest.mark.browser

ADD = "/journeys/-/add"
TABS_MAX = 40
CART, PLACED = StepSettings(page="/cart"), StepSettings(event="order_placed")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("console")) as running:
        running.load(history(datetime.now(UTC), sessions=40))
        yield running


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def page(
    chromium: Browser, console: RunningConsole, request: pytest.FixtureRequest
) -> Iterator[Page]:
    with entering_page(chromium, console, "journeys.json", javascript=request.param) as page:
        yield page


def saved(console: RunningConsole) -> list[JourneySettings]:
    return [each.thing for each in JOURNEYS.read(console.folder).things]


def test_a_journey_is_added_by_keyboard_alone(page: Page, console: RunningConsole) -> None:
    page.goto(ADD)
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Buy a lamp")
    page.keyboard.press("Tab")
    page.keyboard.type("Lamp team")
    for _ in range(TABS_MAX):
        if page.evaluate("document.activeElement.id") == "words":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("page:/cart")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Buy a lamp was added")
    (journey,) = saved(console)
    assert (journey.name, journey.owner, journey.steps) == ("Buy a lamp", "Lamp team", (CART,))


def test_steps_are_picked_moved_and_conditioned(page: Page, console: RunningConsole) -> None:
    page.goto(ADD)
    page.get_by_label("Name", exact=True).fill("Buy a lamp")
    page.get_by_label("Step 1", exact=True).select_option("event:order_placed")
    page.get_by_label("Step 2", exact=True).select_option("page:/cart")
    page.get_by_role("button", name="Move step 2 up").click()
    page.get_by_role("button", name="Add a step").click()
    page.get_by_label("Step 3", exact=True).select_option("page:/checkout")
    page.get_by_label("Step 3: what it is called").fill("Payment")
    page.get_by_text("Only where").nth(2).click()
    page.get_by_label("Step 3: property").fill("device")
    page.get_by_label("Step 3: value").fill("phone")
    page.get_by_label("Front page").check()
    page.get_by_role("button", name="Add the journey").click()
    expect(page.get_by_role("status")).to_contain_text("was added")
    (journey,) = saved(console)
    paying = StepSettings(name="Payment", page="/checkout", where="device=phone")
    assert journey.steps == (CART, PLACED, paying)
    assert journey.monitors == ("front",)


def test_a_mistake_is_led_to_and_mended(page: Page, console: RunningConsole) -> None:
    page.goto(ADD)
    page.get_by_label("Name", exact=True).fill("Place an order")
    page.get_by_label("Event", exact=True).fill("order_placed")
    page.get_by_label("Target", exact=True).fill("all of it")
    page.get_by_role("button", name="Add the journey").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("2 entries need another look")
    alert.get_by_role("link", name="Target").click()
    expect(page.get_by_label("Target", exact=True)).to_be_focused()
    page.get_by_label("Target", exact=True).fill("99.9")
    expect(page.locator("#wrong-name")).to_contain_text("taken by another journey")
    page.get_by_label("Name", exact=True).fill("Buy a lamp")
    page.get_by_role("button", name="Add the journey").click()
    expect(page.get_by_role("status")).to_contain_text("was added")
    assert [each.target for each in saved(console)] == [99.9]


def test_edits_and_removals_are_undone(page: Page, console: RunningConsole) -> None:
    page.goto(ADD)
    page.get_by_label("Name", exact=True).fill("Buy a lamp")
    page.get_by_label("Event", exact=True).fill("order_placed")
    page.get_by_role("button", name="Add the journey").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Owner", exact=True).fill("Lamp team")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("was saved")
    assert [each.owner for each in saved(console)] == ["Lamp team"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("before its last change")
    assert [each.owner for each in saved(console)] == [""]
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_contain_text("was removed")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("is back")


def test_a_funnel_is_saved_as_a_journey(page: Page, console: RunningConsole) -> None:
    page.goto("/funnels?steps=page:/cart,event:order_placed")
    page.get_by_label("Name", exact=True).fill("Orders")
    page.get_by_role("button", name="Save as a journey").click()
    expect(page.get_by_role("status")).to_contain_text("Orders was added")
    assert [each.steps for each in saved(console)] == [(CART, PLACED)]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_of_it_is_wider_than_its_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(ADD)
    page.get_by_label("Name", exact=True).fill("Long-" * 20)
    page.get_by_label("Or in words").fill(f"page:/{'long-' * 40}")
    page.get_by_role("button", name="Add the journey").click()
    added = page.url.split("?")[0]
    for address in (ADD, added, f"{added}/edit", "/journeys"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        table = page.locator("table.stacked")
        if width == 390 and table.count():
            assert table.evaluate("e => e.scrollWidth <= e.parentElement.clientWidth")
