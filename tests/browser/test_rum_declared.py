"""What a site declares of its users: levels by sign-up date, segments; and reported errors."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from tests.support.browsing import flush, visit
from tests.support.capture import Capture
from tests.support.site import WebSite
from tests.support.tagged import tagged

pytestmark = pytest.mark.browser
TENURE = 'data-tenure="novice 90 confirmed 365 expert"'


def declared(page: Page, capture: Capture, name: str) -> dict[str, object]:
    """The header of the batch that an event comes in that is told now."""
    page.evaluate("name => vigie('event', name)", name)
    flush(page)
    capture.wait_for_event(name=name)
    return capture.batch_of(name).json


def test_a_level_is_made_of_the_day_of_sign_up_which_never_leaves_the_page(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = tagged(TENURE)
    visit(page, site.base + "/")
    for days, level in [(0, "novice"), (89, "novice"), (91, "confirmed"), (366, "expert")]:
        since = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        page.evaluate("since => vigie('user', 'u', {since})", since)
        header = declared(page, capture, f"after {days}")
        assert (header["level"], header["user"]) == (level, "u")
        assert since[:10] not in str(header)
        assert "since" not in header


def test_a_declared_level_outweighs_the_day_of_sign_up(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = tagged(TENURE)
    visit(page, site.base + "/")
    page.evaluate("vigie('user', 'u', {since: '2020-01-01', level: 'novice'})")
    assert declared(page, capture, "one")["level"] == "novice"
    page.evaluate("vigie('user', 'u', {since: new Date(2020, 0, 1)})")
    assert declared(page, capture, "two")["level"] == "expert"
    page.evaluate("vigie('user', 'u', {since: 'some day'})")
    assert declared(page, capture, "three")["level"] == "expert", "nonsense changes nothing"


def test_without_thresholds_a_day_of_sign_up_says_nothing(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = tagged("")
    visit(page, site.base + "/")
    page.evaluate("vigie('user', 'u', {since: '2020-01-01'})")
    header = declared(page, capture, "one")
    assert header["user"] == "u"
    assert "level" not in header


def test_segments_ride_on_each_batch_and_can_be_taken_away(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = tagged("")
    visit(page, site.base + "/")
    page.evaluate("vigie('segment', {kind: 'seller', seats: 4, trial: true, bad: []})")
    segments = {"kind": "seller", "seats": 4, "trial": True}
    assert declared(page, capture, "one")["segments"] == segments
    page.evaluate("""() => {
        vigie('event', 'as a seller');
        vigie('segment', {kind: 'buyer', trial: null});
        vigie('segment', {kind: 'buyer'});
    }""")
    assert declared(page, capture, "two")["segments"] == {"kind": "buyer", "seats": 4}
    capture.wait_for_event(name="as a seller")  # put aside, the page sends all at once
    by_name = {
        event["name"]: beacon.json["segments"]["kind"]
        for beacon in capture.accepted
        for event in beacon.json["events"]
        if event["kind"] == "event"
    }
    assert by_name == {"one": "seller", "as a seller": "seller", "two": "buyer"}


def test_an_error_that_the_site_caught_comes_with_its_attributes(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/"] = tagged("")
    visit(page, site.base + "/")
    page.evaluate("""() => {
        try { null.price } catch (error) { vigie('error', error, {attributes: {step: 'sign'}}) }
        vigie('error', 'only a text');
        vigie('error');
    }""")
    flush(page)
    capture.wait_for_event(message="undefined")
    caught, text, nothing = capture.find(kind="error")
    assert (caught["name"], caught["source"]) == ("TypeError", "reported")
    assert caught["attributes"] == {"step": "sign"}
    assert "price" in caught["message"]
    assert (text["message"], text["source"]) == ("only a text", "reported")
    assert nothing["source"] == "reported"


def test_the_session_is_told_to_who_asks(site: WebSite, page: Page, capture: Capture) -> None:
    site.pages["/"] = tagged("")
    visit(page, site.base + "/")
    page.evaluate("vigie('session', id => { window.told = id; throw new Error('of the page') })")
    header = declared(page, capture, "one")
    assert page.evaluate("told") == header["session"]
