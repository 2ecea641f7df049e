"""From a real page through the real collector into the journal: every kind of event, whole."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page

from tests.support.browsing import leave, visit
from tests.support.collecting import Collecting
from tests.support.peer import SETTLED
from tests.support.ports import free_port
from tests.support.site import SNIPPET, WebSite, document
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

QUEUE = "vigie = function () { (vigie.q = vigie.q || []).push(arguments) }"


def test_every_kind_of_event_is_written_down_as_it_was_lived(
    real_site: WebSite, collector: Collecting, page: Page
) -> None:
    snippet = SNIPPET.replace("async", 'async data-release="2.14" data-environment="prod"')
    real_site.pages["/mandates/42"] = document(
        "<h1>Sign</h1><button>Sign</button>", snippet=snippet
    )
    visit(page, real_site.base + "/mandates/42?utm_campaign=spring")
    page.evaluate("""() => {
        vigie('user', 'jane@example.test', {level: 'novice'});
        vigie('event', 'mandate_signed', {
            value: 290000, currency: 'EUR', attributes: {kind: 'sale', rooms: 4, exclusive: true},
        });
        setTimeout(() => { null.price });
    }""")
    page.click("button")
    page.evaluate(SETTLED)
    page.evaluate("history.pushState({}, '', '/mandates/42/done')")
    leave(page)
    events = collector.wait(
        lambda events: any(event.inp_ms is not None for event in events), "vitals with INP"
    )
    views = [(event.view, event.page) for event in events if event.kind == "view"]
    assert views == [(1, "/mandates/?"), (2, "/mandates/?/done")]
    (signed,) = [event for event in events if event.kind == "event"]
    assert (signed.name, signed.value, signed.currency) == ("mandate_signed", 290000, "EUR")
    assert signed.attributes.keys() == {"kind", "rooms", "exclusive"}
    assert signed.attributes["kind"] == "sale"
    (error,) = [event for event in events if event.kind == "error"]
    assert error.name == "TypeError"
    assert "price" in error.message
    assert collector.refused() == {}
    for batch in collector.batches():
        assert batch.level == "novice"
        assert batch.user
        assert "jane" not in str(batch)
        assert (batch.release, batch.environment, batch.campaign) == ("2.14", "prod", "spring")
        assert batch.device == "desktop"
        assert abs(batch.received_us - batch.sent_us) < 30_000_000
        assert not batch.bot or "Headless" in page.evaluate("navigator.userAgent")


def test_a_level_the_site_does_not_have_is_refused_and_the_rest_kept(
    real_site: WebSite, collector: Collecting, page: Page
) -> None:
    real_site.pages["/"] = document(head=f"<script>{QUEUE};vigie('level', 'wizard')</script>")
    visit(page, real_site.base + "/")
    leave(page)
    collector.wait(lambda events: any(event.kind == "view" for event in events), "the view")
    # A page that is left may send more than once, between two looks too.
    wait_for(
        lambda: (
            (sent := len(collector.batches())) and collector.refused() == {"unknown_level": sent}
        ),
        "as many refusals as batches",
    )
    assert {batch.level for batch in collector.batches()} == {""}
    assert collector.pages_viewed() == ["/"]


def test_a_collector_that_is_down_gets_what_it_missed_when_it_is_back(
    real_site: WebSite, collector: Collecting, page: Page
) -> None:
    real_site.pages["/"] = document("<h1>Start</h1>")
    real_site.collector = replace(collector, base=f"http://127.0.0.1:{free_port()}").proxy
    visit(page, real_site.base + "/")
    with page.expect_response(lambda answer: answer.status == 502):
        page.evaluate("vigie('event', 'while down')")
    visit(page, real_site.base + "/?next")
    real_site.collector = collector.proxy
    collector.wait(lambda events: any(event.name == "while down" for event in events), "the event")
    # What the first page sent as it was left may come when all is mended: the same batch again.
    batches = {(batch.session, batch.batch): batch for batch in collector.batches()}
    names = [event.name for batch in batches.values() for event in batch.events]
    assert [name for name in names if name] == ["while down"]
    assert len({session for session, _ in batches}) == 1
