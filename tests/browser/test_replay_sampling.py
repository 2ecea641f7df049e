"""Who is recorded: sessions in the sample, with a consent of its own, and nobody else."""

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import flush, visit
from tests.support.recorded import Recorded, seeded_session, snippet
from tests.support.site import SNIPPET, WebSite, document

pytestmark = pytest.mark.browser

SCRIPT = "/vigie/rum-replay.js"
FIFTH = int(0.2 * 2**32)
HALF = 2**31


def open_page(site: WebSite, page: Page, tag: str) -> bool:
    """Open a page with this tag until its first beacon is away; whether it loads rum-replay.js."""
    site.pages["/"] = document("<p id=text>words</p>", snippet=tag)
    with page.expect_response(lambda answer: "/rum/v1/beacon" in answer.url):
        visit(page, site.base + "/")
        flush(page)
    # Not whether the site was asked for it: that may come after the beacon.
    return bool(page.evaluate(f"!!document.querySelector('script[src$=\"{SCRIPT}\"]')"))


@pytest.mark.parametrize(
    ("bucket", "reason"),
    [(FIFTH - 1, "sample"), (FIFTH, "error"), (HALF - 1, "error"), (HALF, None)],
)
def test_a_session_is_recorded_by_its_bucket(
    recording_site: WebSite,
    recorded: Recorded,
    context: BrowserContext,
    page: Page,
    bucket: int,
    reason: str | None,
) -> None:
    session = seeded_session(context, bucket)
    loaded = open_page(recording_site, page, snippet(replay=0.2, replay_errors=0.5))
    assert loaded == (reason is not None)
    if not reason:
        return
    recorded.wait_for_script(page)
    page.evaluate("vigie('error', new Error('failed'))")
    flush(page)
    recorded.wait(lambda came: came.chunks, "a chunk")
    for chunk in recorded.chunks:
        assert chunk.header["session"] == session
        assert chunk.header["reason"] == reason
        assert chunk.header["events"] == len(chunk.events)
        assert chunk.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "tag",
    [
        SNIPPET,
        snippet(replay=0),
        snippet(replay_consent="denied"),
        SNIPPET.replace("async", 'async data-replay="1"'),
        snippet(storage="none"),
        snippet(replay="much"),
    ],
    ids=["not turned on", "rate 0", "denied", "nobody asked", "storage-free", "nonsense"],
)
def test_without_rate_or_consent_nothing_is_loaded(
    recording_site: WebSite, recorded: Recorded, page: Page, tag: str
) -> None:
    assert not open_page(recording_site, page, tag)
    page.evaluate("vigie('error', new Error('failed'))")
    flush(page)
    assert SCRIPT not in recording_site.got
    assert recorded.asked == 0


def test_recording_begins_with_consent_and_ends_with_it(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    assert not open_page(recording_site, page, snippet(replay_consent="denied"))
    page.evaluate("vigie('replay', 'granted')")
    recorded.wait_for_script(page)
    flush(page)
    recorded.wait(lambda came: came.chunks, "the first chunk")
    page.evaluate("document.body.append(document.createElement('hr'))")
    page.evaluate("vigie('replay', 'denied')")
    page.evaluate("document.body.append(document.createElement('dl'))")
    flush(page)
    page.evaluate("vigie('replay', 'granted')")
    page.evaluate("document.body.append(document.createElement('ul'))")
    flush(page)
    recorded.wait(lambda came: '"tagName": "ul"' in came.text, "the second recording")
    # What waited when consent was withdrawn is never sent; only the new snapshot shows it.
    chunks = [str(chunk.events) for chunk in recorded.chunks]
    assert ["'hr'" in text for text in chunks] == [False, True]
    assert len(recorded.of_type(2)) == 2


def test_without_consent_to_anything_nothing_of_replay_stays(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    open_page(recording_site, page, snippet())
    recorded.wait_for_script(page)
    flush(page)
    page.wait_for_function("!!localStorage['vigie.replay']")
    page.evaluate("vigie('consent', 'denied')")
    assert page.evaluate("localStorage['vigie.replay']") is None
    page.evaluate("document.body.append(document.createElement('hr'))")
    flush(page)
    assert page.evaluate("localStorage['vigie.replay']") is None
    # By its content: a chunk of before may still have been on its way.
    page.goto(recording_site.base + "/?again")
    recorded.wait_for_script(page)
    assert '"tagName": "hr"' not in recorded.text
