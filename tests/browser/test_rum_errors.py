"""Errors of the page are told, capped and cleaned; those of others are not."""

import pytest
from playwright.sync_api import Page

from tests.support.browsing import leave, visit
from tests.support.capture import Capture
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(site: WebSite, page: Page) -> Page:
    site.pages["/"] = document("<h1>Start</h1>")
    visit(page, site.base + "/")
    return page


def test_uncaught_errors_and_rejections_come_with_their_names(
    open_page: Page, capture: Capture
) -> None:
    open_page.evaluate("""() => {
        setTimeout(() => { null.price });
        setTimeout(() => { throw 'a text' });
        setTimeout(() => { throw undefined });
        Promise.reject(new RangeError('too far'));
        Promise.reject({code: 4});
    }""")
    capture.wait(lambda came: len(came.find(kind="error")) == 5, "five errors")
    told = {(event["name"], event["message"]) for event in capture.find(kind="error")}
    assert ("RangeError", "too far") in told
    assert ("Error", "[object Object]") in told
    assert ("Error", "Uncaught a text") in told
    assert ("Error", "Uncaught undefined") in told
    (typed,) = capture.find(kind="error", name="TypeError")
    assert "price" in typed["message"]
    assert "at " in typed["stack"]
    assert (typed["view"], typed["page"]) == (1, "/")


def test_a_loop_that_throws_is_told_a_few_times(open_page: Page, capture: Capture) -> None:
    open_page.evaluate("""() => {
        for (let i = 0; i < 500; i++) {
            setTimeout(() => { throw new Error('row ' + i) });
            setTimeout(() => { throw new Error('kind ' + 'x'.repeat(i)) });
        }
        setTimeout(() => vigie('event', 'thrown'), 50);
    }""")
    capture.wait_for_event(kind="event", name="thrown")
    messages = [event["message"] for event in capture.find(kind="error")]
    assert sum(message.startswith("row") for message in messages) == 5
    assert len(messages) == 100


def test_queries_in_messages_and_stacks_are_dropped(open_page: Page, capture: Capture) -> None:
    open_page.evaluate("""() => setTimeout(() => {
        const error = new Error('GET https://api.test/users?token=secret failed');
        error.stack = `Error: no\\n    at load (https://shop.test/app.js?v=secret:10:5)\\n`
            + '    at https://shop.test/a#secret:1:2';
        throw error;
    })""")
    error = capture.wait_for_event(kind="error")
    assert error["message"] == "GET https://api.test/users failed"
    assert "(https://shop.test/app.js:10:5)" in error["stack"]
    assert "at https://shop.test/a:1:2" in error["stack"]


def test_errors_of_extensions_and_of_nobody_are_left_out(open_page: Page, capture: Capture) -> None:
    open_page.evaluate("""() => {
        for (const scheme of ['chrome-extension', 'moz-extension', 'safari-web-extension']) {
            const error = new Error('of an extension');
            error.stack = `Error: of an extension\\n    at f (${scheme}://abcdef/content.js:1:1)\\n`
                + '    at https://shop.test/app.js:1:1';
            setTimeout(() => { throw error });
        }
        dispatchEvent(new ErrorEvent('error', {message: 'ResizeObserver loop limit exceeded'}));
        dispatchEvent(new ErrorEvent('error', {message: 'x', filename: 'chrome-extension://a/b.js'}));
        setTimeout(() => { throw new Error('the page\\'s own') }, 20);
    }""")
    capture.wait_for_event(kind="error")
    assert [event["message"] for event in capture.find(kind="error")] == ["the page's own"]


def test_what_is_huge_is_cut(open_page: Page, capture: Capture) -> None:
    open_page.evaluate("() => setTimeout(() => { throw new Error('x'.repeat(1e6)) })")
    error = capture.wait_for_event(kind="error")
    assert len(error["message"]) == 500
    assert len(error["stack"]) <= 3000


def test_our_own_mistakes_are_counted_and_told_once_and_never_reach_the_page(
    site: WebSite, page: Page, capture: Capture
) -> None:
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    site.pages["/"] = document("<h1>Start</h1>")
    visit(page, site.base + "/")
    returned = page.evaluate("""() => {
        const spoilt = {get value() { throw new RangeError('a getter of the page') }};
        return [1, 2, 3].map(() => vigie('event', 'spoilt', spoilt)).join();
    }""")
    assert returned == ",,"
    leave(page)
    error = capture.wait_for_event(kind="error", name="VigieError")
    assert error["message"] == "3 caught, the first: a getter of the page"
    assert len(capture.find(kind="error")) == 1
    assert thrown == []
