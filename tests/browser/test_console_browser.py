"""The console in a real Chromium: nothing blocked or failing on any page, times of the reader's,
live pages, and all of it by keyboard."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from probes.outcome import Outcome
from store.records import Record
from tests.support.console import MONITORS, RunningConsole, check, history, running_console

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/journeys",
    "/journeys/-/add",
    "/journeys/order",
    "/funnels",
    "/speed",
    "/speed?page=/cart",
    "/errors",
    "/monitors",
    "/incidents",
    "/contracts",
    "/install",
    "/data",
)
FRONT = "/monitors/front?days=7"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("console")) as running:
        running.load(history(datetime.now(UTC)))
        yield running


class Watched:
    """A signed-in tab, and everything it complained of."""

    def __init__(self, page: Page, console: RunningConsole) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self._note_failed)
        page.goto(console.link())

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _note_failed(self, request: Request) -> None:
        # A live page asks every few seconds: what it just asked ends with it when it is left.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure}: {request.url}")


@pytest.fixture
def tab(chromium: Browser, console: RunningConsole) -> Iterator[Watched]:
    context = chromium.new_context(
        base_url=console.base, locale="en-GB", timezone_id="Asia/Kolkata", color_scheme="light"
    )
    context.set_default_timeout(20_000)
    yield Watched(context.new_page(), console)
    context.close()


def test_no_page_is_blocked_or_fails_at_anything(tab: Watched) -> None:
    for address in PAGES:
        tab.page.goto(address)
        expect(tab.page.locator("h1")).to_be_visible()
        assert tab.complaints == [], address


def test_the_latency_chart_draws_under_the_policy_and_follows_the_theme(tab: Watched) -> None:
    tab.page.goto(FRONT)
    expect(tab.page.locator(".plot .main-svg").first).to_be_visible()
    assert tab.page.evaluate("document.querySelectorAll('style').length") == 0
    ink = "getComputedStyle(document.querySelector('.plot text')).fill"
    light = tab.page.evaluate(ink)
    tab.page.get_by_role("button", name="Switch between light and dark").click()
    tab.page.wait_for_function(f"{ink} !== {light!r}")
    assert tab.complaints == []


def test_the_theme_chosen_is_kept(tab: Watched) -> None:
    tab.page.goto("/data")
    tab.page.get_by_role("button", name="Switch between light and dark").click()
    tab.page.goto("/install")
    assert tab.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


@pytest.mark.parametrize("width", [1024, 360])
def test_no_page_is_wider_than_its_window(tab: Watched, width: int) -> None:
    tab.page.set_viewport_size({"width": width, "height": 800})
    for address in (*PAGES, FRONT):
        tab.page.goto(address)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_times_are_shown_in_the_readers_zone(tab: Watched) -> None:
    tab.page.goto("/incidents")
    time = tab.page.locator("td time").first
    written = datetime.fromisoformat(time.get_attribute("datetime") or "")
    here = written.astimezone(UTC) + timedelta(hours=5, minutes=30)
    expect(time).to_have_text(re.compile(f"{here:%H:%M:%S}"))


def test_a_page_reads_without_javascript(chromium: Browser, console: RunningConsole) -> None:
    context = chromium.new_context(base_url=console.base, java_script_enabled=False)
    page = context.new_page()
    page.goto(console.link())
    page.goto("/incidents")
    expect(page.locator("td time").first).to_have_text(re.compile(r"\d\d:\d\d:\d\d UTC"))
    page.goto("/funnels")
    page.get_by_role("button", name="Remove step 2").click()
    expect(page.locator("select[name=step]")).to_have_count(2)
    said = page.get_by_role("heading", level=2).filter(has_text="of sessions get through")
    expect(said).to_be_visible()
    page.goto(FRONT)
    expect(page.get_by_text("The chart needs JavaScript")).to_be_visible()
    context.close()


def test_a_funnel_is_built_by_keyboard_alone(tab: Watched) -> None:
    page = tab.page
    page.goto("/funnels?steps=page:/cart,page:/checkout")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Add a step").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("#step-3$"))
    page.keyboard.press("Tab")
    third = page.get_by_label("Step 3", exact=True)
    expect(third).to_be_focused()
    third.press("o")
    page.get_by_role("button", name="Show the funnel").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("event%3Aorder_placed"))
    expect(page.get_by_role("row", name=re.compile(r"^order_placed"))).to_be_visible()


def test_a_picker_closes_by_escape_and_gives_the_focus_back(tab: Watched) -> None:
    page = tab.page
    page.goto("/speed")
    picker = page.locator("summary", has_text="Last 30 days")
    picker.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Last 7 days")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Last 7 days")).to_be_hidden()
    expect(picker).to_be_focused()


def test_home_shows_an_outage_and_its_end_without_a_reload(
    chromium: Browser, tmp_path: Path
) -> None:
    now = datetime.now(UTC)  # and stays so, lest the last checks be too long ago
    with running_console(tmp_path, clock=lambda: now) as console:
        console.load(history(now - timedelta(minutes=20), sessions=20, days=1))
        console.load(good_checks(now, minutes=19))
        context = chromium.new_context(base_url=console.base)
        tab = Watched(context.new_page(), console)
        page = tab.page
        expect(page.locator("h1")).to_have_text("All 2 monitors are up")
        page.evaluate("window.notReloaded = true")
        console.load([check("front", at, Outcome.CONNECT_REFUSED) for at in ticks(now, 2)])
        expect(page.locator("h1")).to_have_text("Front page is down")
        console.load([check("front", at, Outcome.OK) for at in ticks(now, 3)[2:]])
        expect(page.locator("h1")).to_have_text("All 2 monitors are up")
        assert page.evaluate("window.notReloaded") is True
        assert tab.complaints == []
        context.close()


def test_the_first_start_turns_live_at_the_first_beacon(chromium: Browser, tmp_path: Path) -> None:
    with running_console(tmp_path) as console:
        context = chromium.new_context(base_url=console.base)
        tab = Watched(context.new_page(), console)
        expect(tab.page.get_by_role("status")).to_contain_text("Waiting for the first beacon")
        console.load(history(datetime.now(UTC), sessions=1, days=1))
        expect(tab.page.get_by_role("status")).to_contain_text("The first beacon has arrived")
        tab.page.get_by_role("link", name="Open Home").click()
        expect(tab.page.get_by_role("heading", name="Freshness")).to_be_visible()
        assert tab.complaints == []
        context.close()


def ticks(now: datetime, count: int) -> list[datetime]:
    """Times of `count` checks after those of good_checks, seconds apart so as not to lie ahead."""
    return [now - timedelta(seconds=30) + timedelta(seconds=10 * n) for n in range(count)]


def good_checks(now: datetime, *, minutes: int) -> list[Record]:
    return [
        check(monitor.id, now - timedelta(seconds=40, minutes=minute), Outcome.OK)
        for monitor in MONITORS
        for minute in range(minutes)
    ]
