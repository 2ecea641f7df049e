"""A batch is the same at every attempt, arrives in the end, and is never asked for too often."""

import pytest
from playwright.sync_api import Page

from tests.support.browsing import QUEUE, hide, leave, run_clock_until, show, visit
from tests.support.capture import Capture
from tests.support.site import SNIPPET, Answer, WebSite, document

pytestmark = pytest.mark.browser


@pytest.fixture
def signing(site: WebSite, page: Page) -> Page:
    """About to visit a site whose first batch holds an event, under a clock the test moves."""
    site.pages["/"] = document(head=QUEUE + "<script>vigie('event', 'signed')</script>")
    page.clock.install()
    return page


@pytest.fixture
def open_page(site: WebSite, page: Page) -> Page:
    site.pages["/"] = document("<h1>Start</h1>")
    visit(page, site.base + "/")
    return page


def test_a_retry_is_the_same_batch_under_a_new_time(
    signing: Page, site: WebSite, capture: Capture
) -> None:
    capture.answers = [Answer(503, {"Retry-After": "7"}), Answer(500)]
    with signing.expect_response("**/beacon"):
        visit(signing, site.base + "/")
        run_clock_until(signing, lambda: bool(capture.beacons), "the first attempt")
    # By the page's clock an answer takes no time, however busy the machine is.
    with signing.expect_response("**/beacon"):
        run_clock_until(signing, lambda: len(capture.beacons) == 2, "the second attempt")
    run_clock_until(signing, lambda: bool(capture.find(name="signed")), "the third attempt")
    assert [beacon.status for beacon in capture.beacons] == [503, 500, 204]
    first, second, third = (dict(beacon.json) for beacon in capture.beacons)
    sent = [beacon.pop("sent") for beacon in (first, second, third)]
    assert first == second == third
    assert sent[1] - sent[0] >= 7000, "Retry-After was not heeded"
    assert sent[2] - sent[1] >= 2000, "the pause did not grow"
    assert sent[2] - sent[0] < 30_000
    assert first["batch"] % 2**20 == 0


def test_what_happens_meanwhile_goes_into_later_batches(
    signing: Page, site: WebSite, capture: Capture
) -> None:
    capture.answers = [Answer(429, {"Retry-After": "5"})]
    visit(signing, site.base + "/")
    run_clock_until(signing, lambda: bool(capture.beacons), "the first attempt")
    signing.evaluate("vigie('event', 'second')")
    run_clock_until(signing, lambda: bool(capture.find(name="second")), "the second event")
    assert [event["name"] for event in capture.find(kind="event")] == ["signed", "second"]
    first, again, *_ = capture.beacons
    assert (first.status, again.status) == (429, 204)
    assert first.json["events"] == again.json["events"]
    numbers = [beacon.json["batch"] for beacon in capture.accepted]
    assert numbers == [numbers[0], numbers[0] + 1]


def test_while_the_collector_fails_what_waits_survives_a_crash(
    signing: Page, site: WebSite, capture: Capture
) -> None:
    """The browser keeps a tab's sessionStorage, whatever becomes of its renderer."""
    capture.answers = [Answer(503)]
    visit(signing, site.base + "/")
    stored = "sessionStorage.getItem('vigie.unsent') || ''"
    run_clock_until(signing, lambda: "signed" in signing.evaluate(stored), "what was put aside")
    run_clock_until(signing, lambda: bool(capture.find(name="signed")), "the second attempt")
    run_clock_until(signing, lambda: not signing.evaluate(stored), "storage to be empty again")


@pytest.mark.parametrize("status", [400, 403, 413])
def test_a_refused_batch_is_not_sent_again(
    signing: Page, site: WebSite, capture: Capture, status: int
) -> None:
    capture.answers = [Answer(status)]
    visit(signing, site.base + "/")
    run_clock_until(signing, lambda: bool(capture.beacons), "the refused batch")
    signing.evaluate("vigie('event', 'next')")
    run_clock_until(signing, lambda: bool(capture.find(name="next")), "the next batch")
    assert [beacon.status for beacon in capture.beacons] == [status, 204]


