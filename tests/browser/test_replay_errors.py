"""Sessions in the second sample keep their last minute, and send it once they meet an error."""

import pytest
from playwright.sync_api import Page

from tests.support.browsing import skip_until, visit
from tests.support.recorded import FULL, META, Recorded, snippet
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser

MARK_EVERY_S = 20


def mark(page: Page, name: str) -> None:
    page.evaluate(
        "id => document.body.append(Object.assign(document.createElement('p'), {id}))", name
    )


def test_the_last_minute_before_an_error_is_sent_and_what_follows(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    page.clock.install()
    tag = snippet(replay=0, replay_errors=1)
    recording_site.pages["/"] = document("<h1>h</h1>", snippet=tag)
    recording_site.pages["/next"] = document("<h1>n</h1>", snippet=tag)
    visit(page, recording_site.base + "/")
    recorded.wait_for_script(page)
    seconds = 0
    while seconds < 240:
        mark(page, f"at-{seconds}")
        page.mouse.click(5, 5)
        page.clock.fast_forward(MARK_EVERY_S * 1000)
        seconds += MARK_EVERY_S
    assert recorded.asked == 0
    failed_at = page.evaluate("Date.now()")
    page.evaluate("vigie('error', new Error('at last'))")
    skip_until(page, lambda: recorded.notes("error"), "the note of the error")
    first = recorded.events[0]
    assert first["type"] == META
    assert recorded.events[1]["type"] == FULL
    assert 60_000 <= failed_at - first["timestamp"] <= 130_000
    assert all(f'"at-{at}"' in recorded.text for at in range(180, 240, MARK_EVERY_S))
    assert [chunk.header["number"] for chunk in recorded.chunks] == list(
        range(len(recorded.chunks))
    )
    assert {chunk.header["reason"] for chunk in recorded.chunks} == {"error"}
    mark(page, "after")
    skip_until(page, lambda: '"after"' in recorded.text, "what followed the error")
    visit(page, recording_site.base + "/next")
    recorded.wait_for_script(page)
    skip_until(page, lambda: len({chunk.header["load"] for chunk in recorded.chunks}) == 2, "next")


def test_a_session_without_an_error_sends_nothing(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    recording_site.pages["/"] = document("<h1>h</h1>", snippet=snippet(replay=0, replay_errors=1))
    visit(page, recording_site.base + "/")
    recorded.wait_for_script(page)
    mark(page, "something")
    # Its beacon leaves the page after whatever the recording had to say.
    page.goto(recording_site.base + "/?again")
    recorded.wait_for_script(page)
    assert recorded.asked == 0


def test_an_error_that_came_before_the_recorder_counts(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    early = "<script>setTimeout(() => { throw new Error('early') })</script>"
    tag = snippet(replay=0, replay_errors=1)
    recording_site.pages["/"] = document(early, snippet=tag.replace("async ", ""))
    visit(page, recording_site.base + "/")
    recorded.wait_for_script(page)
    page.goto("about:blank")
    recorded.wait(lambda came: came.of_type(FULL), "the recording")
