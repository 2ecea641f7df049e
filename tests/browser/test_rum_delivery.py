"""A batch is the same at every attempt, arrives in the end, and is never asked for too often."""

import time

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.capture import Capture
from tests.support.site import Answer, WebSite, document

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(site: WebSite, page: Page) -> Page:
    site.pages["/"] = document("<h1>Start</h1>")
    page.goto(site.base + "/")
    page.wait_for_function("window.vigie && vigie.ready")
    return page


def test_a_retry_is_the_same_batch_under_a_new_time(open_page: Page, capture: Capture) -> None:
    capture.answers = [Answer(503, {"Retry-After": "1"}), Answer(500)]
    began = time.monotonic()
    open_page.evaluate("vigie('event', 'signed')")
    capture.wait_for_event(name="signed")
    first, second, third = (dict(beacon.json) for beacon in capture.beacons)
    sent = [beacon.pop("sent") for beacon in (first, second, third)]
    assert first == second == third
    assert sent == sorted(sent)
    assert sent[1] - sent[0] >= 1000, "Retry-After was not heeded"
    assert abs(sent[2] / 1000 - time.time()) < 10
    assert time.monotonic() - began >= 1
    assert [beacon.status for beacon in capture.beacons] == [503, 500, 204]


def test_what_happens_meanwhile_goes_into_later_batches(open_page: Page, capture: Capture) -> None:
    capture.answers = [Answer(429, {"Retry-After": "2"})]
    open_page.evaluate("vigie('event', 'first')")
    capture.wait(lambda came: len(came.beacons) == 1, "the first attempt")
    open_page.evaluate("vigie('event', 'second')")
    capture.wait_for_event(name="second")
    assert [event["name"] for event in capture.find(kind="event")] == ["first", "second"]
    numbers = [beacon.json["batch"] for beacon in capture.accepted]
    assert numbers == [numbers[0], numbers[0] + 1]
    assert numbers[0] % 2**20 == 0
    assert all("second" not in str(beacon.json) for beacon in capture.beacons[:2])


@pytest.mark.parametrize("status", [400, 403, 413])
def test_a_refused_batch_is_not_sent_again(open_page: Page, capture: Capture, status: int) -> None:
    capture.answers = [Answer(status)]
    open_page.evaluate("vigie('event', 'refused')")
    capture.wait(lambda came: len(came.beacons) == 1, "the refused batch")
    open_page.evaluate("vigie('event', 'next')")
    capture.wait_for_event(name="next")
    assert [beacon.status for beacon in capture.beacons] == [status, 204]


def test_beacons_need_no_preflight(open_page: Page, capture: Capture) -> None:
    open_page.evaluate("vigie('event', 'signed')")
    capture.wait_for_event(name="signed")
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
    open_page: Page, site: WebSite, capture: Capture
) -> None:
    capture.answers = [Answer(503, {"Retry-After": "60"})] * 3
    open_page.evaluate("vigie('event', 'unsent')")
    capture.wait(lambda came: len(came.beacons) == 1, "the first attempt")
    failed = capture.beacons[0].identity
    capture.answers = [Answer(503)] * 5
    open_page.goto(site.base + "/?next")
    open_page.wait_for_function("window.vigie && vigie.ready")
    capture.wait(lambda came: len(came.beacons) >= 3, "attempts of both pages")
    capture.answers = []
    capture.wait_for_event(name="unsent")
    (accepted,) = [beacon for beacon in capture.accepted if beacon.identity == failed]
    assert [event["kind"] for event in accepted.json["events"]] == ["view", "event"]
    open_page.evaluate("vigie('event', 'after')")
    capture.wait_for_event(name="after")
    assert open_page.evaluate("sessionStorage.getItem('vigie.unsent')") is None


def test_with_no_collector_at_all_memory_stays_bounded_and_the_page_unharmed(
    context: BrowserContext, site: WebSite, capture: Capture
) -> None:
    site.pages["/"] = document("<h1>Start</h1>")
    page = context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.route("**/rum/v1/beacon", lambda route: route.abort())
    page.goto(site.base + "/")
    page.wait_for_function("window.vigie && vigie.ready")
    page.evaluate(
        """() => { for (let i = 0; i < 5000; i++)
            vigie('event', 'e' + i, {attributes: {pad: 'x'.repeat(200)}}) }"""
    )
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    spilled = page.evaluate("sessionStorage.getItem('vigie.unsent')")
    assert 10_000 < len(spilled) < 200_000
    assert capture.beacons == []
    assert thrown == []
