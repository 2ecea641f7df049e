"""How far a view was scrolled, how long it was seen, and how long somebody was busy with it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.browsing import hide, leave, run_clock_until, show, visit
from tests.support.capture import Capture
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser

TALL = '<body style="margin: 0"><div style="height: 4000px">tall</div><input id="field">'


@pytest.fixture
def clocked(page: Page, site: WebSite) -> Page:
    """A tall page whose clock stands until the test moves it."""
    page.set_viewport_size({"width": 800, "height": 500})
    site.pages["/"] = document(TALL.replace('<input id="field">', ""))
    page.clock.install(time=0)
    visit(page, site.base + "/")
    page.clock.pause_at(60)
    return page


@pytest.fixture
def left(page: Page, capture: Capture) -> Callable[[], dict[str, Any]]:
    """The figures of the view, once it is put aside."""

    def left() -> dict[str, Any]:
        before = len(capture.find(kind="leave"))
        hide(page)
        run_clock_until(page, lambda: len(capture.find(kind="leave")) > before, "the figures")
        return capture.find(kind="leave")[-1]

    return left


def scroll(page: Page, to: int) -> None:
    page.evaluate("to => new Promise(done => { onscroll = done; scrollTo(0, to) })", to)
    page.clock.run_for(100)


Left = Callable[[], dict[str, Any]]


def test_the_lowest_pixel_seen_and_its_share_of_the_page_are_told(
    clocked: Page, left: Left
) -> None:
    for to in (200, 1500, 100):
        scroll(clocked, to)
    figures = left()
    assert (figures["scroll_px"], figures["scroll"]) == (2000, 0.5)


def test_who_does_not_scroll_has_seen_the_first_screen(clocked: Page, left: Left) -> None:
    figures = left()
    assert (figures["scroll_px"], figures["scroll"]) == (500, 0.125)


def test_a_page_that_grows_was_seen_to_a_smaller_share(clocked: Page, left: Left) -> None:
    scroll(clocked, 1500)
    clocked.evaluate("document.querySelector('div').style.height = '8000px'")
    figures = left()
    assert (figures["scroll_px"], figures["scroll"]) == (2000, 0.25)


def acted(page: Page) -> None:
    page.keyboard.press("Shift")


def test_engaged_is_five_seconds_from_each_action_and_no_second_twice(
    clocked: Page, left: Left
) -> None:
    clocked.clock.run_for(9000)
    before = left()
    show(clocked)
    acted(clocked)
    clocked.clock.run_for(2000)
    acted(clocked)
    clocked.clock.run_for(30_000)
    acted(clocked)
    clocked.clock.run_for(1000)
    hide(clocked)
    clocked.clock.run_for(50_000)
    show(clocked)
    clocked.clock.run_for(10_000)
    assert engaged_since(clocked, left, before) == (7000 + 1000, 33_000 + 10_000)


def engaged_since(page: Page, left: Left, before: dict[str, Any]) -> tuple[int, int]:
    after = left()
    return after["engaged"] - before["engaged"], after["visible"] - before["visible"]


def test_a_page_without_the_focus_engages_nobody(clocked: Page, left: Left) -> None:
    clocked.clock.run_for(9000)
    before = left()
    show(clocked)
    clocked.evaluate("() => { document.hasFocus = () => false; dispatchEvent(new Event('blur')) }")
    acted(clocked)
    clocked.clock.run_for(4000)
    assert engaged_since(clocked, left, before) == (0, 4000)


def test_a_computer_asleep_counts_for_nobody(clocked: Page, left: Left) -> None:
    clocked.clock.run_for(9000)
    before = left()
    show(clocked)
    acted(clocked)
    clocked.clock.run_for(1000)
    clocked.clock.fast_forward("08:00:00")
    engaged, visible = engaged_since(clocked, left, before)
    assert engaged == 5000
    assert visible <= 1000


def test_each_view_has_figures_of_its_own_and_the_last_replace_the_earlier(
    page: Page, site: WebSite, capture: Capture
) -> None:
    page.set_viewport_size({"width": 800, "height": 500})
    site.pages["/"] = document(TALL)
    visit(page, site.base + "/")
    page.evaluate("() => new Promise(done => { onscroll = done; scrollTo(0, 1000) })")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)))")
    page.evaluate("history.pushState({}, '', '/second')")
    page.evaluate("() => new Promise(done => { onscroll = done; scrollTo(0, 0) })")
    leave(page)
    capture.wait(
        lambda came: all(came.find(kind="leave", page=path) for path in ("/", "/second")),
        "both views, which may come in two beacons, in any order",
    )
    first, second = (capture.find(kind="leave", view=number)[-1] for number in (1, 2))
    assert (first["page"], first["scroll_px"]) == ("/", 1500)
    assert (second["page"], second["scroll_px"]) == ("/second", 500)
    assert 0 <= second["engaged"] <= second["visible"]


def test_what_did_not_change_is_not_told_again(clocked: Page, capture: Capture, left: Left) -> None:
    left()
    for _ in range(3):
        show(clocked)
        hide(clocked)
    clocked.evaluate("vigie('event', 'last')")
    hide(clocked)
    run_clock_until(clocked, lambda: bool(capture.find(name="last")), "the event")
    assert len(capture.find(kind="leave")) == 1


def test_no_layout_is_read_while_the_page_scrolls(clocked: Page) -> None:
    clocked.evaluate("""() => {
        window.during = false; window.reads = [0, 0];
        const spied = Object.getOwnPropertyDescriptor(Element.prototype, 'scrollHeight');
        Object.defineProperty(Element.prototype, 'scrollHeight', {get() {
            reads[+during]++; return spied.get.call(this) }});
        addEventListener('scroll', () => { during = true }, true);
        document.addEventListener('scroll', () => { during = false });
        dispatchEvent(new Event('scroll'));
        during = false;
    }""")
    scroll(clocked, 300)
    clocked.evaluate("during = false")
    clocked.clock.run_for(1000)
    assert clocked.evaluate("reads[1]") == 0
    assert clocked.evaluate("reads[0]") > 0
