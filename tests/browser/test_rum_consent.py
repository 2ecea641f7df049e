"""Consent: before it nothing is stored or sent, with it all is, and it may change at any time."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import flush, leave, visit
from tests.support.capture import Capture
from tests.support.site import WebSite, document
from tests.support.tagged import COUNT_STORAGE, PRIVACY_CONTROL, end, pages_told, tagged

pytestmark = pytest.mark.browser


HEARD_OF_STORAGE = """() => addEventListener('storage', event => {
    if (event.key === 'heard') window.heard = true;
})"""


@pytest.fixture(autouse=True)
def _counted(page: Page) -> None:
    page.add_init_script(COUNT_STORAGE)


def opened(page: Page, site: WebSite, settings: str, *, head: str = "") -> Page:
    site.pages["/"] = tagged(settings, head=head)
    visit(page, site.base + "/")
    page.click("button")
    page.evaluate("vigie('event', 'first')")
    return page


def told(page: Page, capture: Capture, name: str) -> None:
    """An event that arrives."""
    page.evaluate("name => vigie('event', name)", name)
    flush(page)
    capture.wait_for_event(name=name)


def sessions(capture: Capture) -> list[str]:
    return list(dict.fromkeys(beacon.json["session"] for beacon in capture.beacons))


def test_without_a_word_consent_is_granted_and_the_session_is_stored(
    page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, "")
    told(page, capture, "second")
    assert page.evaluate("stored()") == "vigie.session"


@pytest.mark.parametrize("settings", ['data-consent="pending"', 'data-consent="denied"'])
def test_before_consent_nothing_is_sent_or_stored(
    page: Page, site: WebSite, capture: Capture, settings: str
) -> None:
    opened(page, site, settings)
    flush(page)
    page.evaluate("vigie('user', 'u-1', {level: 'novice'}); vigie('page', 'Named')")
    assert page.evaluate("stored()") == ""
    end(page, site, capture)
    assert pages_told(capture) == set()


def test_while_consent_is_pending_storage_is_not_even_looked_at(page: Page, site: WebSite) -> None:
    opened(page, site, 'data-consent="pending"')
    flush(page)
    page.evaluate("dispatchEvent(new Event('online')); dispatchEvent(new Event('pagehide'))")
    assert page.evaluate("touched") == []


def test_granted_at_last_what_waited_is_sent_in_its_order(
    page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, 'data-consent="pending"')
    page.evaluate("""() => {
        for (let i = 0; i < 120; i++) vigie('event', 'e' + i, {attributes: {pad: 'x'.repeat(150)}});
        vigie('session', id => { window.told = id });
    }""")
    assert page.evaluate("window.told") is None
    page.evaluate("vigie('consent', 'granted')")
    told(page, capture, "last")
    capture.wait(lambda came: len(came.find(kind="event")) == 122, "122 events")
    names = [event["name"] for event in capture.find(kind="event")]
    assert names == ["first", *(f"e{i}" for i in range(120)), "last"]
    assert capture.views == ["/"]
    (session,) = sessions(capture)
    assert page.evaluate("told") == session
    assert page.evaluate("localStorage.getItem('vigie.session')").startswith(session)
    assert all(len(beacon.json["events"]) <= 50 for beacon in capture.beacons)
    assert all(int(beacon.headers["content-length"]) < 15_500 for beacon in capture.beacons)


def test_granted_at_last_the_visit_joins_the_session_of_the_other_tabs(
    context: BrowserContext, page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, 'data-consent="pending"')
    site.pages["/agreed"] = tagged("")
    other = context.new_page()
    visit(other, site.base + "/agreed")
    told(other, capture, "elsewhere")
    page.evaluate("vigie('consent', 'granted')")
    told(page, capture, "here")
    assert len(sessions(capture)) == 1


def test_what_waits_for_consent_is_bounded(page: Page, site: WebSite, capture: Capture) -> None:
    opened(page, site, 'data-consent="pending"')
    page.evaluate("""() => {
        for (let i = 0; i < 5000; i++) vigie('event', 'e' + i, {attributes: {a: 'x'.repeat(199)}});
        vigie('consent', 'granted');
    }""")
    told(page, capture, "last")
    # Put aside, the page sends all at once: what is last to arrive need not be the last.
    end(page, site, capture)

    def size(came: Capture) -> int:
        return sum(int(beacon.headers["content-length"]) for beacon in came.accepted)

    capture.wait(lambda came: size(came) > 180_000, "what waited")
    assert size(capture) < 300_000
    assert capture.views[0] == "/", "what came first is what is kept"


def test_denied_at_last_what_waited_is_dropped(page: Page, site: WebSite, capture: Capture) -> None:
    opened(page, site, 'data-consent="pending"')
    page.evaluate("vigie('consent', 'denied'); vigie('event', 'second')")
    flush(page)
    assert page.evaluate("stored()") == ""
    end(page, site, capture)
    assert pages_told(capture) == set()


def test_withdrawn_what_is_stored_is_erased_and_nothing_more_is_sent(
    page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, "")
    told(page, capture, "second")
    page.evaluate("sessionStorage.setItem('vigie.unsent', '[]')")
    page.evaluate("vigie('event', 'third'); vigie('consent', 'denied'); vigie('event', 'fourth')")
    page.click("button")
    flush(page)
    assert page.evaluate("stored()") == ""
    end(page, site, capture)
    names = {event["name"] for event in capture.find(kind="event")}
    assert names == {"first", "second", "marker"}


def test_withdrawn_in_one_tab_it_is_withdrawn_in_the_others(
    context: BrowserContext, page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, "")
    told(page, capture, "second")
    site.pages["/other"] = tagged("")
    other = context.new_page()
    visit(other, site.base + "/other")
    told(other, capture, "elsewhere")
    other.evaluate("vigie('consent', 'denied')")
    # What one tab stores, the others hear of in an event, some time later.
    page.evaluate(HEARD_OF_STORAGE)
    other.evaluate("localStorage.setItem('heard', '1'); localStorage.removeItem('heard')")
    page.wait_for_function("window.heard")
    page.evaluate("vigie('event', 'after')")
    page.click("button")
    flush(page)
    assert page.evaluate("Object.keys(localStorage)") == []
    end(page, site, capture)
    assert capture.find(name="after") == []


def test_storage_that_is_merely_cleared_withdraws_nothing(
    context: BrowserContext, page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, "")
    told(page, capture, "second")
    page.evaluate(HEARD_OF_STORAGE)
    site.pages["/other"] = document()
    other = context.new_page()
    other.goto(site.base + "/other")
    other.evaluate("localStorage.removeItem('vigie.session'); localStorage.setItem('heard', '1')")
    page.wait_for_function("window.heard")
    told(page, capture, "third")
    assert len(sessions(capture)) == 1


def test_granted_again_a_visit_begins_that_has_nothing_in_common_with_the_first(
    page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, "")
    told(page, capture, "second")
    page.evaluate("vigie('consent', 'denied')")
    page.click("button")
    page.evaluate("vigie('event', 'between'); vigie('consent', 'granted')")
    told(page, capture, "third")
    first, second = sessions(capture)
    assert first != second
    views = capture.find(kind="view")
    assert [view["page"] for view in views] == ["/", "/"]
    (third,) = capture.find(name="third")
    assert third["view"] == views[1]["view"]
    assert capture.find(name="between") == []
    assert page.evaluate("localStorage.getItem('vigie.session')").startswith(second)


def test_pending_again_sending_waits_and_goes_on(
    page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, "")
    told(page, capture, "second")
    page.evaluate("vigie('consent', 'pending'); vigie('event', 'waits'); touched.length = 0")
    flush(page)
    page.click("button")
    assert page.evaluate("touched") == []
    assert capture.find(name="waits") == []
    page.evaluate("vigie('consent', 'granted')")
    told(page, capture, "third")
    assert [event["name"] for event in capture.find(kind="event")][-2:] == ["waits", "third"]
    assert len(sessions(capture)) == 1
    assert capture.views == ["/"]


def test_denied_at_first_a_visit_begins_when_it_is_granted(
    page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, 'data-consent="denied"')
    page.evaluate("vigie('user', 'u-7', {level: 'novice'}); vigie('consent', 'granted')")
    told(page, capture, "second")
    assert [event["name"] for event in capture.find(kind="event")] == ["second"]
    assert capture.views == ["/"]
    assert capture.beacons[0].json["level"] == "novice"
    leave(page)
    capture.wait_for_event(kind="vitals")


def test_consent_called_before_the_script_has_come_holds_from_the_first_moment(
    page: Page, site: WebSite, capture: Capture
) -> None:
    queue = "vigie=function(){(vigie.q=vigie.q||[]).push(arguments)};"
    calls = "vigie('event', 'early');vigie('consent', 'pending')"
    opened(page, site, "", head=f"<script>{queue}{calls}</script>")
    flush(page)
    assert page.evaluate("touched") == []
    page.evaluate("vigie('consent', 'granted')")
    told(page, capture, "last")
    names = [event["name"] for event in capture.find(kind="event")]
    assert names == ["early", "first", "last"]


def test_a_consent_that_is_misspelt_is_none(page: Page, site: WebSite, capture: Capture) -> None:
    opened(page, site, 'data-consent="grant"')
    end(page, site, capture)
    assert pages_told(capture) == set()


def test_stopped_the_page_sends_what_it_had_and_never_anything_more(
    page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, "")
    page.evaluate("vigie('stop'); vigie('event', 'after'); vigie('consent', 'granted')")
    page.evaluate("touched.length = 0; vigie('event', 'after')")
    page.click("button")
    flush(page)
    assert page.evaluate("touched") == []
    assert page.evaluate("stored()") == "vigie.session"
    end(page, site, capture)
    assert {event["name"] for event in capture.find(kind="event")} == {"first", "marker"}


def test_global_privacy_control_is_a_no(page: Page, site: WebSite, capture: Capture) -> None:
    page.add_init_script(PRIVACY_CONTROL)
    opened(page, site, 'data-consent="granted"')
    flush(page)
    assert page.evaluate("stored()") == ""
    end(page, site, capture)
    assert pages_told(capture) == set()


def test_who_agrees_explicitly_outweighs_global_privacy_control(
    page: Page, site: WebSite, capture: Capture
) -> None:
    page.add_init_script(PRIVACY_CONTROL)
    opened(page, site, "")
    page.evaluate("vigie('consent', 'granted')")
    told(page, capture, "second")
    assert page.evaluate("stored()") == "vigie.session"


def test_a_site_may_answer_global_privacy_control_otherwise(
    page: Page, site: WebSite, capture: Capture
) -> None:
    page.add_init_script(PRIVACY_CONTROL)
    opened(page, site, 'data-gpc="ignore"')
    told(page, capture, "ignored")
    assert page.evaluate("stored()") == "vigie.session"
    page.evaluate("localStorage.clear()")
    opened(page, site, 'data-gpc="storage-free"')
    told(page, capture, "storage-free")
    assert page.evaluate("stored()") == ""
    assert capture.batch_of("storage-free").json["session"] == ""


def test_storage_free_no_storage_is_touched_and_the_session_is_left_to_the_collector(
    page: Page, site: WebSite, capture: Capture
) -> None:
    opened(page, site, 'data-storage="none" data-sample="0" data-replay="1"')
    page.evaluate("vigie('replay', 'granted'); vigie('session', id => { window.told = [id] })")
    told(page, capture, "second")
    page.evaluate("vigie('event', 'unsent')")
    assert page.evaluate("touched") == []
    assert page.evaluate("told") == [""]
    leave(page)
    capture.wait_for_event(name="unsent")
    assert capture.views == ["/"]
    assert {(b.json["session"], b.json["storage_free"]) for b in capture.beacons} == {("", True)}
    numbers = [beacon.json["batch"] for beacon in capture.accepted]
    assert len(set(numbers)) == len(numbers) > 1


def test_with_a_collector_that_fails_storage_free_mode_still_stores_nothing(
    page: Page, site: WebSite, capture: Capture
) -> None:
    page.route("**/rum/v1/beacon", lambda route: route.abort())
    opened(page, site, 'data-storage="none"')
    flush(page)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert page.evaluate("touched") == []
    assert page.evaluate("stored()") == ""


def test_agreed_to_later_storage_free_mode_gives_way_to_a_session(
    page: Page, site: WebSite, capture: Capture
) -> None:
    page.add_init_script(PRIVACY_CONTROL)
    opened(page, site, 'data-gpc="storage-free"')
    told(page, capture, "without")
    page.evaluate("vigie('event', 'still without'); vigie('consent', 'granted')")
    told(page, capture, "with")
    capture.wait_for_event(name="still without")
    free, ours = sessions(capture)
    assert free == ""
    assert re.fullmatch("[0-9a-f]{32}", ours)
    by_name = {
        event["name"]: beacon.json["session"]
        for beacon in capture.beacons
        for event in beacon.json["events"]
        if event["kind"] == "event"
    }
    assert by_name == {"first": "", "without": "", "still without": "", "with": ours}
    assert capture.views == ["/", "/"], "each session has a view"
