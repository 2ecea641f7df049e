"""Whatever fails around rum.js, the page behaves the same, and memory stays bounded."""

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.support.browsing import QUEUE, flush, hide, leave, show, visit
from tests.support.capture import Capture
from tests.support.site import SNIPPET, Answer, WebSite, document

pytestmark = pytest.mark.browser

BODY = """<h1>Start</h1><button onclick="count.textContent = +count.textContent + 1">b</button>
<output id="count">0</output>"""

PAGES_OWN = {
    "Array.prototype.toJSON of an old Prototype.js": """
        Array.prototype.toJSON = function () { return '[' + this.map(JSON.stringify) + ']' };
        String.prototype.toJSON = function () { return '"' + this + '"' };""",
    "enumerable extensions of arrays and objects": """
        Array.prototype.each = function () {}; Object.prototype.extend = function () {};""",
    "a Promise of its own": """
        const Real = Promise;
        window.Promise = class extends Real { then(...told) { return super.then(...told) } };""",
    "a Date of its own": """
        const Real = Date;
        window.Date = class extends Real { static now() { return Real.now() + 1000 } };""",
    "a console that throws": "console.warn = () => { throw new Error('no console') };",
    "frozen globals": """
        for (const frozen of [Array, Object, JSON, Math, Date, Promise, history, performance])
            { Object.freeze(frozen); Object.freeze(frozen.prototype) }""",
    "no storage at all": """
        for (const area of ['localStorage', 'sessionStorage'])
            Object.defineProperty(window, area, {value: null});""",
    "storage that is full": """
        Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') };""",
    "no sendBeacon": "delete Navigator.prototype.sendBeacon;",
    "no tag of the current script": """
        Object.defineProperty(document, 'currentScript', {get: () => null});""",
    "a vigie of its own": "window.vigie = {version: 1};",
}


