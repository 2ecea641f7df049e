"""What a site tells by vigie(...), before and after the script has come, and what its tag says."""

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.support.browsing import QUEUE, hide, leave, visit
from tests.support.capture import Capture
from tests.support.site import SNIPPET, WebSite, document

pytestmark = pytest.mark.browser


@pytest.fixture
def console(page: Page) -> list[str]:
    """What the page's console says, warnings and errors alike."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("warning", "error"):
            said.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_an_event_arrives_soon_with_its_value_and_attributes(
    site: WebSite, page: Page, capture: Capture, console: list[str]
) -> None:
    site.pages["/mandates/42"] = document()
    visit(page, site.base + "/mandates/42")
    page.evaluate("""() => vigie('event', 'mandate_signed', {
        value: 290000.5, currency: 'EUR',
        attributes: {
            kind: 'sale', exclusive: true, rooms: 4, bad: {}, worse: NaN, long: 'x'.repeat(999),
        },
    })""")
    event = capture.wait_for_event(kind="event")
    assert event.pop("at") > 1.7e12
    long = event["attributes"].pop("long")
    assert set(long) == {"x"}
    assert len(long) < 300
    assert event == {
        "kind": "event",
        "name": "mandate_signed",
        "value": 290000.5,
        "currency": "EUR",
        "attributes": {"kind": "sale", "exclusive": True, "rooms": 4},
        "view": 1,
        "page": "/mandates/?",
    }
    assert len(console) == 2, console
    assert [text.split()[-1] for text in console] == ["bad", "worse"]


def test_calls_made_before_the_script_came_are_not_lost(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = document(
        head=QUEUE
        + """<script>
            vigie('user', 'u-7', {level: 'novice'}); vigie('event', 'early'); vigie('page', 'Home');
            window.kept = window.vigie;
        </script>"""
    )
    visit(page, site.base + "/")
    page.evaluate("kept('event', 'by a reference kept from before')")
    capture.wait_for_event(kind="event", name="by a reference kept from before")
    early = capture.wait_for_event(kind="event", name="early")
    assert early["page"] == "Home"
    assert capture.views == ["Home"]
    assert {(b.json["user"], b.json["level"]) for b in capture.beacons} == {("u-7", "novice")}


def test_a_level_that_changes_leaves_what_was_gathered_under_the_first(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = document()
    visit(page, site.base + "/")
    page.evaluate("""() => {
        vigie('event', 'before');
        vigie('level', 'novice');
        vigie('event', 'as novice');
        vigie('level', 'novice');
        vigie('user', 'u-8', {level: 'expert'});
        vigie('event', 'as expert');
        vigie('user', null);
        vigie('event', 'as nobody');
    }""")
    capture.wait_for_event(name="as nobody")
    declared = {
        event["name"]: (beacon.json.get("level"), beacon.json.get("user"))
        for beacon in capture.accepted
        for event in beacon.json["events"]
        if event["kind"] == "event"
    }
    assert declared == {
        "before": ("novice", "u-8"),
        "as novice": ("novice", "u-8"),
        "as expert": ("expert", "u-8"),
        "as nobody": (None, None),
    }


def test_a_level_declared_after_everything_was_sent_still_arrives(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = document("<h1>Start</h1>")
    visit(page, site.base + "/")
    page.evaluate("vigie('event', 'first')")
    hide(page)
    capture.wait_for_event(name="first")
    page.evaluate("vigie('level', 'expert')")
    leave(page)
    capture.wait(lambda came: came.accepted[-1].json.get("level") == "expert", "the level")


def test_the_tag_and_the_address_tell_of_the_whole_batch(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/from"] = document('<a id="out">out</a>', snippet="")
    site.pages["/"] = document(
        snippet=SNIPPET.replace("async", 'async data-release="2.14" data-environment="staging"')
    )
    address = "/?utm_source=letter&utm_campaign=spring&email=a@b.test"
    elsewhere = site.base.replace("127.0.0.1", "localhost")
    page.goto(elsewhere + "/from")
    page.evaluate("address => { location.href = address }", site.base + address)
    page.wait_for_function("window.vigie && vigie.ready")
    leave(page)
    capture.wait_for_event(kind="view")
    beacon = capture.beacons[0].json
    assert beacon["v"] == 1
    assert beacon["site"] == "test-key"
    assert beacon["release"] == "2.14"
    assert beacon["environment"] == "staging"
    assert beacon["campaign"] == "spring"
    assert beacon["referrer"] == elsewhere.removeprefix("http://")
    assert "a@b.test" not in str(beacon)


def test_a_tag_without_a_key_says_so_once_and_does_nothing(
    site: WebSite, page: Page, capture: Capture, console: list[str]
) -> None:
    site.pages["/"] = document(snippet='<script src="/vigie/rum.js"></script>')
    page.goto(site.base + "/")
    leave(page)
    assert len(console) == 1, console
    assert "data-site" in console[0]
    assert capture.beacons == []


def test_wrong_calls_are_explained_and_never_thrown(
    site: WebSite, page: Page, capture: Capture, console: list[str]
) -> None:
    site.pages["/"] = document()
    visit(page, site.base + "/")
    page.evaluate("""() => {
        vigie(); vigie('evnt', 'x'); vigie('evnt', 'x'); vigie('event'); vigie('event', 7);
        vigie('page'); vigie('page', {});
        vigie('event', 'good', null); vigie('event', 'better', 7);
        vigie('event', 'best', {value: 'much', currency: 3, attributes: null});
        vigie('user'); vigie('user', {}, null); vigie('level', Symbol.iterator);
    }""")
    capture.wait_for_event(name="best")
    assert [event["name"] for event in capture.find(kind="event")] == ["good", "better", "best"]
    assert len(console) == 4, console
    assert all(text.startswith("vigie: ") for text in console)
