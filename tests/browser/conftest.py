"""A real Chromium, a site to open in it, and what becomes of its beacons."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from rum.limits import Limits
from tests.support.capture import Capture
from tests.support.collecting import Collecting, collecting
from tests.support.firefox import Driver, firefox_driver
from tests.support.recorded import Recorded
from tests.support.site import WebSite

# Its own 5 s are few where a page looks for news every 3 s and two tests share the machine.
expect.set_options(timeout=30_000)

CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """One browser a module. Not one a session: while it is open, no test can use asyncio.run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path,
            args=list(CHROMIUM_ARGS),
            # Playwright turns it off; what comes back from it is a view too.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """An empty profile of its own: no storage, no cookies, no cache."""
    context = chromium.new_context()
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def capture() -> Capture:
    return Capture()


@pytest.fixture
def site(capture: Capture, project_root: Path) -> Iterator[WebSite]:
    """A site whose /vigie/ leads to `capture`; the test adds its pages."""
    with WebSite(project_root / "static" / "rum.js", capture.answer) as served:
        yield served


@pytest.fixture
def recorded() -> Recorded:
    """What comes of recordings."""
    return Recorded()


@pytest.fixture
def recording_site(site: WebSite, recorded: Recorded) -> WebSite:
    """`site`, where recordings may be sent to."""
    site.recordings = recorded.answer
    return site


@pytest.fixture
def collector(tmp_path: Path, project_root: Path) -> Iterator[Collecting]:
    """The real collector, writing a real journal; it lets each event have a name of its own."""
    limits = Limits(names_a_day_max=10_000)
    with collecting(tmp_path, project_root / "static", limits=limits) as running:
        yield running


@pytest.fixture
def real_site(collector: Collecting, project_root: Path) -> Iterator[WebSite]:
    """A site whose /vigie/ leads to the real collector."""
    with WebSite(project_root / "static" / "rum.js", collector.proxy) as served:
        yield served


@pytest.fixture
def unwatched_chromium(chromium_path: str, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Opens an address in a Chromium that nothing drives: some features are off while one does."""
    started: list[subprocess.Popen[bytes]] = []

    def opens(url: str) -> None:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [chromium_path, "--headless=new", *CHROMIUM_ARGS, profile, url]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))

    yield opens
    for process in started:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    """A real Firefox."""
    for name in (os.environ.get("VIGIE_FIREFOX", ""), "firefox-esr", "firefox"):
        if name and (path := shutil.which(name)):
            with firefox_driver(path) as running:
                yield running
            return
    pytest.fail("no Firefox: run ./scripts/test, which installs one, or set VIGIE_FIREFOX")
