"""The stub keeps calls and errors until the script has come; without the script it stays small."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from tests.support.browsing import leave, visit
from tests.support.capture import Capture
from tests.support.site import SNIPPET, WebSite, document
from tests.support.tagged import tagged

pytestmark = pytest.mark.browser
BYTES_MAX = 400

EARLY = """<script>
    vigie('event', 'before');
    window.kept = vigie;
    setTimeout(() => { throw new RangeError('early') });
    Promise.reject(new TypeError('early promise'));
    setTimeout(() => vigie('page', 'Second'));
    setTimeout(() => { throw new RangeError('later') });
</script>"""
LATE_SNIPPET = """<script>window.arrive = () => {
    const script = document.createElement('script');
    script.src = '/vigie/rum.js';
    script.dataset.site = 'test-key';
    document.head.append(script);
}</script>"""


@pytest.fixture
def stub(project_root: Path) -> str:
    return (project_root / "static" / "rum-stub.js").read_text()


def test_the_stub_is_at_most_400_bytes_as_it_is(stub: str) -> None:
    inline = f"<script>{stub}</script>"
    assert len(inline.encode()) <= BYTES_MAX
    assert "\n" not in stub


def test_calls_and_errors_before_the_script_came_are_told_once_with_their_view_and_time(
    site: WebSite, page: Page, capture: Capture, stub: str
) -> None:
    site.pages["/"] = document(
        "<h1>Start</h1>", snippet=f"<script>{stub}</script>{EARLY}{LATE_SNIPPET}"
    )
    page.goto(site.base + "/")
    page.wait_for_function("vigie.q.length == 5")
    arrived = page.evaluate("() => { arrive(); return Date.now() }")
    page.wait_for_function("vigie.ready")
    page.evaluate("kept('event', 'by a reference kept from before')")
    page.evaluate("""() => new Promise(done => {
        setTimeout(() => { setTimeout(done); throw new RangeError('after') });
    })""")
    leave(page)
    capture.wait_for_event(kind="vitals")
    capture.wait_for_event(name="by a reference kept from before")
    capture.wait(lambda came: len(came.find(kind="error")) >= 4, "four errors, of two batches")
    errors = {event["message"]: event for event in capture.find(kind="error")}
    assert len(errors) == len(capture.find(kind="error")) == 4
    assert errors["early promise"]["source"] == "rejection"
    assert {errors[name]["source"] for name in ("early", "later", "after")} == {"error"}
    assert errors["early"]["name"] == "RangeError"
    assert "RangeError" in errors["early"]["stack"]
    assert all(errors[name]["at"] <= arrived for name in ("early", "early promise", "later"))
    # The page's name was said after the first view had begun, which is not sent yet.
    assert {event["page"] for event in capture.events} == {"Second"}
    assert len(capture.find(name="before")) == 1


def test_an_error_that_came_before_a_page_was_named_belongs_to_the_view_before(
    site: WebSite, page: Page, capture: Capture, stub: str
) -> None:
    early = """<script>
        vigie('page', 'First');
        setTimeout(() => { throw new Error('of the first') });
        setTimeout(() => vigie('page', 'Second'));
        setTimeout(() => { throw new Error('of the second') });
    </script>"""
    site.pages["/"] = document(snippet=f"<script>{stub}</script>{early}{LATE_SNIPPET}")
    page.goto(site.base + "/")
    page.wait_for_function("vigie.q.length == 4")
    page.evaluate("arrive()")
    page.wait_for_function("vigie.ready")
    leave(page)
    capture.wait_for_event(message="of the second")
    pages = {event["message"]: event["page"] for event in capture.find(kind="error")}
    assert pages == {"of the first": "First", "of the second": "Second"}
    assert capture.views == ["First", "Second"]


def test_a_page_where_the_script_never_arrives_keeps_a_bounded_queue(
    site: WebSite, page: Page, stub: str
) -> None:
    site.pages["/"] = document(snippet=f"<script>{stub}</script>")
    page.goto(site.base + "/")
    page.evaluate("""() => {
        for (let i = 0; i < 1000; i++) vigie('event', 'e' + i);
        for (let i = 0; i < 1000; i++) dispatchEvent(new ErrorEvent('error', {message: 'no'}));
    }""")
    assert page.evaluate("vigie.q.length") == 99


def test_the_global_may_have_another_name(
    site: WebSite, page: Page, capture: Capture, stub: str
) -> None:
    renamed = stub.replace('"vigie"', '"lookout"')
    assert renamed != stub
    site.pages["/"] = document(
        snippet=f"<script>{renamed};lookout('event', 'early')</script>"
        + SNIPPET.replace("async", 'async data-name="lookout"')
    )
    page.goto(site.base + "/")
    page.wait_for_function("window.lookout && lookout.ready")
    assert page.evaluate("typeof vigie") == "undefined"
    page.evaluate("lookout('event', 'late')")
    leave(page)
    capture.wait_for_event(name="late")
    assert [event["name"] for event in capture.find(kind="event")] == ["early", "late"]


def test_batches_may_go_to_another_address(site: WebSite, page: Page, capture: Capture) -> None:
    asked: list[str] = []

    def accept(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=204)

    page.route("**/t/in", accept)
    site.pages["/deep/page"] = tagged('data-endpoint="/t/in"')
    visit(page, site.base + "/deep/page")
    page.evaluate("vigie('event', 'there')")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    page.wait_for_function("performance.getEntriesByType('resource').length > 1")
    leave(page)
    assert set(asked) == {site.base + "/t/in"}
    assert capture.beacons == []
