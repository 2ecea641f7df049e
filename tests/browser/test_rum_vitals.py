"""Web vitals arrive with the page's end, whole, and belong to the view they were measured for."""

import pytest
from playwright.sync_api import Page

from tests.support.browsing import hide, leave, show, visit
from tests.support.capture import Capture
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser

SLOW_AND_SHIFTING = """
<h1>Listings</h1><div id="gap"></div><p>Text that is pushed down.</p>
<button onclick="slow()">Slow</button>
<script>
  const slow = () => { const end = performance.now() + 120; while (performance.now() < end); }
  setTimeout(() => { document.getElementById('gap').style.height = '200px' }, 300)
</script>
"""

# What the page itself sees, by the same observers: (layout shifts, slowest interaction).
SEEN_BY_THE_PAGE = """
<script>
  window.seen = {cls: 0, inp: 0}
  new PerformanceObserver(list => list.getEntries().forEach(entry => {
    if (!entry.hadRecentInput) seen.cls += entry.value
  })).observe({type: 'layout-shift', buffered: true})
  new PerformanceObserver(list => list.getEntries().forEach(entry => {
    if (entry.interactionId) seen.inp = Math.max(seen.inp, entry.duration)
  })).observe({type: 'event', durationThreshold: 16, buffered: true})
</script>
"""


def test_the_full_set_arrives_when_the_page_is_left(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/listings"] = document(SLOW_AND_SHIFTING, head=SEEN_BY_THE_PAGE)
    visit(page, site.base + "/listings")
    page.wait_for_function("seen.cls > 0")
    page.click("button")
    # The press may be told of before the click, which is the slow one.
    page.wait_for_function("seen.inp >= 120")
    seen = page.evaluate("seen")
    leave(page)
    # A navigation fires pagehide, then visibilitychange, and web-vitals may settle INP only in the
    # second: then a fuller set follows the first.
    capture.wait(
        lambda capture: any("inp" in vitals for vitals in capture.find(kind="vitals")),
        "vitals with INP",
    )
    vitals = capture.find(kind="vitals")[-1]
    assert {"lcp", "inp", "cls", "fcp", "ttfb"} <= vitals.keys()
    assert vitals["cls"] == pytest.approx(seen["cls"], abs=1e-4)
    assert vitals["inp"] == seen["inp"] >= 120
    assert 0 < vitals["fcp"] <= vitals["lcp"]
    assert (vitals["view"], vitals["page"]) == (1, "/listings")


def test_views_within_the_page_leave_the_vitals_with_the_first(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = document(SLOW_AND_SHIFTING, head=SEEN_BY_THE_PAGE)
    visit(page, site.base + "/")
    page.wait_for_function("seen.cls > 0")
    page.evaluate("history.pushState({}, '', '/second')")
    page.click("button")
    page.wait_for_function("seen.inp >= 120")
    leave(page)
    # As the page is left, a fuller set may overtake what was sent with the views.
    capture.wait(
        lambda came: (
            any("inp" in event for event in came.find(kind="vitals")) and len(came.views) == 2
        ),
        "vitals with INP, and both views",
    )
    sets = capture.find(kind="vitals")
    assert {event["page"] for event in sets} == {"/"}
    assert "inp" not in sets[0], "one set was sent when the first view ended"
    assert sets[0].keys() - {"at"} <= sets[-1].keys(), "a later set is a full one"
    assert capture.views == ["/", "/second"]


def test_what_did_not_change_is_not_sent_again(site: WebSite, page: Page, capture: Capture) -> None:
    site.pages["/"] = document("<h1>Start</h1>")
    visit(page, site.base + "/")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    hide(page)
    first = capture.wait_for_event(kind="vitals")
    for _ in range(3):
        show(page)
        hide(page)
    page.evaluate("vigie('event', 'last')")
    hide(page)
    capture.wait_for_event(kind="event", name="last")
    assert capture.find(kind="vitals") == [first]