@pytest.fixture
def thrown(page: Page) -> list[str]:
    """What reached the page as an uncaught error."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.mark.parametrize("what", PAGES_OWN)
def test_a_page_may_have_its_own_way_with_the_browser(
    site: WebSite, page: Page, capture: Capture, thrown: list[str], what: str
) -> None:
    site.pages["/"] = document(BODY, head=f"<script>{PAGES_OWN[what]}</script>")
    page.goto(site.base + "/")
    page.wait_for_function("window.vigie && vigie.ready")
    page.click("button")
    page.evaluate(
        """vigie('event', 'sold', {attributes: {kind: 'a "quoted" text'}}); vigie('no')"""
    )
    leave(page)
    capture.wait_for_event(kind="view")
    (sold,) = [capture.wait_for_event(name="sold")]
    assert sold["attributes"] == {"kind": 'a "quoted" text'}
    assert capture.views == ["/"]
    assert thrown == []


def test_what_a_page_s_later_fetch_adds_does_not_come_to_us(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = document(BODY)
    visit(page, site.base + "/")
    page.evaluate("""() => {
        const real = fetch;
        window.fetch = (to, options) => real(to, {...options, headers: {'x-token': 'secret'}});
        vigie('event', 'sold');
    }""")
    hide(page)
    capture.wait_for_event(name="sold")
    assert "x-token" not in capture.batch_of("sold").headers


BROKEN = {
    "a crypto that throws": "crypto.getRandomValues = () => { throw new Error('no entropy') };",
    "no crypto": "Object.defineProperty(window, 'crypto', {value: undefined});",
    "no fetch": "delete window.fetch;",
    "no performance entries": "performance.getEntriesByType = undefined;",
    "a name that cannot be taken": "Object.defineProperty(window, 'vigie', {value: 0});",
}


@pytest.mark.parametrize("what", BROKEN)
def test_where_it_cannot_work_it_leaves_the_page_in_peace(
    site: WebSite, page: Page, thrown: list[str], what: str
) -> None:
    site.pages["/"] = document(BODY, head=f"<script>{BROKEN[what]}</script>")
    page.goto(site.base + "/", wait_until="load")
    page.click("button")
    page.evaluate("history.pushState(null, '', '/next'); window.dispatchEvent(new Event('online'))")
    assert page.text_content("#count") == "1"
    leave(page)
    assert thrown == []


ANSWERS = {
    "500": Answer(500),
    "413": Answer(413),
    "429": Answer(429, {"Retry-After": "3600"}),
    "a page of some proxy's": Answer(200, {"content-type": "text/html"}, b"<h1>no</h1>"),
    "204": Answer(204),
}


@pytest.mark.parametrize("what", [*ANSWERS, "blocked", "never answered"])
def test_whatever_the_collector_answers_the_page_is_the_same_and_memory_bounded(
    site: WebSite, page: Page, capture: Capture, thrown: list[str], what: str
) -> None:
    held: list[Route] = []
    if what in ANSWERS:
        capture.usual = ANSWERS[what]
    else:
        page.route(
            "**/rum/v1/beacon",
            lambda route: route.abort() if what == "blocked" else held.append(route),
        )
    site.pages["/"] = document(BODY)
    visit(page, site.base + "/")
    page.evaluate("""() => {
        const text = 'é'.repeat(200);
        const attributes = Object.fromEntries([...'abcdefghijklmnopqrst'].map(key => [key, text]));
        for (let i = 0; i < 3000; i++) vigie('event', 'e' + i, {attributes});
    }""")
    hide(page)
    page.click("button")
    show(page)
    stored = page.evaluate("JSON.stringify({...sessionStorage}).length")
    assert stored < 150_000
    assert page.text_content("#count") == "1"
    leave(page)
    assert thrown == []
    if what == "413":
        assert len({beacon.identity for beacon in capture.beacons}) == len(capture.beacons)


def test_what_is_kept_for_a_collector_that_is_away_is_under_a_megabyte(
    site: WebSite, page: Page, capture: Capture
) -> None:
    page.route("**/rum/v1/beacon", lambda route: route.abort())
    site.pages["/"] = document(BODY)
    visit(page, site.base + "/")
    page.evaluate("""() => {
        const text = 'é'.repeat(200);
        const attributes = Object.fromEntries([...'abcdefghijklmnopqrst'].map(key => [key, text]));
        for (let i = 0; i < 3000; i++) vigie('event', 'e' + i, {attributes});
    }""")
    page.unroute("**/rum/v1/beacon")
    # All that is kept is what it sends when the network is back; two bytes a character at most.
    page.evaluate("dispatchEvent(new Event('online'))")
    page.evaluate("vigie('event', 'last')")
    capture.wait_for_event(name="last")
    characters = sum(len(str(beacon.json)) for beacon in capture.beacons)
    print(f"{characters:,} characters in {len(capture.beacons)} batches")
    assert 2 * characters < 1_000_000


def test_a_script_that_stands_there_twice_works_once(
    site: WebSite, page: Page, capture: Capture, thrown: list[str]
) -> None:
    site.pages["/"] = document(BODY, head=QUEUE + SNIPPET)
    visit(page, site.base + "/")
    page.evaluate("vigie('event', 'once')")
    leave(page)
    capture.wait_for_event(name="once")
    assert len(capture.find(name="once")) == 1
    assert capture.views == ["/"]
    assert thrown == []


def test_a_sandboxed_frame_without_an_origin_is_left_in_peace(
    site: WebSite, context: BrowserContext, capture: Capture
) -> None:
    page = context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    site.pages["/inside"] = document(BODY)
    site.pages["/"] = document(
        '<iframe src="/inside" sandbox="allow-scripts"></iframe>', snippet=""
    )
    page.goto(site.base + "/")
    inside = page.frames[1]
    inside.wait_for_function("window.vigie && vigie.ready")
    inside.click("button")
    inside.evaluate("vigie('event', 'inside'); dispatchEvent(new Event('pagehide'))")
    capture.wait_for_event(name="inside")
    assert inside.text_content("#count") == "1"
    assert thrown == []


def test_storage_forbidden_under_way_costs_nothing(
    site: WebSite, page: Page, capture: Capture, thrown: list[str]
) -> None:
    site.pages["/"] = document(BODY)
    visit(page, site.base + "/")
    page.evaluate("vigie('event', 'before')")
    flush(page)
    page.evaluate("""() => {
        for (const area of ['localStorage', 'sessionStorage']) Object.defineProperty(window, area,
            {get() { throw new DOMException('no', 'SecurityError') }});
    }""")
    page.click("button")
    page.evaluate("vigie('event', 'after')")
    leave(page)
    capture.wait_for_event(name="after")
    assert len({beacon.json["session"] for beacon in capture.beacons}) == 1
    assert capture.views == ["/"]
    assert thrown == []


def test_calls_from_angular_s_zone_start_no_timers_in_it(
    site: WebSite, page: Page, capture: Capture
) -> None:
    """A Zone as in Angular's zone.js, as far as it matters: each timer tells where it was begun."""
    zone = """<script>
        window.zone = 'root'; window.timers = [];
        window.Zone = {root: {run(work, self, given) {
            const before = zone; zone = 'root';
            try { return work.apply(self, given) } finally { zone = before }
        }}};
        for (const name of ['setTimeout', 'setInterval']) {
            const real = window[name];
            window[name] = (...given) => { timers.push(zone); return real(...given) };
        }
    </script>"""
    site.pages["/"] = document(BODY, head=zone)
    visit(page, site.base + "/")
    flush(page)
    capture.wait_for_event(kind="view")
    page.evaluate("""() => {
        zone = 'angular'; timers.length = 0;
        vigie('event', 'within'); history.pushState(null, '', '/next');
        zone = 'root';
    }""")
    assert set(page.evaluate("timers")) == {"root"}
    leave(page)
    capture.wait_for_event(name="within")
