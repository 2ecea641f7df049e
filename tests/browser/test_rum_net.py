"""What a page has not sent yet arrives when it crashes too, once; and nothing depends on that."""

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from rum.records import Event, EventKind
from tests.support.browsing import crash, leave, run_clock_until, visit
from tests.support.capture import Capture
from tests.support.collecting import Collecting
from tests.support.site import WebSite, document
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

COUNTED = """
    window.nets = []
    const deferring = window.fetchLater
    if (deferring) window.fetchLater = (url, options) => {
        const net = deferring(url, options)
        nets.push({net, body: options.body, signal: options.signal})
        return net
    }
"""
HANGING = "nets.filter(({net, signal}) => !net.activated && !signal.aborted)"


@pytest.fixture
def counted(site: WebSite, page: Page) -> Page:
    """About to visit a page whose nets are counted."""
    site.pages["/"] = document("<h1>Start</h1>")
    page.add_init_script(COUNTED)
    return page


def catching(page: Page, text: str) -> None:
    """Wait until there is one net, and `text` is in it."""
    page.wait_for_function(
        f"text => {HANGING}.length === 1 && {HANGING}[0].body.includes(text)", arg=text
    )


def ask(page: Page, path: str) -> None:
    """Request `path`, and wait until that is in the net: a request waits there for ten seconds."""
    page.evaluate("path => fetch(path).then(answer => answer.text())", path)
    catching(page, f'"{path}"')


def _asked(events: list[Event]) -> list[str]:
    return [event.request.url for event in events if event.request]


def test_of_a_page_that_crashes_all_arrives_once(
    chromium: Browser, real_site: WebSite, collector: Collecting
) -> None:
    real_site.pages["/"] = document("<h1>Start</h1>")
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(COUNTED)
    visit(page, real_site.base + "/")
    wait_for(lambda: "view" in {event.kind for event in collector.events()}, "the first batch")
    asked = [f"/data/{letter}" for letter in "abcdefghij"]
    for path in asked[:-1]:
        page.evaluate("path => void fetch(path)", path)
    ask(page, asked[-1])
    crash(page)
    events = collector.wait(lambda events: asked[-1] in _asked(events), "what was caught")
    assert _asked(events) == asked
    assert [event.kind for event in events].count(EventKind.VIEW) == 1
    vitals = [event for event in events if event.kind == "vitals"]
    assert (vitals[-1].lcp_ms or 0) > 0
    assert any(event.kind == "leave" for event in events)
    identities = [(batch.session, batch.batch) for batch in collector.batches()]
    assert len(identities) == len(set(identities))
    assert collector.refused() == {}
    context.close()


def test_what_went_another_way_is_in_no_net(counted: Page, site: WebSite, capture: Capture) -> None:
    visit(counted, site.base + "/")
    counted.evaluate("vigie('event', 'signed')")
    capture.wait_for_event(name="signed")
    # The speed so far is told of at the end, and is therefore in a net again.
    catching(counted, '"vitals"')
    assert "signed" not in counted.evaluate(f"{HANGING}[0].body")
    ask(counted, "/next")
    counted.close(run_before_unload=True)
    capture.wait_for_event(url="/next")
    capture.wait_for_event(kind="leave")
    assert len(capture.beacons) == len(capture.accepted), "nothing was sent twice"
    assert 0 not in [beacon.json["sent"] for beacon in capture.beacons]


def test_a_net_is_spread_once_a_second_at_most(
    counted: Page, site: WebSite, capture: Capture
) -> None:
    counted.clock.install()
    visit(counted, site.base + "/")
    run_clock_until(counted, lambda: bool(capture.find(kind="view")), "the first batch")
    # From here on it stands still but where the test moves it.
    counted.clock.pause_at(counted.evaluate("Date.now()") / 1000 + 2)
    before = counted.evaluate("nets.length")
    counted.evaluate(
        "() => { let n = 0; setInterval(() => n++ < 200 && vigie('event', 'often'), 10) }"
    )
    counted.clock.run_for(2000)
    assert 2 <= counted.evaluate("nets.length") - before <= 3
    assert counted.evaluate(f"{HANGING}.length") <= 1


