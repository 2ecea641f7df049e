"""The page's requests are told, and are to the page what they would be without us."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.support.browsing import flush, leave, visit
from tests.support.capture import Capture
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser


def answer(route: Route) -> None:
    """An API of the site's: the status is the last part of its address."""
    path = route.request.url.partition("?")[0]
    if path.endswith("/broken"):
        route.abort()
    elif path.endswith("/never"):
        pass
    else:
        headers = {name: route.request.headers.get(name) for name in ("traceparent", "x-own")}
        got = {"method": route.request.method, "body": route.request.post_data, **headers}
        route.fulfill(
            status=int(path.rpartition("/")[2]),
            body=json.dumps(got),
            headers={"access-control-allow-origin": "*", "access-control-allow-headers": "*"},
        )


@pytest.fixture
def open_page(page: Page, site: WebSite) -> Callable[..., Page]:
    def open_page(head: str = "", attributes: str = "", *, ours: bool = True) -> Page:
        snippet = (
            f'<script src="/vigie/rum.js" data-site="k" {attributes}></script>' if ours else ""
        )
        site.pages["/"] = document("<h1>Start</h1>", head=head, snippet=snippet)
        page.route("**/api/**", answer)
        if ours:
            visit(page, site.base + "/")
        else:
            page.goto(site.base + "/")
        return page

    return open_page


def told(page: Page, capture: Capture, count: int) -> list[dict[str, Any]]:
    flush(page)
    capture.wait(lambda came: len(came.find(kind="request")) >= count, f"{count} requests")
    return capture.find(kind="request")


def test_requests_are_told_with_method_template_status_and_times(
    open_page: Callable[..., Page], capture: Capture
) -> None:
    page = open_page()
    page.evaluate("""async () => {
        await fetch('/api/users/123/200?token=secret#part');
        await fetch(new Request('/api/404', {method: 'PUT', body: 'x'}));
        await fetch('/api/broken').catch(() => 0);
        await fetch('https://other.test/api/503');
        const done = xhr => new Promise(end => { xhr.onloadend = end; xhr.send() });
        const xhr = new XMLHttpRequest();
        xhr.open('post', '/api/201'); await done(xhr);
        xhr.open('GET', '/api/broken'); await done(xhr);
    }""")
    requests = told(page, capture, 6)
    assert [(one["initiator"], one["method"], one["url"], one["status"]) for one in requests] == [
        ("fetch", "GET", "/api/users/?/?", 200),
        ("fetch", "PUT", "/api/?", 404),
        ("fetch", "GET", "/api/broken", 0),
        ("fetch", "GET", "//other.test/api/?", 503),
        ("xhr", "POST", "/api/?", 201),
        ("xhr", "GET", "/api/broken", 0),
    ]
    assert all(one["duration"] >= one.get("wait", 0) >= 0 for one in requests)
    assert not any("aborted" in one for one in requests)
    assert {one["view"] for one in requests} == {1}


def test_the_browsers_own_times_are_taken_where_there_are_any(
    page: Page, site: WebSite, capture: Capture
) -> None:
    site.pages["/"] = document("")
    site.pages["/data"] = "x" * 1000
    visit(page, site.base + "/")
    seen = page.evaluate("""async () => {
        await (await fetch('/data')).text();
        while (!performance.getEntriesByName(location.href + 'data')[0]) {
            await new Promise(soon => setTimeout(soon, 5));
        }
        const {duration, responseStart, startTime} =
            performance.getEntriesByName(location.href + 'data')[0];
        return [duration, responseStart - startTime];
    }""")
    (request,) = told(page, capture, 1)
    assert request["duration"] == pytest.approx(seen[0], abs=0.06)
    assert request.get("wait", 0) == pytest.approx(seen[1], abs=0.06)


def test_what_the_page_aborts_is_no_failure(
    open_page: Callable[..., Page], capture: Capture
) -> None:
    page = open_page()
    page.evaluate("""async () => {
        const stop = new AbortController();
        const running = fetch('/api/never', {signal: stop.signal});
        stop.abort();
        await running.catch(() => 0);
        const xhr = new XMLHttpRequest();
        xhr.open('GET', '/api/never'); xhr.send(); xhr.abort();
        const again = new XMLHttpRequest();
        again.open('GET', '/api/never'); again.send();
        again.open('GET', '/api/200');
        await new Promise(end => { again.onloadend = end; again.send() });
    }""")
    requests = told(page, capture, 4)
    assert [(one["url"], one["status"], one.get("aborted")) for one in requests] == [
        ("/api/never", 0, True),
        ("/api/never", 0, True),
        ("/api/never", 0, True),
        ("/api/?", 200, None),
    ]


