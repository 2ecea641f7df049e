"""The form of a monitor in a real Chromium: by keyboard alone, without JavaScript, and its Undo."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.console import RunningConsole, running_console
from tests.support.entering import entering_page
from vigie.own_monitors import read_own_monitors

pytestmark = pytest.mark.browser

ADD = "/monitors/-/add"
URL = "https://www.example.org/sign-in"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def page(
    chromium: Browser, console: RunningConsole, request: pytest.FixtureRequest
) -> Iterator[Page]:
    with entering_page(chromium, console, "monitors.json", javascript=request.param) as page:
        yield page


def test_a_monitor_is_added_by_keyboard_alone(page: Page, console: RunningConsole) -> None:
    page.goto(ADD)
    expect(page.get_by_label("Address", exact=True)).to_be_focused()
    page.keyboard.type(URL)
    page.keyboard.press("Tab")
    page.keyboard.type("Sign in")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Sign in was added")
    assert [each.url for each in read_own_monitors(console.folder)] == [URL]


def test_a_mistake_is_led_to_and_mended(page: Page, console: RunningConsole) -> None:
    page.goto(ADD)
    page.get_by_label("Address", exact=True).fill(URL)
    page.get_by_label("Every", exact=True).fill("soon")
    page.get_by_role("button", name="Try it now").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("1 field needs another look")
    described = page.get_by_label("Every", exact=True).get_attribute("aria-describedby")
    assert described == "help-interval_s wrong-interval_s"
    expect(page.locator("#wrong-interval_s")).to_contain_text("'soon' is no number; right would be")
    alert.get_by_role("link", name="Every").click()
    expect(page.get_by_label("Every", exact=True)).to_be_focused()
    page.get_by_label("Every", exact=True).fill("30")
    page.get_by_role("button", name="Add the monitor").click()
    expect(page.get_by_role("status")).to_contain_text("was added")
    assert [each.interval_s for each in read_own_monitors(console.folder)] == [30]


def test_pausing_editing_and_undoing_a_removal(page: Page, console: RunningConsole) -> None:
    page.goto(ADD)
    page.get_by_label("Address", exact=True).fill(URL)
    page.get_by_label("Name", exact=True).fill("Entrance")
    page.get_by_role("button", name="Add the monitor").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_contain_text("is paused")
    page.get_by_role("link", name="Edit").click()
    page.get_by_text("The request in detail").click()
    page.get_by_label("Method", exact=True).select_option("HEAD")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("was saved")
    page.goto("/monitors")
    page.get_by_role("button", name="Remove Entrance").click()
    expect(page.get_by_role("status")).to_contain_text("was removed")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("is back")
    (monitor,) = read_own_monitors(console.folder)
    assert (monitor.method, monitor.paused, monitor.name) == ("HEAD", True, "Entrance")


def test_signing_out_works_under_the_consoles_own_policies(page: Page) -> None:
    page.goto("/data")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto("/data")
    expect(page.locator("h1")).to_have_text("Sign in with a link")


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_of_it_is_wider_than_its_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(ADD)
    page.get_by_label("Address", exact=True).fill(f"{URL}/{'long-' * 40}")
    page.get_by_role("button", name="Add the monitor").click()
    added = page.url.split("?")[0]
    for address in (ADD, added, f"{added}/edit", "/monitors"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
