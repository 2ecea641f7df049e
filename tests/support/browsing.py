"""What a test does with a page that has rum.js in it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable

from playwright.sync_api import Page

QUEUE = """<script>
  window.vigie = window.vigie || function () { (vigie.q = vigie.q || []).push(arguments) }
</script>"""

_HIDE = """() => {
    Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});
    document.dispatchEvent(new Event('visibilitychange'));
}"""
_SHOW = """() => {
    delete document.visibilityState;
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def visit(page: Page, url: str) -> None:
    """Open a page and wait until rum.js is at work in it."""
    page.goto(url)
    page.wait_for_function("window.vigie && vigie.ready")


def leave(page: Page) -> None:
    """Go elsewhere, so that the page says all it has to say."""
    page.goto("about:blank")


def crash(page: Page) -> None:
    """kill -9 of every renderer of the browser, this page's among them."""
    browser = page.context.browser
    assert browser is not None
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    with page.expect_event("crash"):
        for process in processes:
            if process["type"] == "renderer":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process["id"], signal.SIGKILL)
    session.detach()


def hide(page: Page) -> None:
    """Put the tab aside. A headless browser has no such thing; the page sees what it would see."""
    page.evaluate(_HIDE)


def show(page: Page) -> None:
    page.evaluate(_SHOW)


def flush(page: Page) -> None:
    """Have the page send what it has gathered, as if it were put aside for a moment."""
    hide(page)
    show(page)


def skip_until(
    page: Page, condition: Callable[[], object], what: str, *, step_ms: int = 1000
) -> None:
    """As run_clock_until, in leaps: each timer that is due fires once, and nothing is drawn."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        page.clock.fast_forward(step_ms)


def run_clock_until(
    page: Page, condition: Callable[[], bool], what: str, *, step_ms: int = 250
) -> None:
    """Let the page's own clock (page.clock.install) run, a bit at a time, until `condition`."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        page.clock.run_for(step_ms)