def test_a_batch_that_never_succeeds_is_given_up(
    signing: Page, site: WebSite, capture: Capture
) -> None:
    capture.answers = [Answer(500)] * 10
    visit(signing, site.base + "/")
    run_clock_until(signing, lambda: not capture.answers, "ten tries", step_ms=5000)
    signing.evaluate("vigie('event', 'next')")
    run_clock_until(signing, lambda: bool(capture.find(name="next")), "the next batch")
    assert len(capture.beacons) == 11
    assert capture.find(name="signed") == []


def test_beacons_need_no_preflight(open_page: Page, capture: Capture) -> None:
    hide(open_page)
    capture.wait_for_event(kind="view")
    assert capture.beacons[0].headers["content-type"].startswith("text/plain")


def test_closing_the_tab_delivers_all_there_is(open_page: Page, capture: Capture) -> None:
    open_page.evaluate(
        """() => { for (let i = 0; i < 120; i++)
            vigie('event', 'e' + i, {attributes: {pad: 'x'.repeat(150)}}) }"""
    )
    open_page.close(run_before_unload=True)
    capture.wait(lambda came: len(came.find(kind="event")) == 120, "120 events")
    names = [event["name"] for event in capture.find(kind="event")]
    assert names == [f"e{i}" for i in range(120)]
    assert all(len(beacon.json["events"]) <= 50 for beacon in capture.beacons)
    assert all(int(beacon.headers["content-length"]) < 15_500 for beacon in capture.beacons)
    capture.wait_for_event(kind="vitals")
    assert len(capture.beacons) == len(capture.accepted), "nothing was sent twice"


