"""Clicks are told with their target, and as rage, dead or error exactly where people lived that."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import leave, run_clock_until, visit
from tests.support.capture import Capture
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser


class Clicked:
    """A page in which the test clicks, by a clock of the test's: no window is ever missed."""

    def __init__(self, page: Page, site: WebSite, capture: Capture) -> None:
        self.page = page
        self.site = site
        self.capture = capture

    def open(self, body: str) -> None:
        self.site.pages["/"] = document(body)
        self.page.clock.install()
        visit(self.page, self.site.base + "/")

    def told(self, count: int = 1) -> list[dict[str, Any]]:
        """The clicks, once their windows are over."""

        def come() -> list[dict[str, Any]]:
            return self.capture.find(kind="click")

        run_clock_until(self.page, lambda: len(come()) >= count, f"{count} clicks")
        assert len(come()) == count
        return sorted(come(), key=lambda click: click["at"])


@pytest.fixture
def clicked(page: Page, site: WebSite, capture: Capture) -> Clicked:
    return Clicked(page, site, capture)


def flags(click: dict[str, Any]) -> set[str]:
    return {"rage", "dead", "error"} & click.keys()


NOTHING = '<div id="it" style="width: 200px; height: 80px">Looks like a button</div>'
SHADOW = """<div id="it"></div><script>
  const root = document.querySelector('#it').attachShadow({mode: 'open'});
  root.innerHTML = '<button>in the shadow</button>';
  HANDLER
</script>"""


@pytest.mark.parametrize(
    "body",
    [
        NOTHING,
        '<button id="it">no handler</button>',
        '<button id="it" onclick="window.counted = 1">counts in memory</button>',
        '<button id="it" onclick="setTimeout(() => it.textContent = 1, 5000)">later</button>',
        '<button id="it" disabled>not yet</button>',
        '<button id="it" disabled><b>not yet either</b></button>',
        '<input id="it" disabled value="greyed">',
        '<input id="it" type="button" value="no handler">',
        '<a id="it">no link</a>',
        '<p id="it">a text</p>',
        SHADOW.replace("HANDLER", ""),
    ],
)
def test_a_click_of_which_nothing_comes_is_dead(clicked: Clicked, body: str) -> None:
    clicked.open(body)
    box = clicked.page.locator("#it").bounding_box()
    assert box
    clicked.page.mouse.click(box["x"] + 12, box["y"] + 8)
    (click,) = clicked.told()
    assert flags(click) == {"dead"}


HANDLED = '<button id="it" onclick="{}">b</button><p id="out">o</p>'


@pytest.mark.parametrize(
    "body",
    [
        '<a id="it" href="#there">link</a>',
        '<a href="#there"><b id="it">part of a link</b></a>',
        '<input id="it">',
        '<textarea id="it"></textarea>',
        '<select id="it"><option>1</option></select>',
        '<input id="it" type="checkbox">',
        '<input id="it" type="radio" checked>',
        '<details><summary id="it">more</summary>text</details>',
        '<label id="it">label <input></label>',
        '<div id="it" contenteditable>write</div>',
        '<canvas id="it"></canvas>',
        '<video id="it" controls></video>',
        '<button id="it" popovertarget="pop">b</button><div id="pop" popover>menu</div>',
        HANDLED.format("out.className = 'other'"),
        HANDLED.format("out.firstChild.data = 'other'"),
        HANDLED.format("setTimeout(() => out.remove(), 90)"),
        HANDLED.format("fetch('/slow')"),
        HANDLED.format("const x = new XMLHttpRequest(); x.open('GET', '/slow'); x.send()"),
        HANDLED.format("history.pushState({}, '', '/other')"),
        HANDLED.format("alert('done')"),
        HANDLED.format("getSelection().selectAllChildren(out); document.execCommand('copy')"),
        HANDLED.format("file.click()") + '<input type="file" id="file" hidden>',
        '<form><input id="f" value="x"><button id="it" type="reset">b</button></form>',
        '<form><input required><button id="it">b</button></form>',
        '<button id="it" onpointerdown="out.hidden = true">opens at the press</button><p id="out">',
        SHADOW.replace(
            "HANDLER", "root.firstChild.onclick = () => root.append(document.createElement('p'))"
        ),
    ],
)
def test_a_click_of_which_something_comes_is_not_dead(clicked: Clicked, body: str) -> None:
    clicked.open(body)
    clicked.page.on("dialog", lambda dialog: dialog.dismiss())
    inside = clicked.page.locator("#it button")
    (inside if inside.count() else clicked.page.locator("#it")).click()
    # What the browser tells in a frame or a task of its own has come.
    clicked.page.evaluate(
        "() => new Promise(done => { const c = new MessageChannel(); "
        "c.port1.onmessage = done; c.port2.postMessage(0) })"
    )
    (click,) = clicked.told()
    assert flags(click) == set()


