"""What rum.js costs the pages it is in, beside web-vitals alone.

Run: python -m bench.rum [LOADS]      (some 2 minutes; needs Chromium and npm's packages)

- start: main-thread time of scripts from the navigation until shortly after the load, when all that
  was painted is told of and nothing is sent yet, at 4x CPU slow-down, in a page that has no
  other script; and the longest piece of it, which by the wall clock is a long task from 50 ms on.
- clicks: rum.js's main-thread time per click, on a page of 500 clicks whose handlers change it.
  What it does a second after each counts to the clicks that come then. The first press, in which it
  begins to watch what comes of clicks, and what is left after the last click are told apart.
- heap: what an hour of a single-page session (by a clock that is wound on) leaves in memory.
Times are the thread's processor time, so that what else the machine does counts for little; waiting
for the browser's storage counts by the wall clock only. Each load has a browser context of its own,
so nothing is cached; kinds of page take turns.
"""

import json
import os
import shutil
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.site import SNIPPET, Answer, WebSite, document

ROOT = Path(__file__).resolve().parent.parent
LOADS = 15
SLOW_DOWN = 4
QUIET_MS = 800
CLICKS = 500
MINUTES = 60
WARM_UP_MINUTES = 5
LONG_TASK_MS = 50
CATEGORIES = ["devtools.timeline", "v8", "disabled-by-default-v8.compile"]
SCRIPTING = {"EvaluateScript", "v8.compile", "FunctionCall", "RunMicrotasks"}
AIMS = {"start": 1.5, "click p95 ms": 1.0, "heap bytes": 1_000_000}

BODY = (
    "<h1>Listings</h1>"
    + "".join(f"<section><h2>Number {i}</h2><p>{'Text. ' * 20}</p></section>" for i in range(200))
    + "<footer>End</footer>"
)
ON_ALL = (
    "for (const on of ['onCLS', 'onFCP', 'onINP', 'onLCP', 'onTTFB'])"
    " webVitals[on](metric => { window.last = metric }, {reportAllChanges: true})"
)


def peer(build: str) -> str:
    return f'<script async src="/peer/{build}.js" onload="{ON_ALL}"></script>'


KINDS = {
    "nothing": "",
    "web-vitals": peer("web-vitals.iife"),
    "web-vitals with attribution": peer("web-vitals.attribution.iife"),
    "rum.js": SNIPPET,
}

APP = """
<h1>App</h1><main id="main"></main><button id="more">More</button>
<script>
  let count = 0
  document.getElementById('more').onclick = () => {
    const row = document.createElement('p')
    row.textContent = 'Row ' + ++count
    document.getElementById('main').replaceChildren(row)
  }
  const minute = async (n) => {
    history.pushState({}, '', '/section-' + 'abcdefgh'[n % 8] + '/' + n)
    for (let i = 0; i < 4; i++) await fetch('/api?n=' + n).then(answer => answer.text())
    window.vigie && vigie('event', 'saved', {value: n})
  }
</script>
"""


@dataclass(frozen=True)
class Piece:
    """A stretch of the main thread's work, in milliseconds: its begin, its processor time, and how
    long it took by the wall clock."""

    begin: float
    time: float
    wall: float


def pieces(events: Iterable[dict[str, Any]]) -> list[Piece]:
    """What the thread was called for; what is called within that is part of it."""
    found: list[Piece] = []
    end = 0.0
    for event in sorted(events, key=lambda event: (event["ts"], -event["dur"])):
        if event["ts"] >= end:
            end = event["ts"] + event["dur"]
            found.append(Piece(event["ts"] / 1000, event["tdur"] / 1000, event["dur"] / 1000))
    return found


def total(found: Iterable[Piece]) -> float:
    return sum(piece.time for piece in found)


def traced(browser: Browser) -> list[dict[str, Any]]:
    """The main threads' events of the trace that is under way, which ends."""
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [event for event in events if (event["pid"], event["tid"]) in main]


def scripting(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (event for event in events if event["name"] in SCRIPTING and "tdur" in event)


def load(browser: Browser, site: WebSite, kind: str) -> list[Piece]:
    context = browser.new_context()
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOW_DOWN})
    site.pages["/"] = document(BODY, snippet=KINDS[kind])
    browser.start_tracing(page=page, categories=CATEGORIES)
    page.goto(site.base + "/", wait_until="load")
    page.wait_for_timeout(QUIET_MS)
    found = pieces(scripting(traced(browser)))
    context.close()
    return found


