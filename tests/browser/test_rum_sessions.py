"""A session is a person's visit: shared by tabs, ended by absence or age, safe without storage."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import flush, leave, run_clock_until, visit
from tests.support.capture import Capture
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser

FORBID_STORAGE = """
for (const area of ['localStorage', 'sessionStorage']) {
    const get = () => { throw new DOMException('no', 'SecurityError') };
    Object.defineProperty(window, area, {get});
}"""


def sessions(capture: Capture) -> list[str]:
    """The sessions of the batches, in the order they first came."""
    return list(dict.fromkeys(beacon.json["session"] for beacon in capture.beacons))


@pytest.fixture(autouse=True)
def _pages(site: WebSite) -> None:
    site.pages["/"] = site.pages["/other"] = document("<h1>Start</h1><button>b</button>")


@pytest.fixture
def clocked(page: Page, site: WebSite) -> Page:
    """A page whose clock the test moves."""
    page.clock.install()
    visit(page, site.base + "/")
    return page


def test_tabs_share_a_session_and_never_a_batch_number(
    context: BrowserContext, site: WebSite, capture: Capture
) -> None:
    tabs = [context.new_page() for _ in range(3)]
    for tab in tabs:
        visit(tab, site.base + "/")
    for tab in tabs:
        tab.evaluate("vigie('event', 'one')")
        tab.close(run_before_unload=True)
    capture.wait(lambda came: len(came.find(kind="event")) == 3, "three tabs")
    (session,) = sessions(capture)
    assert re.fullmatch("[0-9a-f]{32}", session)
    numbers = [beacon.json["batch"] for beacon in capture.accepted]
    assert len(set(numbers)) == len(numbers)
    assert len({number >> 20 for number in numbers}) == 3, "each load has bits of its own"
    assert max(numbers) < 2**52


def test_pages_that_follow_each_other_share_a_session(
    page: Page, site: WebSite, capture: Capture
) -> None:
    visit(page, site.base + "/")
    visit(page, site.base + "/other")
    leave(page)
    capture.wait_for_event(page="/other")
    assert len(sessions(capture)) == 1


def test_tabs_that_opened_at_one_moment_settle_on_one_session(
    page: Page, site: WebSite, capture: Capture
) -> None:
    # Without long timers nothing is sent before the page is left, however long that takes.
    page.add_init_script(
        "const real = setTimeout; window.setTimeout = (work, ms) => ms >= 1000 || real(work, ms)"
    )
    visit(page, site.base + "/")
    page.wait_for_function("localStorage.getItem('vigie.session')")
    stored = page.evaluate("localStorage.getItem('vigie.session')")
    others = "f" * 32
    page.evaluate(
        "([ours, others]) => localStorage.setItem('vigie.session', ours.replace(/^\\w+/, others))",
        [stored, others],
    )
    leave(page)
    capture.wait_for_event(kind="view")
    assert sessions(capture) == [others]
    assert capture.views == ["/"]


def test_forbidden_storage_costs_no_session_of_every_event(
    page: Page, site: WebSite, capture: Capture
) -> None:
    page.add_init_script(FORBID_STORAGE)
    visit(page, site.base + "/")
    for name in ("one", "two"):
        page.click("button")
        page.evaluate("name => vigie('event', name)", name)
        flush(page)
        capture.wait_for_event(name=name)
    assert len(sessions(capture)) == 1
    assert capture.views == ["/"]


def test_storage_that_vanishes_costs_no_session_either(
    page: Page, site: WebSite, capture: Capture
) -> None:
    visit(page, site.base + "/")
    for name in ("one", "two", "three"):
        page.evaluate("localStorage.clear()")
        page.evaluate("name => vigie('event', name)", name)
        flush(page)
        capture.wait_for_event(name=name)
    page.click("button")
    (session,) = sessions(capture)
    assert page.evaluate("localStorage.getItem('vigie.session')").startswith(session)


def test_nonsense_in_storage_is_replaced(page: Page, site: WebSite, capture: Capture) -> None:
    page.add_init_script("""
        localStorage.setItem('vigie.session', 'nonsense');
        sessionStorage.setItem('vigie.unsent', '{"neither": ');
    """)
    visit(page, site.base + "/")
    leave(page)
    capture.wait_for_event(kind="view")
    assert re.fullmatch("[0-9a-f]{32}", sessions(capture)[0])


def test_somebody_who_just_came_is_told_of_soon(clocked: Page, capture: Capture) -> None:
    run_clock_until(clocked, lambda: bool(capture.beacons), "the view")
    (view,) = capture.find(kind="view")
    assert capture.beacons[0].json["sent"] - view["at"] < 9000, "it waited for more events"


def tell(page: Page, capture: Capture, name: str) -> None:
    """An event, and time for it to arrive."""
    page.evaluate("name => vigie('event', name)", name)
    run_clock_until(page, lambda: bool(capture.find(name=name)), f"the event {name}")


def put_aside(page: Page) -> None:
    """Out of sight, so that the page does not keep its session alive."""
    page.evaluate("Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})")


def test_fifteen_minutes_without_anybody_end_a_session_and_a_click_begins_the_next(
    clocked: Page, capture: Capture
) -> None:
    tell(clocked, capture, "one")
    put_aside(clocked)
    clocked.clock.fast_forward("14:00")
    clocked.click("button")
    clocked.clock.fast_forward("14:00")
    tell(clocked, capture, "two")
    assert len(sessions(capture)) == 1
    clocked.clock.fast_forward("15:01")
    clocked.click("button")
    tell(clocked, capture, "three")
    assert len(sessions(capture)) == 2
    assert [event["view"] for event in capture.find(kind="view")] == [1, 2]
    assert capture.find(name="three")[0]["view"] == 2


def test_a_visible_tab_keeps_its_session_but_for_four_hours_at_most(
    clocked: Page, capture: Capture
) -> None:
    tell(clocked, capture, "first")
    for _ in range(23):
        clocked.clock.run_for("10:00")
    tell(clocked, capture, "before")
    assert len(sessions(capture)) == 1
    clocked.clock.run_for("10:00")
    tell(clocked, capture, "after")
    assert len(sessions(capture)) == 2


def test_an_error_in_a_tab_nobody_looks_at_brings_no_ended_session_back(
    clocked: Page, capture: Capture
) -> None:
    tell(clocked, capture, "first")
    put_aside(clocked)
    clocked.clock.fast_forward("16:00")
    clocked.evaluate("() => { dispatchEvent(new ErrorEvent('error', {message: 'poll failed'})) }")
    clocked.evaluate("vigie('event', 'meant')")
    clocked.evaluate("() => { dispatchEvent(new ErrorEvent('error', {message: 'seen'})) }")
    run_clock_until(clocked, lambda: bool(capture.find(name="meant")), "the event")
    assert [event["message"] for event in capture.find(kind="error")] == ["seen"]
    assert len(sessions(capture)) == 2