def test_a_page_load_tells_of_200_and_of_100_failures_more(
    open_page: Callable[..., Page], capture: Capture
) -> None:
    page = open_page()
    page.evaluate("""async () => {
        const all = (url, count) => Promise.all([...Array(count)].map(() => fetch(url)));
        window.fetch = new Proxy(window.fetch, {});
        await all('data:,x', 300);
        await all('/vigie/rum.js', 205);
        await all('/nowhere', 105);
    }""")
    requests = told(page, capture, 300)
    assert len(requests) == 300
    assert sum(one["status"] == 404 for one in requests) == 100


def test_our_own_beacons_are_no_requests_of_the_page(
    open_page: Callable[..., Page], capture: Capture
) -> None:
    page = open_page()
    for name in ("one", "two"):
        page.evaluate("name => vigie('event', name)", name)
        flush(page)
        capture.wait_for_event(name=name)
    leave(page)
    capture.wait_for_event(kind="leave")
    assert capture.find(kind="request") == []


WRAPPED = """<script>
  const original = window.fetch;
  window.fetch = function (...args) {
      // What we send goes by the page's function, too.
      const ours = typeof args[0] === 'string' && args[0].includes('rum/v1');
      window.wrapped = (window.wrapped || 0) + !ours;
      return original.apply(this, args) };
  const {open, send} = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (...args) { this.opened = args[1];
      return open.apply(this, args) };
  XMLHttpRequest.prototype.send = function (...args) { window.sent = this.opened;
      return send.apply(this, args) };
</script>"""

LIVED = """async () => {
    const lived = [];
    const note = (...what) => lived.push(what.map(String).join(' '));
    const tried = async (name, work) => {
        try { note(name, await work()) } catch (error) { note(name, error.name, error.message) }
    };
    const unhandled = [];
    addEventListener('unhandledrejection', event => {
        unhandled.push(event.reason.name); event.preventDefault() });
    note(typeof fetch, fetch.name, fetch.length, /native|wrapped/.test(fetch),
         Object.keys(window).includes('fetch'), Object.keys(XMLHttpRequest.prototype).length);
    const {open, send} = XMLHttpRequest.prototype;
    note(open.name, open.length, send.name, send.length);
    await tried('text', async () => (await fetch('/api/200')).text());
    await tried('url', async () => (await fetch(new URL('/api/404', location))).status);
    await tried('request', async () => {
        const request = new Request('/api/200', {
            method: 'POST', body: 'abc', headers: {'x-own': 'mine'}});
        const text = await (await fetch(request)).text();
        return text + request.bodyUsed;
    });
    await tried('init', async () => (await fetch('/api/200', {
        method: 'PUT', body: new Blob(['b']), headers: [['X-Own', 'list']]})).text());
    await tried('stream', async () => {
        const reader = (await fetch('/api/200')).body.getReader();
        let size = 0;
        for (let part; !(part = await reader.read()).done;) size += part.value.length;
        return size;
    });
    await tried('broken', () => fetch('/api/broken'));
    await tried('invalid', () => fetch('http://'));
    await tried('nothing', () => fetch());
    await tried('method', () => fetch('/', {method: 'B A D'}));
    await tried('symbol', () => fetch(Symbol('s')));
    await tried('receiver', () => fetch.call({}, '/api/200'));
    await tried('undefined', async () => (await (0, fetch)('/api/200')).status);
    await tried('abort', () => {
        const stop = new AbortController();
        const running = fetch('/api/never', {signal: stop.signal});
        stop.abort(new RangeError('the page has had enough'));
        return running;
    });
    const opaque = {mode: 'no-cors'};
    await tried('opaque', async () => (await fetch('https://o.test/api/200', opaque)).type);
    note('promise', fetch('/api/200') instanceof Promise);
    fetch('/api/broken');
    fetch('/api/broken').catch(() => note('caught'));
    const xhrs = async (name, work, sync) => {
        const xhr = new XMLHttpRequest();
        const events = [];
        for (const type of ['load', 'error', 'abort', 'timeout', 'loadend']) {
            xhr.addEventListener(type, () => events.push(type));
        }
        await tried(name, async () => {
            const ended = new Promise(end => { xhr.addEventListener('loadend', end) });
            const returned = work(xhr);
            if (!sync) await ended;
            return [returned, xhr.status, xhr.readyState];
        });
        note(name, events);
    };
    await xhrs('xhr', xhr => { xhr.open('GET', '/api/200'); return xhr.send() });
    await xhrs('xhr broken', xhr => { xhr.open('GET', '/api/broken'); return xhr.send() });
    await xhrs('xhr abort', xhr => {
        xhr.open('GET', '/api/never'); xhr.send(); setTimeout(() => xhr.abort()) });
    await xhrs('xhr timeout', xhr => {
        xhr.open('GET', '/api/never'); xhr.timeout = 20; xhr.send() });
    await xhrs('xhr sync', xhr => { xhr.open('GET', '/vigie-free', false); xhr.send() }, true);
    await xhrs('xhr unopened', xhr => xhr.send(), true);
    await xhrs('xhr header', xhr => xhr.setRequestHeader('a', 'b'), true);
    await xhrs('xhr bad', xhr => xhr.open('B A D', '/'), true);
    await xhrs('xhr twice', xhr => { xhr.open('GET', '/api/never'); xhr.send(); xhr.send() }, true);
    await xhrs('xhr receiver', xhr => XMLHttpRequest.prototype.send.call({}), true);
    await new Promise(soon => setTimeout(soon, 50));
    note('unhandled', unhandled);
    note('seen by another', window.wrapped, window.sent);
    return lived;
}"""


