"""rum.js in WebKitGTK, which measures little and must be left unharmed; only in the long run."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.support.capture import Capture
from tests.support.site import WebSite, document
from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    # Selenium warns of what its own constructor does.
    pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning"),
]

MINI_BROWSERS = (
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
)


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """A screen that nobody sees; its name."""
    if not (xvfb := shutil.which("Xvfb")):
        pytest.fail("no Xvfb: run ./scripts/test --long, which installs it")
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        [xvfb, "-displayfd", str(write_end), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=(write_end,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with os.fdopen(read_end) as told:
        number = told.readline().strip()
    yield f":{number}"
    process.terminate()
    process.wait(20)


@pytest.fixture
def webkit(screen: str) -> Iterator[webdriver.WebKitGTK]:
    driver = shutil.which("WebKitWebDriver")
    browser = next((path for path in MINI_BROWSERS if os.path.exists(path)), "")
    if not driver or not browser:
        pytest.fail("no WebKitGTK: run ./scripts/test --long, which installs webkit2gtk-driver")
    options = Options()
    options.binary_location = browser
    options.add_argument("--automation")
    environment = {**os.environ, "DISPLAY": screen, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    running = webdriver.WebKitGTK(options=options, service=Service(driver, env=environment))
    yield running
    running.quit()


def arrive(webkit: webdriver.WebKitGTK, url: str) -> None:
    webkit.get(url)
    wait_for(
        lambda: webkit.execute_script("return !!(window.vigie && vigie.ready)"),
        "rum.js to be at work",
    )


def test_views_vitals_errors_and_events_arrive(
    site: WebSite, capture: Capture, webkit: webdriver.WebKitGTK
) -> None:
    site.pages["/user/123"] = document("<h1>Start</h1><button>Go</button>")
    arrive(webkit, site.base + "/user/123")
    webkit.find_element(By.CSS_SELECTOR, "button").click()
    webkit.execute_script(
        "vigie('event', 'signed'); setTimeout(() => { null.price });"
        "history.pushState({}, '', '/user/123/edit')"
    )
    capture.wait_for_event(kind="error", name="TypeError")
    webkit.get("about:blank")
    vitals = capture.wait_for_event(kind="vitals")
    assert capture.views == ["/user/?", "/user/?/edit"]
    assert vitals["ttfb"] >= 0
    assert not {"cls"} & vitals.keys(), "what WebKitGTK does not measure is absent, not zero"
    assert capture.wait_for_event(name="signed")
    assert len({beacon.json["session"] for beacon in capture.accepted}) == 1


def test_leaving_delivers_all_there_is(
    site: WebSite, capture: Capture, webkit: webdriver.WebKitGTK
) -> None:
    site.pages |= {"/a": document("<h1>A</h1>"), "/b": document("<h1>B</h1>")}
    for path in ("/a", "/b"):
        arrive(webkit, site.base + path)
    webkit.get("about:blank")
    capture.wait(lambda came: len(came.views) == 2, "two views")
    assert capture.views == ["/a", "/b"]