def test_opening_a_window_by_clicks_is_neither_dead_nor_rage(
    page: Page, site: WebSite, capture: Capture
) -> None:
    site.pages["/"] = document(HANDLED.format("window.open('/new')"))
    visit(page, site.base + "/")
    for _ in range(3):
        with page.expect_popup() as popup:
            page.click("#it")
        popup.value.close()
    leave(page)
    capture.wait(lambda came: len(came.find(kind="click")) == 3, "three clicks")
    assert [flags(click) for click in capture.find(kind="click")] == [set()] * 3


def test_a_click_that_scrolls_is_not_dead(clicked: Clicked) -> None:
    tall = '<div style="height: 5000px"></div>'
    watched = "<script>addEventListener('scroll', () => { window.scrolled = 1 })</script>"
    clicked.open(HANDLED.format("window.scrollTo(0, 100)") + tall + watched)
    clicked.page.click("#it")
    clicked.page.wait_for_function("window.scrolled")
    (click,) = clicked.told()
    assert flags(click) == set()


def test_leaving_by_a_click_is_no_dead_click(clicked: Clicked) -> None:
    clicked.open(HANDLED.format("location.href = '/next'"))
    clicked.site.pages["/next"] = "next"
    clicked.page.click("#it")
    clicked.page.wait_for_url("**/next")
    clicked.capture.wait_for_event(kind="click")
    (click,) = clicked.capture.find(kind="click")
    assert (flags(click), click["page"]) == (set(), "/")


def test_three_quick_clicks_are_rage_on_the_last_of_them(clicked: Clicked) -> None:
    clicked.open(NOTHING)
    clicked.page.click("#it", click_count=1)
    for _ in range(3):
        clicked.page.clock.run_for(200)
        clicked.page.click("#it")
    clicks = clicked.told(4)
    assert [click.get("rage") for click in clicks] == [None, None, None, 4]
    assert all(click["dead"] for click in clicks)


@pytest.mark.parametrize(
    "body",
    [
        HANDLED.format("out.textContent = +out.textContent + 1"),
        '<button id="it" disabled>not yet</button>',
    ],
)
def test_what_works_or_cannot_is_raged_at_as_well(clicked: Clicked, body: str) -> None:
    clicked.open(body)
    box = clicked.page.locator("#it").bounding_box()
    assert box
    for _ in range(3):
        clicked.page.mouse.click(box["x"] + box["width"] - 6, box["y"] + 8)
    assert [click.get("rage") for click in clicked.told(3)] == [None, None, 3]


@pytest.mark.parametrize(
    "handlers",
    [
        "",
        "onclick=\"this.textContent = 'answered'\"",
        "onpointerdown=\"setTimeout(() => this.textContent = 'held', 1200)\"",
    ],
    ids=["nothing comes", "the click is answered", "holding is answered"],
)
def test_a_press_of_more_than_a_second_is_not_dead(clicked: Clicked, handlers: str) -> None:
    clicked.open(f'<button id="it" {handlers}>hold me</button>')
    clicked.page.hover("#it")
    clicked.page.mouse.down()
    clicked.page.clock.run_for(1500)
    clicked.page.mouse.up()
    (click,) = clicked.told()
    assert flags(click) == set()


def test_an_error_that_a_long_press_ends_in_makes_it_an_error_click(clicked: Clicked) -> None:
    clicked.open('<button id="it" onclick="null.price">hold me</button>')
    clicked.page.hover("#it")
    clicked.page.mouse.down()
    clicked.page.clock.run_for(1500)
    clicked.page.mouse.up()
    (click,) = clicked.told()
    assert flags(click) == {"error"}


def test_two_clicks_slow_clicks_and_clicks_elsewhere_are_no_rage(clicked: Clicked) -> None:
    clicked.open(NOTHING + '<button id="other">o</button>')
    mouse, clock = clicked.page.mouse, clicked.page.clock
    for _ in range(2):
        clicked.page.click("#it")
    clock.run_for(1500)
    for _ in range(4):
        clicked.page.click("#it")
        clock.run_for(700)
    clock.run_for(1500)
    box = clicked.page.locator("#it").bounding_box()
    assert box
    for x in (5, 150, 5):
        mouse.click(box["x"] + x, box["y"] + 40)
    clicked.page.click("#other")
    assert {click.get("rage") for click in clicked.told(10)} == {None}