def test_what_a_failing_collector_did_not_take_is_sent_by_the_tab_s_next_page(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = document(head=QUEUE + "<script>vigie('event', 'unsent')</script>")
    site.pages["/next"] = document()
    capture.usual = Answer(503, {"Retry-After": "60"})
    visit(page, site.base + "/")
    # Until the page has heard that its first attempt failed.
    page.wait_for_function("sessionStorage.getItem('vigie.unsent')")
    failed = capture.beacons[0].identity

    def attempts(came: Capture) -> int:
        return sum(beacon.identity == failed for beacon in came.beacons)

    leave(page)
    capture.wait(lambda came: attempts(came) == 2, "a last attempt of the page")
    capture.usual = Answer(204)
    visit(page, site.base + "/next")
    capture.wait_for_event(name="unsent")
    assert attempts(capture) == 3
    assert failed in [beacon.identity for beacon in capture.accepted]
    leave(page)
    capture.wait_for_event(kind="view", page="/next")
    assert attempts(capture) == 3, "what was accepted is not sent again"


REFUSE = {
    "refused": "navigator.sendBeacon = () => { window.asked = true; return false }",
    "missing": "delete Navigator.prototype.sendBeacon",
}


@pytest.mark.parametrize("beacon", REFUSE.values(), ids=REFUSE.keys())
def test_without_beacons_a_request_that_outlives_the_page_takes_what_is_left(
    open_page: Page, capture: Capture, beacon: str
) -> None:
    open_page.evaluate(f"() => {{ {beacon} }}")
    open_page.evaluate(
        """() => { for (let i = 0; i < 200; i++)
            vigie('event', 'e' + i, {attributes: {pad: 'x'.repeat(150)}}) }"""
    )
    # Not hidden first, which sends requests anyway.
    open_page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    leave(open_page)
    capture.wait(lambda came: len(came.find(kind="event")) == 200, "200 events")
    names = [event["name"] for event in capture.find(kind="event")]
    assert names == [f"e{i}" for i in range(200)]


def test_what_neither_beacon_nor_request_may_take_the_tab_s_next_page_sends(
    site: WebSite, open_page: Page, capture: Capture
) -> None:
    site.pages["/next"] = document()
    open_page.evaluate("() => { navigator.sendBeacon = () => false }")
    # Some 110 kB, of which browsers let 64 outlive a page.
    open_page.evaluate(
        """() => { for (let i = 0; i < 300; i++)
            vigie('event', 'e' + i, {attributes: {a: 'x'.repeat(200), b: 'x'.repeat(50)}}) }"""
    )
    leave(open_page)
    visit(open_page, site.base + "/next")
    capture.wait(lambda came: len(came.find(kind="event")) == 300, "300 events")
    names = [event["name"] for event in capture.find(kind="event")]
    assert sorted(names) == sorted(f"e{i}" for i in range(300))


def test_of_a_page_left_before_any_timer_nothing_is_lost(
    site: WebSite, page: Page, capture: Capture
) -> None:
    page.add_init_script(
        "for (const name of ['setTimeout', 'requestIdleCallback']) window[name] = () => 0"
    )
    site.pages |= {"/": document("<h1>Start</h1>"), "/next": document()}
    visit(page, site.base + "/")
    page.evaluate(
        'sessionStorage.setItem(\'vigie.unsent\', Date.now() + \'{"v":1,"session":"\''
        ' + \'a\'.repeat(32) + \'","batch":1,"events":[{"kind":"view","page":"/before","at":1}]\')'
    )
    leave(page)
    capture.wait_for_event(kind="vitals")
    capture.wait_for_event(kind="leave")
    capture.wait_for_event(kind="view", page="/before")


@pytest.mark.parametrize("alone", ["pagehide", "visibilitychange"])
def test_either_event_of_leaving_is_enough(
    site: WebSite, page: Page, capture: Capture, alone: str
) -> None:
    other = {"pagehide": "visibilitychange", "visibilitychange": "pagehide"}[alone]
    page.add_init_script(
        f"addEventListener('{other}', event => event.stopImmediatePropagation(), true)"
    )
    site.pages["/"] = document("<h1>Start</h1>")
    visit(page, site.base + "/")
    page.close(run_before_unload=True)
    capture.wait_for_event(kind="view")
    assert capture.views == ["/"]


def test_with_no_collector_at_all_memory_stays_bounded_and_the_page_unharmed(
    site: WebSite, page: Page, capture: Capture
) -> None:
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    site.pages["/"] = document("<h1>Start</h1>")
    page.route("**/rum/v1/beacon", lambda route: route.abort())
    visit(page, site.base + "/")
    page.evaluate(
        """() => { for (let i = 1; i <= 5000; i++)
            vigie('event', 'e' + i, {attributes: {pad: 'x'.repeat(200)}}) }"""
    )
    hide(page)
    spilled = page.wait_for_function("sessionStorage.getItem('vigie.unsent')").json_value()
    assert 10_000 < len(spilled) < 120_000
    page.unroute("**/rum/v1/beacon")
    show(page)
    page.evaluate("dispatchEvent(new Event('online'))")
    capture.wait_for_event(name="e5000")
    assert len(capture.accepted) <= 21, "the latest 20 batches were kept, one was on its way"
    assert sum(int(b.headers["content-length"]) for b in capture.accepted) < 300_000
    assert page.evaluate("sessionStorage.getItem('vigie.unsent')") is None
    assert thrown == []


def test_a_fetch_of_the_page_s_own_that_throws_harms_neither_side(
    site: WebSite, page: Page, capture: Capture
) -> None:
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    site.pages["/"] = document(
        head="""<script>
            window.calls = 0;
            window.fetch = () => { calls++; throw new TypeError('wrapped badly') };
        </script>"""
    )
    page.clock.install()
    visit(page, site.base + "/")
    run_clock_until(page, lambda: bool(page.evaluate("calls >= 2")), "a second attempt")
    leave(page)
    capture.wait_for_event(kind="view")
    assert thrown == []


STRICTEST = (
    "default-src 'none'; script-src 'nonce-abc'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def test_the_strictest_content_security_policy_sees_no_violation(
    site: WebSite, page: Page, capture: Capture
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    site.pages["/"] = (
        f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{STRICTEST}">'
        + SNIPPET.replace("async", 'async nonce="abc"')
        + "<h1>Start</h1>"
    )
    visit(page, site.base + "/")
    page.click("h1")
    # By then it has spread its net too, where the browser has one.
    page.wait_for_timeout(1500)
    hide(page)
    capture.wait_for_event(kind="vitals")
    assert [text for text in said if "Security Policy" in text or "rusted" in text] == []
