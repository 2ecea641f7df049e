"""rum.js and Google's web-vitals, in one page of a real browser, compute the same."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import hide, show, visit
from tests.support.capture import Capture
from tests.support.peer import (
    LISTINGS,
    PEER,
    SETTLED,
    agreed_vitals,
    last_vitals,
    leave_for_end,
    noise_png,
    said_of,
    serve_peer,
)
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser


@pytest.fixture
def listings(site: WebSite, page: Page, project_root: Path, tmp_path: Path) -> Page:
    """A page with both scripts in it, and something slow, late and shifting to be had."""
    serve_peer(site, project_root)
    site.folders["/pictures/"] = tmp_path
    (tmp_path / "hero.png").write_bytes(noise_png(400, 300))
    site.pages["/listings"] = document(LISTINGS, head=PEER)
    visit(page, site.base + "/listings")
    return page


def compare(page: Page, site: WebSite, capture: Capture) -> dict[str, Any]:
    """What rum.js said of the page, as web-vitals did; the page is left."""
    leave_for_end(page, site)
    theirs = said_of(page, "/listings")[-1]
    return agreed_vitals(capture, theirs, page="/listings")


def test_a_text_is_the_largest_paint(listings: Page, site: WebSite, capture: Capture) -> None:
    ours = compare(listings, site, capture)
    assert ours["attribution"]["lcp_target"] == "#text"
    assert "lcp_url" not in ours["attribution"]
    assert ours["cls"] == 0


def test_a_late_picture_is_the_largest_paint(
    listings: Page, site: WebSite, capture: Capture
) -> None:
    listings.evaluate("place('hero.png?of=jane')")
    ours = compare(listings, site, capture)
    assert ours["attribution"]["lcp_target"] == "#hero"
    assert ours["attribution"]["lcp_url"] == "/pictures/hero.png"
    assert ours["lcp"] > ours["fcp"]
    assert ours["attribution"]["lcp_load_delay"] > 0


def test_what_is_painted_after_a_click_or_a_look_away_is_no_part_of_loading(
    listings: Page, site: WebSite, capture: Capture
) -> None:
    listings.evaluate(SETTLED)
    listings.click("#quick")
    listings.evaluate("place('hero.png')")
    hide(listings)
    show(listings)
    listings.evaluate("place('hero.png?again')")
    ours = compare(listings, site, capture)
    assert ours["attribution"]["lcp_target"] == "#text"


def test_shifts_count_by_the_worst_window(listings: Page, site: WebSite, capture: Capture) -> None:
    # Three windows: small, large by several shifts, large by one but less than those.
    listings.evaluate("grow(20)")
    listings.wait_for_timeout(1100)
    for pixels, place in ((60, "gap"), (120, "notice"), (40, "gap")):
        listings.evaluate("([pixels, id]) => grow(pixels, id)", [pixels, place])
        listings.wait_for_timeout(200)
    listings.wait_for_timeout(1100)
    listings.evaluate("grow(100)")
    ours = compare(listings, site, capture)
    assert ours["cls"] > 0


def test_a_window_of_shifts_ends_after_five_seconds(
    listings: Page, site: WebSite, capture: Capture
) -> None:
    for _ in range(8):
        listings.evaluate("grow(30)")
        listings.wait_for_timeout(800)
    ours = compare(listings, site, capture)
    assert ours["cls"] > 0


def test_a_slow_click_its_script_and_phases(
    listings: Page, site: WebSite, capture: Capture
) -> None:
    listings.evaluate("busy = 180")
    listings.click("#slow")
    ours = compare(listings, site, capture)
    assert ours["inp"] >= 180
    attribution = ours["attribution"]
    assert attribution["inp_target"] == "#slow"
    assert attribution["inp_script"] == "/listings"
    assert attribution["inp_script_time"] >= 175


def test_a_slow_key_after_a_long_task(listings: Page, site: WebSite, capture: Capture) -> None:
    listings.focus("#field")
    listings.evaluate("busy = 60; setTimeout(() => wait(400))")
    listings.keyboard.press("a")
    ours = compare(listings, site, capture)
    assert ours["attribution"]["inp_type"] == "keyboard"


@pytest.mark.parametrize("counts", [True, False], ids=["counting", "estimating"])
def test_one_of_fifty_interactions_may_be_slower(
    site: WebSite, context: BrowserContext, project_root: Path, capture: Capture, counts: bool
) -> None:
    serve_peer(site, project_root)
    site.pages["/listings"] = document(LISTINGS, head=PEER)
    page = context.new_page()
    if not counts:
        page.add_init_script("delete Performance.prototype.interactionCount")
    visit(page, site.base + "/listings")
    for busy in (300, 150, 90):
        page.evaluate("ms => { busy = ms }", busy)
        page.click("#slow")
        page.evaluate(SETTLED)
    page.evaluate("busy = 20")
    for _ in range(60):
        page.mouse.down()
        page.mouse.up()
    compare(page, site, capture)


def test_a_page_that_comes_back_from_the_cache_measures_anew(
    listings: Page, site: WebSite, capture: Capture
) -> None:
    listings.evaluate("busy = 120; grow(100)")
    listings.click("#slow")
    leave_for_end(listings, site)
    listings.go_back(wait_until="commit")
    listings.evaluate(SETTLED)
    listings.evaluate("grow(50)")
    listings.evaluate("busy = 70")
    listings.click("#slow")
    leave_for_end(listings, site)
    first, second = said_of(listings, "/listings")
    agreed_vitals(capture, first, page="/listings")
    capture.wait(
        lambda came: any("inp" in one for one in came.find(kind="vitals", view=2)),
        "the last set of the second view, which is fuller than what comes before",
    )
    ours = last_vitals(capture, page="/listings", view=2)
    # The two frames are each script's own; what they measure is the same to a hair.
    for name in ("fcp", "lcp"):
        assert ours[name] == pytest.approx(second[name]["value"], abs=5)
    for name in ("cls", "inp", "ttfb"):
        assert ours[name] == pytest.approx(second[name]["value"], abs=6e-5)
    assert ours["inp"] >= 70


def test_a_tab_that_was_opened_in_the_background_has_no_paints(
    site: WebSite, context: BrowserContext, project_root: Path, capture: Capture
) -> None:
    serve_peer(site, project_root)
    site.pages["/listings"] = document(LISTINGS, head=PEER)
    page = context.new_page()
    page.add_init_script("""
        const state = Object.getOwnPropertyDescriptor(Document.prototype, 'visibilityState')
        Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})
    """)
    visit(page, site.base + "/listings")
    page.evaluate(SETTLED)
    show(page)
    page.evaluate("grow(100)")
    ours = compare(page, site, capture)
    assert not {"lcp", "fcp", "cls"} & ours.keys()


ACTIONS = ("grow", "grow", "click", "click", "key", "pause", "route", "look away", "picture")


@pytest.mark.parametrize("seed", range(3))
def test_whatever_somebody_does(listings: Page, site: WebSite, capture: Capture, seed: int) -> None:
    chance = Random(seed)
    for number in range(25):
        match chance.choice(ACTIONS):
            case "grow":
                listings.evaluate(
                    "([pixels, id]) => grow(pixels, id)",
                    [chance.randrange(5, 60), chance.choice(("gap", "notice"))],
                )
            case "click":
                listings.evaluate("ms => { busy = ms }", chance.randrange(20, 160))
                listings.click(chance.choice(("#slow", "#quick")))
            case "key":
                listings.focus("#field")
                listings.keyboard.press(chance.choice(("a", "Backspace", "Tab")))
            case "pause":
                listings.wait_for_timeout(chance.randrange(50, 1200))
            case "route":
                listings.evaluate("n => history.replaceState({}, '', '?n=' + n)", number)
            case "look away":
                hide(listings)
                show(listings)
            case "picture":
                listings.evaluate("n => place('hero.png?' + n)", number)
    compare(listings, site, capture)