def test_selecting_a_text_is_no_rage(clicked: Clicked) -> None:
    clicked.open('<p id="it">some words to select</p>')
    clicked.page.click("#it", click_count=3, position={"x": 20, "y": 8})
    clicked.page.wait_for_function("String(getSelection())")
    clicks = clicked.told(3)
    assert {click.get("rage") for click in clicks} == {None}


def test_scrolling_by_clicks_is_no_rage(clicked: Clicked) -> None:
    clicked.open(
        '<button id="it" onclick="row.scrollLeft += 50">next</button>'
        '<div id="row" style="overflow: auto; width: 90px"><p style="width: 9000px">row</div>'
        "<script>row.onscroll = () => row.dataset.scrolled = row.scrollLeft</script>"
    )
    for place in (50, 100, 150):
        clicked.page.click("#it")
        clicked.page.clock.run_for(20)
        clicked.page.wait_for_function(f"row.dataset.scrolled >= {place}")
    assert {click.get("rage") for click in clicked.told(3)} == {None}


def test_a_key_that_repeats_is_no_rage(clicked: Clicked) -> None:
    clicked.open(HANDLED.format(""))
    clicked.page.focus("#it")
    for _ in range(5):
        clicked.page.keyboard.press("Enter")
    clicks = clicked.told(5)
    assert {click.get("rage") for click in clicks} == {None}
    assert {(click["x"], click["y"]) for click in clicks} == {(0.5, 0.5)}
    assert all(click["dead"] for click in clicks)


@pytest.mark.parametrize(
    "handler",
    [
        "null.price",
        "setTimeout(() => Promise.reject(new Error('no')), 50)",
        "Promise.reject(new Error('no'))",
        "vigie('error', new Error('caught by the page'))",
        "window.asked = fetch('/').then(() => { answered = 1; throw new Error('late') })",
        "let n = 0; const t = setInterval(() => {"
        " out.title = ++n;"
        " if (n == 20) { clearInterval(t); Promise.reject(new Error('no')) } }, 80)",
    ],
)
def test_an_error_while_the_click_has_effects_makes_it_an_error_click(
    clicked: Clicked, handler: str
) -> None:
    clicked.open(HANDLED.format(handler))
    clicked.page.click("#it")
    # The answer takes its own time, while the test's clock would run for many seconds.
    clicked.page.wait_for_function("!window.asked || window.answered")
    (click,) = clicked.told()
    assert flags(click) == {"error"}


@pytest.mark.parametrize(
    "body",
    [
        HANDLED.format("out.title = 1; setTimeout(() => Promise.reject(new Error('no')), 800)"),
        HANDLED.format("out.title = 1; fetch('/nowhere')"),
        HANDLED.format("out.title = 1; fetch('http://127.0.0.1:9/').catch(() => 0)"),
        HANDLED.format("out.title = 1; try { null.price } catch {}"),
    ],
)
def test_what_is_no_error_of_the_click_makes_none(clicked: Clicked, body: str) -> None:
    clicked.open(body)
    clicked.page.click("#it")
    (click,) = clicked.told()
    assert flags(click) == set()


def test_our_own_failing_requests_make_no_error_click(clicked: Clicked) -> None:
    clicked.open(HANDLED.format("out.title = 1"))
    clicked.page.route("**/beacon", lambda route: route.abort())
    clicked.page.evaluate("vigie('event', 'one')")
    clicked.page.clock.run_for(950)
    clicked.page.click("#it")
    clicked.page.clock.run_for(2000)
    clicked.page.unroute("**/beacon")
    (click,) = clicked.told()
    assert flags(click) == set()


def test_a_click_belongs_to_the_view_in_which_it_happened(clicked: Clicked) -> None:
    clicked.open(HANDLED.format("history.pushState({}, '', '/second')"))
    clicked.page.click("#it")
    clicked.page.click("#it")
    first, second = clicked.told(2)
    assert (first["view"], first["page"]) == (1, "/")
    assert (second["view"], second["page"]) == (2, "/second")


def test_a_target_that_its_click_removes_keeps_its_name(clicked: Clicked) -> None:
    clicked.open(
        '<dialog id="box" open><button class="close" onclick="box.remove()">x</button></dialog>'
    )
    clicked.page.click("button")
    (click,) = clicked.told()
    assert click["target"] == "#box>button.close"


