"""Vitals where a browser knows less, ends a page in its own way, or showed it to nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import QUEUE, leave, visit
from tests.support.capture import Capture
from tests.support.peer import PEER, SETTLED, last_vitals, serve_peer
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser

SLOW = """
<h1 id="title">Listings</h1><div id="gap"></div><p id="text">Text that is pushed down.</p>
<button id="slow" onclick="slow(120); this.remove()">Slow</button>
<script>
  const slow = (ms) => { const end = performance.now() + ms; while (performance.now() < end); }
</script>
"""

# As WebKitGTK 2.50 has it.
OBSERVES_LITTLE = """Object.defineProperty(PerformanceObserver, 'supportedEntryTypes', {
    get: () => ['mark', 'measure', 'navigation', 'paint', 'resource']})"""

ONLY_PAGEHIDE = """
    addEventListener('visibilitychange', event => event.stopImmediatePropagation(), true)
    window.requestIdleCallback = () => 0
"""

PRERENDERS_NEXT = """
<script type="speculationrules">
  {"prerender": [{"urls": ["/next"], "eagerness": "immediate"}]}
</script>
<script>
  setInterval(() => { if (localStorage.getItem('prerendered')) location.href = '/next' }, 50)
</script>
"""

TELLS_WHAT_THE_PEER_SAID = (
    QUEUE
    + """
<script>
  const tell = () => setTimeout(() => {
    const said = JSON.parse(localStorage.getItem('said/next'))[0]
    const [entry] = performance.getEntriesByType('navigation')
    const attributes = {}
    for (const name in said) attributes[name] = said[name].value
    vigie('event', 'said', {value: entry.activationStart, attributes})
    location.href = 'about:blank'
  }, 1000)
  // By then the page is wholly there, which a busy machine may take its time for.
  if (document.prerendering) addEventListener('load', () => localStorage.setItem('prerendered', 1))
  document.prerendering ? document.addEventListener('prerenderingchange', tell) : tell()
</script>
"""
)


def test_a_browser_that_observes_paints_alone_tells_of_those(
    site: WebSite, page: Page, capture: Capture
) -> None:
    page.add_init_script(OBSERVES_LITTLE)
    site.pages["/"] = document(SLOW)
    visit(page, site.base + "/")
    page.click("#slow")
    page.evaluate(SETTLED)
    leave(page)
    vitals = last_vitals(capture, page="/")
    assert {"lcp", "inp", "cls", "fcp", "ttfb"} & vitals.keys() == {"fcp", "ttfb"}
    assert all(name.startswith("ttfb_") for name in vitals["attribution"])
    assert not capture.find(kind="error")


def test_a_browser_that_observes_nothing_tells_how_long_the_answer_took(
    site: WebSite, page: Page, capture: Capture
) -> None:
    page.add_init_script("delete window.PerformanceObserver")
    site.pages["/"] = document(SLOW)
    visit(page, site.base + "/")
    leave(page)
    vitals = last_vitals(capture, page="/")
    assert {"lcp", "inp", "cls", "fcp", "ttfb"} & vitals.keys() == {"ttfb"}
    assert not capture.find(kind="error")


def test_the_last_interaction_counts_where_the_page_s_end_is_all_the_browser_tells(
    site: WebSite, page: Page, capture: Capture
) -> None:
    page.add_init_script(ONLY_PAGEHIDE)
    site.pages["/"] = document(SLOW)
    visit(page, site.base + "/")
    page.click("#slow")
    leave(page)
    capture.wait(lambda came: bool(came.find(kind="vitals")), "vitals")
    assert last_vitals(capture, page="/")["inp"] >= 120


def test_a_target_that_its_click_removed_is_named_where_the_browser_names_it(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = document(SLOW)
    visit(page, site.base + "/")
    page.click("#slow")
    page.evaluate(SETTLED)
    named = page.evaluate("'targetSelector' in PerformanceEventTiming.prototype")
    leave(page)
    attribution = last_vitals(capture, page="/")["attribution"]
    assert ("slow" in attribution.get("inp_target", "")) == named


def test_what_jumped_and_what_was_largest_are_named_though_they_are_gone(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = document(SLOW)
    visit(page, site.base + "/")
    page.evaluate(SETTLED)
    page.evaluate("document.getElementById('gap').style.height = '200px'")
    page.evaluate(SETTLED)
    page.evaluate("document.body.textContent = ''")
    leave(page)
    attribution = last_vitals(capture, page="/")["attribution"]
    assert attribution["lcp_target"] == "#title"
    assert attribution["cls_target"] in {"#text", "#slow"}
    assert attribution["cls_time"] > 0


def test_a_prerendered_page_measures_from_when_somebody_came(
    site: WebSite,
    project_root: Path,
    capture: Capture,
    unwatched_chromium: Callable[[str], None],
) -> None:
    serve_peer(site, project_root)
    site.pages["/"] = document("<h1>Start</h1>", head=PRERENDERS_NEXT)
    site.pages["/next"] = document(SLOW, head=PEER + TELLS_WHAT_THE_PEER_SAID)
    unwatched_chromium(site.base + "/")
    said = capture.wait_for_event(kind="event", name="said")
    assert said["value"] > 0, "the browser did not prerender"
    vitals = last_vitals(capture, page="/next")
    values = {name: vitals[name] for name in said["attributes"]}
    assert values == pytest.approx(said["attributes"], abs=0.06)
    assert {"lcp", "fcp", "cls", "ttfb"} <= values.keys()
    assert vitals["ttfb"] == 0


def test_nothing_is_sent_of_a_page_that_nothing_can_be_measured_of(
    site: WebSite, context: BrowserContext, capture: Capture
) -> None:
    page = context.new_page()
    page.add_init_script(OBSERVES_LITTLE.replace("'paint', ", ""))
    page.add_init_script("performance.getEntriesByType = () => []")
    site.pages["/"] = document(SLOW)
    visit(page, site.base + "/")
    leave(page)
    capture.wait_for_event(kind="view")
    assert not capture.find(kind="vitals")
