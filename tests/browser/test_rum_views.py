"""What counts as a page view: navigations a person would name, each once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import QUEUE, leave, visit
from tests.support.capture import Capture
from tests.support.site import SNIPPET, WebSite, document

pytestmark = pytest.mark.browser

WITHOUT_NAVIGATION_API = "Object.defineProperty(window, 'navigation', {value: undefined})"

TWO_FRAMES = """() => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""


PRERENDERS_NEXT = """
<script type="speculationrules">
  {"prerender": [{"urls": ["/next"], "eagerness": "immediate"}]}
</script>
<script>
  setInterval(() => { if (localStorage.getItem('prerendered')) location.href = '/next' }, 50)
</script>
"""

TELLS_WHEN_ACTIVATED = (
    QUEUE
    + """
<script>
  const tell = () => {
    const [entry] = performance.getEntriesByType('navigation')
    const attributes = {origin: performance.timeOrigin}
    vigie('event', 'activated', {value: entry.activationStart, attributes})
    setTimeout(() => { location.href = 'about:blank' }, 500)
  }
  // By then the page is wholly there, which a busy machine may take its time for.
  if (document.prerendering) addEventListener('load', () => localStorage.setItem('prerendered', 1))
  document.prerendering ? document.addEventListener('prerenderingchange', tell) : tell()
</script>
"""
)


@pytest.fixture(params=["navigation API", "wrapped history"])
def app(request: pytest.FixtureRequest, site: WebSite, page: Page) -> Page:
    """A single-page application at "/", in a browser with the Navigation API and in one without."""
    if request.param == "wrapped history":
        page.add_init_script(WITHOUT_NAVIGATION_API)
    site.pages["/"] = document("<h1>App</h1>")
    visit(page, site.base + "/")
    return page


def test_a_navigation_is_one_view_however_often_the_router_calls(
    app: Page, capture: Capture
) -> None:
    app.evaluate("""() => {
        history.pushState({}, '', '/listings');
        history.replaceState({scroll: 0}, '', '/listings');
        history.pushState({}, '', '/listings?sort=price');
        history.replaceState({}, '', '/listings/?sort=price');
        history.pushState({}, '', '/listings/123');
        history.pushState({}, '', '/listings/124');
    }""")
    leave(app)
    capture.wait_for_event(kind="view", view=4)
    assert capture.views == ["/", "/listings", "/listings/?", "/listings/?"]
    assert [event["view"] for event in capture.find(kind="view")] == [1, 2, 3, 4]


def test_back_and_forward_within_the_page_are_views(app: Page, capture: Capture) -> None:
    app.evaluate("() => { history.pushState({}, '', '/a'); history.pushState({}, '', '/b'); }")
    app.go_back()
    app.wait_for_url("**/a")
    app.go_forward()
    app.wait_for_url("**/b")
    leave(app)
    capture.wait_for_event(kind="view", view=5)
    assert capture.views == ["/", "/a", "/b", "/a", "/b"]


def test_a_hash_is_a_view_where_it_is_a_route_and_none_where_it_is_a_place(
    app: Page, capture: Capture
) -> None:
    for target in (
        "#contents",
        "#/",
        "#/users/7",
        "#/users/7/",
        "#/users/7?tab=2",
        "#/users/8",
        "#!/admin",
        "#top",
    ):
        app.evaluate("target => { location.hash = target }", target)
    leave(app)
    capture.wait_for_event(kind="view", view=5)
    assert capture.views == ["/", "/#/users/?", "/#/users/?", "/#!/admin", "/"]


def test_errors_of_the_page_s_own_history_calls_stay_its_own(app: Page, capture: Capture) -> None:
    message = app.evaluate("""() => {
        try { history.pushState({}, '', 'https://elsewhere.test/'); }
        catch (error) { return error.name; }
    }""")
    assert message == "SecurityError"
    leave(app)
    capture.wait_for_event(kind="view")
    assert capture.views == ["/"]


