"""rum.js and Google's web-vitals, in one page of a real Firefox, compute the same."""

import json
from pathlib import Path

import pytest

from tests.support.capture import Capture
from tests.support.firefox import Driver, FirefoxTab
from tests.support.peer import LISTINGS, PEER, SETTLED, agreed_vitals, noise_png, serve_peer
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser

PLACE = "place('hero.png?of=jane')"
DOING = {
    "a text": ([], "#text"),
    "a late picture": ([PLACE], "#hero"),
    "a slow click": (["void (busy = 180)", "#slow"], "#text"),
    "a picture after a click": (["#quick", PLACE], "#text"),
    "a click after a long task": (["void setTimeout(() => wait(300), 50)", "#field"], "#text"),
}


@pytest.mark.parametrize(("doing", "largest"), DOING.values(), ids=DOING.keys())
def test_every_value_is_web_vitals(
    site: WebSite,
    capture: Capture,
    driver: Driver,
    project_root: Path,
    tmp_path: Path,
    doing: list[str],
    largest: str,
) -> None:
    serve_peer(site, project_root)
    site.folders["/pictures/"] = tmp_path
    (tmp_path / "hero.png").write_bytes(noise_png(400, 300))
    # Asked for every change, it keeps to the first of two texts that were painted at one moment;
    # Firefox tells of both, and the larger comes last.
    last_word = PEER.replace(", {reportAllChanges: true}", "")
    site.pages["/listings"] = document(LISTINGS, head=last_word)
    tab = FirefoxTab(driver)
    tab.visit(site.base + "/listings")
    settled = f"({SETTLED})()"
    tab.evaluate(settled)
    for one in doing:
        if one.startswith("#"):
            tab.click(one)
        else:
            tab.evaluate(one)
        tab.evaluate(settled)
    tab.goto(site.base + "/end")
    theirs = json.loads(tab.evaluate("localStorage.getItem('said/listings')"))[-1]
    ours = agreed_vitals(capture, theirs, page="/listings")
    assert {"lcp", "fcp", "ttfb"} <= ours.keys()
    assert ours["attribution"]["lcp_target"] == largest
    assert ("inp" in ours) == any(one.startswith("#") for one in doing)
    tab.close()
