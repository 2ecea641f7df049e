"""rum.js in a real Firefox: what arrives, one session for all tabs, and nothing in the console."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.capture import Capture
from tests.support.collecting import Collecting
from tests.support.firefox import Driver, FirefoxTab
from tests.support.site import SNIPPET, WebSite, document

pytestmark = pytest.mark.browser

Open = Callable[[], FirefoxTab]
NAMES = ("works", "dead", "fails")


@pytest.fixture
def open_tab(driver: Driver) -> Iterator[Open]:
    """Opens tabs; at the end of the test not one of them may have said a word in its console."""
    tabs: list[FirefoxTab] = []

    def opened() -> FirefoxTab:
        tabs.append(FirefoxTab(driver))
        return tabs[-1]

    yield opened
    assert [tab.said() for tab in tabs] == [[] for _ in tabs]


def test_views_and_vitals_arrive_in_the_journal(
    real_site: WebSite, collector: Collecting, open_tab: Open
) -> None:
    real_site.pages["/user/123"] = document("<h1>Start</h1><button>Go</button>")
    tab = open_tab()
    tab.visit(real_site.base + "/user/123?token=secret")
    tab.click("button")
    tab.evaluate("history.pushState({}, '', '/user/123/edit')")
    tab.goto("about:blank")
    events = collector.wait(
        lambda events: any(event.lcp_ms is not None for event in events), "vitals"
    )
    assert collector.pages_viewed() == ["/user/?", "/user/?/edit"]
    vitals = [event for event in events if event.kind == "vitals"][-1]
    assert vitals.ttfb_ms is not None
    assert (vitals.fcp_ms or 0) > 0
    assert collector.refused() == {}
    assert {batch.browser for batch in collector.batches()} == {"Firefox"}
    assert "secret" not in str(collector.records())


def test_errors_and_rejections_arrive(site: WebSite, capture: Capture, driver: Driver) -> None:
    site.pages["/"] = document("<h1>Start</h1>")
    tab = FirefoxTab(driver)
    tab.visit(site.base + "/")
    tab.evaluate("void setTimeout(() => { null.price })")
    tab.evaluate("void Promise.reject(new RangeError('too many'))")
    assert "null" in capture.wait_for_event(kind="error", name="TypeError")["message"]
    assert capture.wait_for_event(kind="error", name="RangeError")["message"] == "too many"
    assert all("vigie" not in text for text in tab.said())


def test_tabs_share_one_session(site: WebSite, capture: Capture, open_tab: Open) -> None:
    site.pages |= {"/a": document("<h1>A</h1>"), "/b": document("<h1>B</h1>")}
    for path in ("/a", "/b"):
        tab = open_tab()
        tab.visit(site.base + path)
        tab.goto("about:blank")
        capture.wait_for_event(kind="view", page=path)
    assert len({beacon.json["session"] for beacon in capture.accepted}) == 1


@pytest.mark.parametrize("leaving", ["close", "navigate", "reload"])
def test_leaving_delivers_all_there_is(
    site: WebSite, capture: Capture, driver: Driver, leaving: str
) -> None:
    site.pages["/"] = document("<h1>Start</h1>")
    tab = FirefoxTab(driver)
    tab.visit(site.base + "/")
    tab.evaluate("for (let i = 0; i < 20; i++) vigie('event', 'e' + i)")
    if leaving == "close":
        tab.close()
    else:
        tab.goto("about:blank" if leaving == "navigate" else site.base + "/")
    capture.wait(lambda came: len(came.find(kind="event")) == 20, "20 events")
    assert len(capture.beacons) == len(capture.accepted), "nothing was sent twice"
    assert [event["name"] for event in capture.find(kind="event")] == [f"e{i}" for i in range(20)]


def test_going_back_is_a_view(site: WebSite, capture: Capture, open_tab: Open) -> None:
    site.pages |= {"/a": document("<h1>A</h1>"), "/b": document("<h1>B</h1>")}
    tab = open_tab()
    tab.visit(site.base + "/a")
    tab.visit(site.base + "/b")
    tab.back("/a")
    tab.close()
    capture.wait(lambda came: len(came.views) == 3, "three views")
    assert sorted(capture.views) == ["/a", "/a", "/b"]


def test_nothing_is_sent_before_consent(site: WebSite, capture: Capture, open_tab: Open) -> None:
    waiting = SNIPPET.replace("async", 'async data-consent="pending"')
    site.pages |= {
        "/": document("<h1>Start</h1>", snippet=waiting),
        "/next": document("<h1>Next</h1>", snippet=waiting),
    }
    tab = open_tab()
    tab.visit(site.base + "/")
    tab.visit(site.base + "/next")
    tab.evaluate("vigie('consent', 'granted')")
    tab.goto("about:blank")
    capture.wait_for_event(kind="view", page="/next")
    assert capture.views == ["/next"]


def test_clicks_are_told_and_flagged_where_people_lived_that(
    site: WebSite, capture: Capture, driver: Driver
) -> None:
    site.pages["/"] = document(
        """<button id="works" onclick="this.textContent += '!'">Works</button>
        <button id="dead">Does nothing</button>
        <button id="fails" onclick="null.price">Fails</button>"""
    )
    tab = FirefoxTab(driver)
    tab.visit(site.base + "/")
    for name in NAMES:
        tab.click(f"#{name}")
        # What the next one does must not seem to come of this.
        tab.evaluate("new Promise(over => setTimeout(over, 1500))")
    tab.goto("about:blank")
    capture.wait(lambda came: len(came.find(kind="click")) == 3, "three clicks")
    clicks = {click["target"]: click for click in capture.find(kind="click")}
    flags = {name: {"rage", "dead", "error"} & clicks[f"#{name}"].keys() for name in NAMES}
    assert flags == {"works": set(), "dead": {"dead"}, "fails": {"error"}}
    assert all(0 < click["x"] < 1 and 0 < click["y"] < 1 for click in clicks.values())
    assert all("vigie" not in text for text in tab.said())


def test_requests_are_told_with_their_status(
    site: WebSite, capture: Capture, driver: Driver
) -> None:
    site.pages |= {"/": document("<h1>Start</h1>"), "/api/users/123": "<p>Jane</p>"}
    tab = FirefoxTab(driver)
    tab.visit(site.base + "/")
    tab.evaluate("fetch('/api/users/123?token=secret').then(answer => answer.text())")
    tab.evaluate(
        "new Promise(done => { const xhr = new XMLHttpRequest(); xhr.open('POST', '/missing');"
        " xhr.onloadend = () => done(xhr.status); xhr.send('{}') })"
    )
    tab.goto("about:blank")
    capture.wait(lambda came: len(came.find(kind="request")) == 2, "two requests")
    told = {
        (one["initiator"], one["method"], one["url"], one["status"] < 400)
        for one in capture.find(kind="request")
    }
    assert told == {
        ("fetch", "GET", "/api/users/?", True),
        ("xhr", "POST", "/missing", False),
    }
    assert "secret" not in str([beacon.json for beacon in capture.beacons])