def test_documents_are_views_without_their_queries(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/user/123"] = site.pages["/about"] = document()
    visit(page, site.base + "/user/123?token=secret")
    visit(page, site.base + "/about#team")
    leave(page)
    capture.wait_for_event(kind="view", page="/about")
    assert capture.views == ["/user/?", "/about"]
    assert "secret" not in str([beacon.json for beacon in capture.beacons])


def test_a_page_that_comes_back_from_the_cache_is_a_new_view_with_vitals_of_its_own(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/a"] = document("<h1>A</h1>")
    site.pages["/b"] = document("<h1>B</h1>")
    visit(page, site.base + "/a")
    page.evaluate("window.alive = true")
    visit(page, site.base + "/b")
    page.go_back(wait_until="commit")
    assert page.evaluate("window.alive"), "the browser did not keep the page in its cache"
    # web-vitals measures the return two frames after it.
    page.evaluate(TWO_FRAMES)
    leave(page)
    capture.wait_for_event(kind="vitals", view=2)
    assert capture.views == ["/a", "/b", "/a"]
    (again,) = [event for event in capture.find(kind="view", page="/a") if event["view"] == 2]
    (first,) = [event for event in capture.find(kind="view", page="/a") if event["view"] == 1]
    assert again["at"] > first["at"]
    assert capture.find(kind="vitals", view=2)[-1]["ttfb"] == 0, "nothing was fetched again"
    assert all(event["ttfb"] > 0 for event in capture.find(kind="vitals", page="/a", view=1))
    assert len({beacon.json["session"] for beacon in capture.beacons}) == 1


def test_a_prerendered_page_is_viewed_when_somebody_comes_to_see_it(
    site: WebSite, capture: Capture, unwatched_chromium: Callable[[str], None]
) -> None:
    # DevTools, and so Playwright, turn prerendering off: these pages walk by themselves.
    site.pages["/"] = document("<h1>Start</h1>", head=PRERENDERS_NEXT)
    site.pages["/next"] = document("<h1>Next</h1>", head=TELLS_WHEN_ACTIVATED)
    unwatched_chromium(site.base + "/")
    told = capture.wait_for_event(kind="event", name="activated")
    assert told["value"] > 0, "the browser did not prerender"
    (view,) = capture.find(kind="view", page="/next")
    # rum.js counts from the wall clock, which is some milliseconds off the page's time origin.
    activated = told["attributes"]["origin"] + told["value"]
    assert view["at"] == pytest.approx(activated, abs=min(20, told["value"] / 2))
    capture.wait_for_event(kind="vitals", page="/next")
    (vitals,) = capture.find(kind="vitals", page="/next")
    assert vitals["ttfb"] == 0, "what happened before anybody came to see it took them no time"


def test_a_site_names_its_pages(site: WebSite, page: Page, capture: Capture) -> None:
    site.pages["/index.php"] = document(
        snippet=SNIPPET.replace("async", 'async data-page="Mandate: address"')
    )
    visit(page, site.base + "/index.php?step=1")
    page.evaluate("vigie('page', 'Mandate: price')")
    page.evaluate("vigie('page', 'Mandate: price')")
    page.evaluate("history.pushState({}, '', '/elsewhere')")
    leave(page)
    capture.wait_for_event(kind="view", view=3)
    assert capture.views == ["Mandate: address", "Mandate: price", "/elsewhere"]


def test_a_name_given_before_the_view_was_sent_is_the_view_s(app: Page, capture: Capture) -> None:
    app.evaluate("""() => {
        history.pushState({}, '', '/x/abc');
        vigie('page', 'Detail');
        vigie('event', 'seen');
    }""")
    leave(app)
    capture.wait_for_event(kind="event", name="seen", page="Detail", view=2)
    assert capture.views == ["/", "Detail"]


def test_a_tag_that_stands_twice_measures_once(
    site: WebSite, context: BrowserContext, capture: Capture
) -> None:
    site.pages["/"] = document(snippet=SNIPPET + SNIPPET)
    page = context.new_page()
    page.goto(site.base + "/", wait_until="load")
    leave(page)
    capture.wait_for_event(kind="view")
    assert capture.views == ["/"]