def test_a_label_and_what_it_labels_are_clicked_once(clicked: Clicked) -> None:
    clicked.open('<label id="it">on and off <input type="checkbox"></label>')
    clicked.page.click("#it", position={"x": 5, "y": 8})
    assert clicked.page.is_checked("input")
    (click,) = clicked.told()
    assert (click["target"], flags(click)) == ("#it", set())


def test_what_scripts_click_is_nobodys_click(clicked: Clicked) -> None:
    clicked.open(NOTHING + '<button id="other" onclick="">o</button>')
    clicked.page.evaluate("() => { for (let i = 0; i < 3; i++) other.click() }")
    clicked.page.click("#it")
    (click,) = clicked.told()
    assert click["target"] == "#it"


PLACED = """<body style="margin: 0"><div style="height: 3000px; width: 3000px; position: relative">
  <button id="far" style="position: absolute; left: 1000px; top: 2000px; width: 200px;
    height: 100px"><i>b</i></button></div>
  <button id="fixed" style="position: fixed; left: 20px; top: 30px; width: 100px; height: 40px">
    <span>f</span></button>"""


@pytest.mark.parametrize("scale", [1, 1.5])
def test_a_click_tells_where_it_was(
    chromium: Any, site: WebSite, capture: Capture, scale: float
) -> None:
    context: BrowserContext = chromium.new_context(
        viewport={"width": 800, "height": 600}, device_scale_factor=scale
    )
    page = context.new_page()
    site.pages["/"] = document(PLACED)
    visit(page, site.base + "/")
    page.evaluate("scrollTo(900, 1900)")
    page.wait_for_function("scrollY == 1900")
    page.mouse.click(100 + 50, 100 + 75)
    page.mouse.click(20 + 25, 30 + 10)
    leave(page)
    capture.wait(lambda came: len(came.find(kind="click")) == 2, "two clicks")
    far, fixed = sorted(capture.find(kind="click"), key=lambda click: click["at"])
    assert far["target"] == "#far"
    assert (far["x"], far["y"], far["page_x"], far["page_y"]) == (0.25, 0.75, 1050, 2075)
    assert (far["viewport_width"], far["document_height"]) == (800, 3000)
    assert "fixed" not in far
    assert (fixed["x"], fixed["y"], fixed["fixed"]) == (0.25, 0.25, True)
    assert (fixed["page_x"], fixed["page_y"]) == (945, 1940)
    context.close()


def test_touch_and_shadow_roots_give_clicks_as_well(
    chromium: Any, site: WebSite, capture: Capture
) -> None:
    context: BrowserContext = chromium.new_context(has_touch=True, is_mobile=True)
    page = context.new_page()
    site.pages["/"] = document(SHADOW.replace("HANDLER", ""))
    visit(page, site.base + "/")
    page.tap("button")
    leave(page)
    click = capture.wait_for_event(kind="click")
    assert click["target"] == "#it >>> button"
    context.close()


def test_no_layout_is_read_while_a_click_is_handled(clicked: Clicked) -> None:
    clicked.open(NOTHING)
    clicked.page.evaluate("""() => {
        window.reads = 0;
        window.during = false;
        const spied = Element.prototype.getBoundingClientRect;
        Element.prototype.getBoundingClientRect = function () {
            reads += 1;
            if (during) reads += 1000;
            return spied.call(this);
        };
        addEventListener('click', () => { during = true }, true);
        document.addEventListener('click', () => { during = false });
    }""")
    clicked.page.click("#it")
    (click,) = clicked.told()
    assert (click["x"], click["y"]) == (0.5, 0.5)
    assert 0 < clicked.page.evaluate("reads") < 1000


def test_the_document_is_observed_only_while_a_click_waits(
    page: Page, site: WebSite, capture: Capture
) -> None:
    spy = """<script>
      window.observing = new Set();
      const {observe, disconnect} = MutationObserver.prototype;
      MutationObserver.prototype.observe = function (...args) {
          observing.add(this); return observe.apply(this, args) };
      MutationObserver.prototype.disconnect = function () {
          observing.delete(this); return disconnect.call(this) };
    </script>"""
    site.pages["/"] = document(NOTHING, head=spy)
    page.clock.install()
    visit(page, site.base + "/")
    before = page.evaluate("observing.size")
    page.click("#it")
    assert page.evaluate("observing.size") == before + 1
    run_clock_until(page, lambda: bool(capture.find(kind="click")), "the click")
    assert page.evaluate("observing.size") == before