@pytest.mark.parametrize("head", ["", WRAPPED], ids=["alone", "wrapped before"])
@pytest.mark.parametrize("after", ["", WRAPPED], ids=["", "wrapped after"])
def test_the_page_lives_the_same_requests_with_and_without_us(
    open_page: Callable[..., Page], capture: Capture, head: str, after: str
) -> None:
    lives = []
    for ours in (False, True):
        page = open_page(head, ours=ours)
        if after:
            page.evaluate(after.replace("<script>", "() => {").replace("</script>", "}"))
        lives.append(page.evaluate(LIVED))
    without, with_us = lives
    assert len(without) > 35
    assert with_us == without
    leave(page)
    capture.wait_for_event(kind="request")
    assert capture.find(name="VigieError") == []


def test_a_promise_that_another_library_made_its_own_stays_itself(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("""<script>
      window.mine = Object.assign(Promise.resolve(new Response('x')), {cancel() {}});
      window.fetch = () => mine;
    </script>""")
    assert page.evaluate("fetch('/') === mine")


TRACEPARENT = r"00-[0-9a-f]{32}-[0-9a-f]{16}-01"


def test_traces_go_to_the_origins_of_the_tag_and_to_no_other(
    open_page: Callable[..., Page], site: WebSite, page: Page
) -> None:
    open_page("", f'data-trace-origins="{site.base}, https://api.test"')
    sent: dict[str, dict[str, Any]] = page.evaluate("""async () => {
        const told = async (...args) => (await fetch(...args)).json();
        const asked = (url, header) => new Promise(end => {
            const xhr = new XMLHttpRequest();
            xhr.open('GET', url);
            if (header) xhr.setRequestHeader('TraceParent', header);
            xhr.onload = () => end(JSON.parse(xhr.responseText));
            xhr.send();
        });
        return {
            own: await told('/api/200'),
            listed: await told('https://api.test/api/200', {
                method: 'POST', body: 'b', headers: {'X-Own': 'o'}}),
            request: await told(new Request('/api/200', {headers: {'X-Own': 'r'}})),
            other: await told('https://other.test/api/200'),
            set: await told('/api/200', {headers: [['traceparent', 'of the page']]}),
            setinrequest: await told(new Request('/api/200', {headers: {traceparent: 'page'}})),
            xhr: await asked('/api/200'),
            xhrother: await asked('https://other.test/api/200'),
            xhrset: await asked('/api/200', 'of the page'),
        };
    }""")
    traces = {name: got["traceparent"] for name, got in sent.items()}
    for name in ("own", "listed", "request", "xhr"):
        assert re.fullmatch(TRACEPARENT, traces.pop(name)), name
    assert traces == {
        "other": None,
        "set": "of the page",
        "setinrequest": "page",
        "xhrother": None,
        "xhrset": "of the page",
    }
    assert (sent["listed"]["method"], sent["listed"]["body"]) == ("POST", "b")
    assert (sent["listed"]["x-own"], sent["request"]["x-own"]) == ("o", "r")