def test_nothing_is_caught_once_consent_is_withdrawn(
    counted: Page, site: WebSite, capture: Capture
) -> None:
    visit(counted, site.base + "/")
    capture.wait_for_event(kind="view")
    ask(counted, "/private")
    counted.evaluate("vigie('consent', 'denied')")
    assert counted.evaluate(f"{HANGING}.length") == 0
    came = len(capture.beacons)
    crash(counted)
    other = counted.context.new_page()
    visit(other, site.base + "/")
    capture.wait(lambda got: len(got.beacons) > came, "a later visit's batch")
    assert capture.find(url="/private") == []


WITHOUT = {
    "missing": "delete window.fetchLater",
    "refused": "window.fetchLater = () => { throw new DOMException('', 'QuotaExceededError') }",
    "used up": "fetchLater('/other', {method: 'POST', body: 'x'.repeat(64000)})",
    "there": "",
}


@pytest.mark.parametrize("way", [*WITHOUT, "forbidden"])
def test_the_page_is_the_same_without_a_net(
    context: BrowserContext, site: WebSite, capture: Capture, way: str
) -> None:
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    if way == "forbidden":
        site.page_headers["Permissions-Policy"] = "deferred-fetch=(), deferred-fetch-minimal=()"
    site.pages["/"] = document("<h1>Start</h1>", head=f"<script>{WITHOUT.get(way, '')}</script>")
    visit(page, site.base + "/")
    capture.wait_for_event(kind="view")
    page.evaluate("vigie('event', 'one')")
    page.wait_for_timeout(2500)
    page.evaluate("vigie('event', 'two')")
    page.wait_for_timeout(200)
    page.close(run_before_unload=True)
    capture.wait_for_event(name="two")
    capture.wait_for_event(kind="leave")
    assert [event["name"] for event in capture.find(kind="event")] == ["one", "two"]
    assert capture.find(kind="error") == [], "what the browser refuses is no mistake of ours"
    assert len(capture.beacons) == len(capture.accepted), "nothing was sent twice"
    assert said == []


def test_where_a_policy_forbids_requests_no_net_asks_for_more(counted: Page, site: WebSite) -> None:
    """The browser reports a net that the policy forbids at once, each time."""
    site.page_headers["Content-Security-Policy"] = "connect-src 'none'"
    visit(counted, site.base + "/")
    for _ in range(4):
        counted.evaluate("vigie('event', 'unheard')")
        counted.wait_for_timeout(800)
    assert counted.evaluate("nets.length") == 0


def test_a_net_that_was_used_while_the_page_lives_on_is_a_batch_that_was_sent(
    site: WebSite, page: Page, capture: Capture
) -> None:
    """Browsers may do so; Chromium cannot be asked to, so that the page itself does it here."""
    site.pages["/"] = document(
        head="""<script>
            window.used = 0
            window.fetchLater = (url, {method, body}) => {
                if (!body.includes('"first"') || used++) return {activated: false}
                fetch(url, {method, body})
                return {activated: true}
            }
        </script>"""
    )
    page.clock.install()
    visit(page, site.base + "/")
    run_clock_until(page, lambda: bool(capture.find(kind="view")), "the first batch")
    page.clock.run_for(2000)
    page.evaluate("vigie('event', 'first')")
    run_clock_until(page, lambda: bool(capture.find(name="first")), "what was in the net")
    page.evaluate("vigie('event', 'second')")
    run_clock_until(page, lambda: bool(capture.find(name="second")), "the next batch")
    leave(page)
    capture.wait_for_event(kind="leave")
    _check_numbers(capture)
    assert [event["name"] for event in capture.find(kind="event")] == ["first", "second"]


def _check_numbers(capture: Capture) -> None:
    """No number stands for two contents."""
    contents: dict[tuple[str, int], Any] = {}
    for beacon in capture.beacons:
        content = {**beacon.json, "sent": 0}
        assert contents.setdefault(beacon.identity, content) == content