def bench_start(browser: Browser, site: WebSite, loads: int) -> None:
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    longest: dict[str, list[float]] = {kind: [] for kind in KINDS}
    walls: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(loads):
        for kind in KINDS:
            found = load(browser, site, kind)
            taken[kind].append(total(found))
            longest[kind].append(max((piece.time for piece in found), default=0.0))
            walls[kind].append(max((piece.wall for piece in found), default=0.0))
    usual = {kind: statistics.median(times) for kind, times in taken.items()}
    for kind, time_ms in usual.items():
        print(
            f"start: {kind:28} {time_ms:6.2f} ms in the median of {loads},"
            f" its longest piece {statistics.median(longest[kind]):5.2f} ms"
        )
    for kind in list(KINDS)[1:3]:
        ratio = usual["rum.js"] / usual[kind]
        print(f"start: rum.js takes {ratio:.2f} times what {kind} takes (aim: {AIMS['start']})")
    print(
        f"start: the longest piece of a load by the wall clock, median and most: {_shown(walls)};"
        f" {LONG_TASK_MS} ms would be a long task"
    )


def _shown(walls: dict[str, list[float]]) -> str:
    return ", ".join(
        f"{kind} {statistics.median(times):.1f} and {max(times):.1f} ms"
        for kind, times in walls.items()
    )


def bench_clicks(browser: Browser, site: WebSite) -> None:
    context = browser.new_context()
    page = context.new_page()
    site.pages["/"] = document(APP)
    page.goto(site.base + "/")
    page.wait_for_function("window.vigie && vigie.ready")
    place = page.locator("#more").bounding_box()
    assert place
    browser.start_tracing(page=page, categories=CATEGORIES)
    for number in range(CLICKS):
        page.mouse.click(place["x"] + 3 + number % 20, place["y"] + 3 + number % 10)
    page.wait_for_timeout(QUIET_MS)
    events = traced(browser)
    context.close()
    begins = sorted(
        event["ts"] / 1000
        for event in events
        if event["name"] == "EventDispatch" and event["args"]["data"]["type"] == "pointerdown"
    )
    assert len(begins) == CLICKS, len(begins)
    ours = pieces(event for event in scripting(events) if "/vigie/" in json.dumps(event["args"]))
    first, *per_click = (
        total(piece for piece in ours if begin <= piece.begin < end)
        for begin, end in pairwise(begins)
    )
    per_click.sort()
    rest = [piece for piece in ours if piece.begin >= begins[-1]]
    p95 = per_click[int(0.95 * len(per_click))]
    print(
        f"clicks: rum.js takes {statistics.median(per_click):.2f} ms a click in the median,"
        f" {p95:.2f} at p95 (aim: under {AIMS['click p95 ms']}), {per_click[-1]:.2f} at most;"
        f" {first:.2f} at the first; after the last {total(rest):.2f} in {len(rest)} pieces,"
        f" of which the longest takes {max(piece.time for piece in rest):.2f}"
    )


def heap_bytes(page: Page) -> int:
    devtools = page.context.new_cdp_session(page)
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
    used: int = devtools.send("Runtime.getHeapUsage")["usedSize"]
    devtools.detach()
    return used


def live(page: Page, minutes: range) -> None:
    for number in minutes:
        page.evaluate("n => minute(n)", number)
        for _ in range(6):
            page.click("#more")
            page.mouse.wheel(0, 100)
            page.clock.run_for(10_000)


def grown(browser: Browser, site: WebSite, snippet: str) -> int:
    """By how many bytes the heap grew in an hour."""
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    site.pages["/"] = document(APP, snippet=snippet)
    page.goto(site.base + "/")
    live(page, range(WARM_UP_MINUTES))
    before = heap_bytes(page)
    live(page, range(WARM_UP_MINUTES, WARM_UP_MINUTES + MINUTES))
    growth = heap_bytes(page) - before
    context.close()
    return growth


def bench_heap(browser: Browser, site: WebSite) -> None:
    without, with_ours = (grown(browser, site, snippet) for snippet in ("", SNIPPET))
    print(
        f"heap: grows by {with_ours:,} bytes in {MINUTES} minutes with rum.js, by {without:,}"
        f" without: {with_ours - without:,} are ours (aim: under {AIMS['heap bytes']:,})"
    )


def main() -> None:
    loads = int(sys.argv[1]) if len(sys.argv) > 1 else LOADS
    chromium = shutil.which(os.environ.get("VIGIE_CHROMIUM", "chromium"))
    answers = WebSite(ROOT / "static" / "rum.js", lambda body, headers: Answer(204))
    with sync_playwright() as playwright, answers as site:
        site.folders["/peer/"] = ROOT / "node_modules" / "web-vitals" / "dist"
        site.pages["/api"] = "<p>Answer</p>"
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        bench_start(browser, site, loads)
        bench_clicks(browser, site)
        bench_heap(browser, site)
        browser.close()


if __name__ == "__main__":
    main()
