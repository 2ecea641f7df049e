"""When a recording ends, pauses, or leaves something out; and that it says so."""

import json
import time

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import flush, skip_until, visit
from tests.support.recorded import FULL, Recorded, seeded_session, snippet
from tests.support.site import Answer, WebSite, document

pytestmark = pytest.mark.browser

APPEND = "id => document.body.append(Object.assign(document.createElement('p'), {id}))"
SLOW = """<div data-vigie-block id="slow"></div><script>
  document.querySelector('#slow').getBoundingClientRect = () => {
      for (const until = performance.now() + 550; performance.now() < until;);
      return new DOMRect();
  };
</script>"""
MAD = """async () => {
    const node = document.querySelector('#mad');
    for (let times = 0; times <= 300; times++) {
        node.className = 'times-' + times;
        node.firstChild.data = 'x'.repeat(times + 1);
        await null;
    }
}"""


def begin(site: WebSite, page: Page, recorded: Recorded, body: str = "<h1>h</h1>") -> None:
    site.pages["/"] = document(body, snippet=snippet())
    visit(page, site.base + "/")
    recorded.wait_for_script(page)


def stopped(recorded: Recorded) -> list[str]:
    return [note["why"] for note in recorded.notes("stopped")]


def test_after_five_idle_minutes_it_pauses_until_somebody_is_there(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    page.clock.install()
    begin(recording_site, page, recorded)
    skip_until(page, lambda: recorded.notes("paused"), "the pause", step_ms=5_000)
    page.evaluate(APPEND, "while-idle")
    page.clock.fast_forward(30_000)
    assert len(recorded.of_type(FULL)) == 1
    page.mouse.move(50, 50)
    page.mouse.move(60, 60)
    skip_until(page, lambda: len(recorded.of_type(FULL)) == 2, "a snapshot anew")
    changes = [event for event in recorded.events if event["type"] != FULL]
    assert "while-idle" not in str(changes)
    assert "while-idle" in str(recorded.of_type(FULL)[1])


@pytest.mark.parametrize(
    ("began_s_ago", "bytes_before", "why"), [(10, 7_999_999, "size"), (3540, 1000, "time")]
)
def test_a_session_has_so_much_to_record_and_no_more(
    recording_site: WebSite,
    recorded: Recorded,
    context: BrowserContext,
    page: Page,
    began_s_ago: int,
    bytes_before: int,
    why: str,
) -> None:
    session = seeded_session(context, 7)
    began = int((time.time() - began_s_ago) * 1000)
    context.add_init_script(f"localStorage['vigie.replay'] ||= '{session}.{began}.{bytes_before}.'")
    page.clock.install()
    begin(recording_site, page, recorded)
    skip_until(page, lambda: stopped(recorded) == [why], "its end")
    asked = recorded.asked
    page.evaluate(APPEND, "afterwards")
    page.clock.fast_forward(20_000)
    visit(page, recording_site.base + "/")
    recorded.wait_for_script(page)
    page.clock.fast_forward(20_000)
    assert recorded.asked == asked
    assert "afterwards" not in recorded.text


def test_it_ends_where_a_snapshot_takes_more_than_half_a_second(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    begin(recording_site, page, recorded, SLOW)
    recorded.wait(lambda came: stopped(came) == ["slow"], "its end")
    asked = recorded.asked
    visit(page, recording_site.base + "/")
    recorded.wait_for_script(page)
    flush(page)
    assert recorded.asked == asked


@pytest.mark.parametrize("status", [400, 403, 413])
def test_a_refusal_ends_it_for_good(
    recording_site: WebSite, recorded: Recorded, page: Page, status: int
) -> None:
    recorded.answers = [Answer(status)]
    with page.expect_response(lambda answer: answer.status == status):
        begin(recording_site, page, recorded)
        flush(page)
    page.wait_for_function("localStorage['vigie.replay'].endsWith('o')")
    page.evaluate(APPEND, "afterwards")
    flush(page)
    visit(page, recording_site.base + "/")
    recorded.wait_for_script(page)
    flush(page)
    assert recorded.asked == 1


def test_a_failure_is_tried_again_with_the_same_chunk_and_not_for_ever(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    page.clock.install()
    recorded.answers = [Answer(503), Answer(503, {"retry-after": "5"})]
    begin(recording_site, page, recorded)
    skip_until(page, lambda: len(recorded.chunks) > 0, "the chunk")
    assert recorded.asked >= 3
    assert recorded.chunks[0].header["number"] == 0
    before = recorded.asked
    recorded.answers = [Answer(503)] * 30
    page.evaluate(APPEND, "unsendable")
    skip_until(page, lambda: recorded.asked >= before + 5, "five tries")
    for _ in range(40):
        page.clock.fast_forward(5000)
    assert recorded.asked == before + 5


def test_a_node_that_changes_like_mad_is_written_down_now_and_then(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    begin(recording_site, page, recorded, "<p id=mad>x</p><p id=calm>x</p>")
    page.evaluate(MAD)
    page.evaluate("document.querySelector('#calm').className = 'still-told'")
    flush(page)
    recorded.wait(lambda came: "still-told" in came.text, "the calm node's change")
    (note,) = recorded.notes("throttled")
    assert note["changes"] > 300
    assert len(note["nodes"]) >= 1
    told = [
        one["attributes"]["class"]
        for event in recorded.events
        for one in event["data"].get("attributes", [])
        if str(one["attributes"].get("class", "")).startswith("times-")
    ]
    assert len(told) < 150
    assert told[-1] == "times-300"
    assert json.dumps("x" * 301) in recorded.text


def test_a_page_too_large_for_a_chunk_is_not_recorded(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    noise = """<script>
      const digits = crypto.getRandomValues(new Uint8Array(60000));
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      svg.setAttribute('d', Array.from(digits, (d, i) => d * 1e7 + i * 7919 % 1e7).join(' '));
      document.documentElement.append(svg);
    </script>"""
    begin(recording_site, page, recorded, noise)
    flush(page)
    recorded.wait(lambda came: stopped(came) == ["size"], "its end")
    assert all(chunk.compressed_bytes <= 200_000 for chunk in recorded.chunks)
