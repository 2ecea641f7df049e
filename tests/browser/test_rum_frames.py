"""Long animation frames: the page stood still, and by which script."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.browsing import leave, visit
from tests.support.capture import Capture
from tests.support.peer import SETTLED
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser

BODY = """
<h1>Listings</h1><button id="slow">Slow</button>
<script src="/app/1234567.js?token=secret"></script>
"""
SCRIPT = """
  const wait = (ms) => { const end = performance.now() + ms; while (performance.now() < end); }
  let busy = 0
  document.getElementById('slow').addEventListener('click', () => wait(busy))
  const load = (ms) => new Promise((done, failed) => {
    const image = new Image()
    image.onerror = failed
    image.onload = () => { wait(ms); done() }
    image.src = '/pictures/wide.svg?of=jane'
    document.body.append(image)
  })
"""
PICTURE = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"


@pytest.fixture
def app(site: WebSite, page: Page, tmp_path: Path) -> Page:
    site.pages["/"] = document(BODY)
    site.pages["/app/1234567.js"] = SCRIPT
    (tmp_path / "wide.svg").write_text(PICTURE)
    site.folders["/pictures/"] = tmp_path
    return page


def test_a_frame_that_a_script_held_up_is_told_of(
    app: Page, site: WebSite, capture: Capture
) -> None:
    visit(app, site.base + "/")
    app.evaluate(SETTLED)
    app.evaluate("busy = 240")
    app.click("#slow")
    app.evaluate(SETTLED)
    leave(app)
    frame = capture.wait_for_event(kind="frame")
    assert frame["duration"] >= 240
    assert 150 <= frame["blocking"] < frame["duration"]
    assert frame["script"] == "/app/?.js"
    assert 235 <= frame["script_time"] <= frame["duration"]
    assert frame["invoker"] == "BUTTON#slow.onclick"
    assert (frame["view"], frame["page"]) == (1, "/")
    assert "secret" not in str(capture.events)


def test_an_address_in_the_invoker_s_name_is_left_out(
    app: Page, site: WebSite, capture: Capture
) -> None:
    visit(app, site.base + "/")
    app.evaluate("load(250)")
    app.evaluate(SETTLED)
    leave(app)
    frame = capture.wait_for_event(kind="frame")
    assert frame["invoker"] == "IMG.onload"
    assert "jane" not in str(capture.events)


def test_a_short_wait_is_not_worth_a_word(app: Page, site: WebSite, capture: Capture) -> None:
    visit(app, site.base + "/")
    app.evaluate(SETTLED)
    seen = """() => {
        window.seen = []
        new PerformanceObserver(list => seen.push(...list.getEntries()))
            .observe({type: 'long-animation-frame'})
    }"""
    app.evaluate(seen)
    app.evaluate("busy = 60")
    app.click("#slow")
    app.wait_for_function("seen.length")
    # On a busy machine another frame may be long: of those, nothing is said here.
    long = app.evaluate("""seen.filter(f => f.scripts.some(s => s.invoker.includes('onclick'))
        && (f.blockingDuration >= 100 || f.duration >= 200)).length""")
    leave(app)
    capture.wait_for_event(kind="vitals")
    later = [frame for frame in capture.find(kind="frame") if "onclick" in frame.get("invoker", "")]
    assert len(later) == long


def test_long_tasks_stand_in_where_there_are_no_such_frames(
    app: Page, site: WebSite, capture: Capture
) -> None:
    app.add_init_script("""Object.defineProperty(PerformanceObserver, 'supportedEntryTypes', {
        get: () => ['longtask', 'navigation', 'paint']})""")
    visit(app, site.base + "/")
    app.evaluate("setTimeout(() => wait(240))")
    app.evaluate(SETTLED)
    leave(app)
    frame = capture.wait_for_event(kind="frame")
    assert frame["duration"] >= 240
    assert frame["blocking"] == pytest.approx(frame["duration"] - 50, abs=1)
    assert not {"script", "script_time", "invoker"} & frame.keys()


def test_a_page_that_always_stands_still_says_so_ten_times_a_view(
    app: Page, site: WebSite, capture: Capture
) -> None:
    visit(app, site.base + "/")
    app.evaluate(SETTLED)
    for view in range(2):
        app.evaluate("""async () => {
            for (let count = 0; count < 12; count++) {
                await new Promise(done => requestAnimationFrame(() => { wait(155); done() }))
                await new Promise(done => setTimeout(done, 20))
            }
        }""")
        app.evaluate(SETTLED)
        app.evaluate("view => history.pushState({}, '', '/' + 'ab'[view])", view)
    leave(app)
    capture.wait(
        lambda came: all(len(came.find(kind="frame", view=view)) >= 10 for view in (1, 2)),
        "frames of both views, which may come in several beacons, in any order",
    )
    assert len(capture.find(kind="frame", view=1)) == 10
    assert len(capture.find(kind="frame", view=2)) == 10
