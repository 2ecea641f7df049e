"""A recording plays: beside its session's timeline, and from a file; no script, no request."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, FrameLocator, expect

from rum.records import Batch, Event, EventKind, ReplayChunk, ReplayReason
from store.replay_writer import REPLAYS_FOLDER, chunk_name
from store.times import microseconds
from tests.support.console import SETTINGS, RunningConsole, running_console
from tests.support.recordings import packed, page_events, session_at
from vigie.settings import ReplaySettings

pytestmark = pytest.mark.browser

SESSION = session_at(1)
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
EVIL = "<img src=x onerror=alert(1)></script><script>document.title = 'run'</script>"
TEXT = "** masked words **"
SKEW = timedelta(hours=5)
"""By which the browser's clock was behind."""


class Elsewhere:
    """A server that recorded pages name; it counts who connects."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setblocking(False)
        self.port = self._listening.getsockname()[1]

    def asked(self) -> bool:
        try:
            self._listening.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._listening.close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    yield server
    server.close()


def recorded(
    elsewhere: Elsewhere, number: int, after_s: int
) -> tuple[list[dict[str, Any]], ReplayChunk]:
    """One page load, of five seconds, that began `after_s` into the session."""
    begun = BEGAN + timedelta(seconds=after_s)
    events = page_events(f"{TEXT} {number}", (begun - SKEW).timestamp() * 1000)
    script = {"type": 2, "id": 9, "tagName": "script", "attributes": {}, "childNodes": []}
    script["childNodes"] = [{"type": 3, "id": 10, "textContent": "document.title = 'run'"}]
    image = {"src": f"http://127.0.0.1:{elsewhere.port}/pixel.png", "onload": "alert(1)"}
    picture = {"type": 2, "id": 11, "tagName": "img", "attributes": image, "childNodes": []}
    said = {"type": 3, "id": 12, "textContent": EVIL}
    body = events[1]["data"]["node"]["childNodes"][0]["childNodes"][1]
    body["childNodes"] += [script, picture, said]
    chunk = ReplayChunk(
        site="shop",
        session=SESSION,
        load=number,
        number=0,
        day=BEGAN.date(),
        bytes=len(packed(events)),
        events=len(events),
        start_us=microseconds(begun),
        end_us=microseconds(begun + timedelta(seconds=5)),
        skew_us=SKEW // timedelta(microseconds=1),
        reason=ReplayReason.SAMPLE,
        received_us=microseconds(begun),
    )
    return events, chunk


def view(position: int, after_s: int) -> Event:
    us = microseconds(BEGAN + timedelta(seconds=after_s))
    page = f"/page-{after_s}"
    return Event(
        position=position, kind=EventKind.VIEW, time_us=us, client_us=us, view=position, page=page
    )


@pytest.fixture(scope="module")
def console(
    tmp_path_factory: pytest.TempPathFactory, elsewhere: Elsewhere
) -> Iterator[RunningConsole]:
    sites = (replace(SETTINGS.sites[0], replay=ReplaySettings(rate=0.2)), *SETTINGS.sites[1:])
    settings = replace(SETTINGS, sites=sites)
    with running_console(tmp_path_factory.mktemp("player"), settings) as running:
        chunks = []
        for number, after_s in enumerate((0, 20)):
            events, chunk = recorded(elsewhere, number, after_s)
            name = chunk_name("shop", chunk.day, SESSION, chunk.load, 0)
            path = running.folder.store / REPLAYS_FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed(events))
            chunks.append(chunk)
        end_us = microseconds(BEGAN + timedelta(seconds=30))
        lived = Batch(
            site="shop",
            session=SESSION,
            batch=1 << 20,
            received_us=end_us,
            sent_us=end_us,
            events=tuple(view(place, after_s) for place, after_s in enumerate((0, 3, 23))),
        )
        running.load([lived, *chunks])
        yield running


def replayed(player: FrameLocator) -> FrameLocator:
    """The recorded page, within rrweb's own frame."""
    return player.frame_locator("iframe")


def test_a_session_plays_beside_its_timeline_and_lines_move_it(
    chromium: Browser, console: RunningConsole, elsewhere: Elsewhere
) -> None:
    context = chromium.new_context(base_url=console.base)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(console.link())
    page.goto(f"/sessions/{SESSION}")
    player = page.frame_locator("#player")
    expect(replayed(player).get_by_text(f"{TEXT} 0")).to_be_visible()
    expect(player.get_by_role("button", pressed=True)).to_have_count(1)
    page.get_by_role("button", name="in the recording").nth(1).click()
    expect(player.locator(".rr-timeline__time").first).to_have_text("00:03")
    page.get_by_role("button", name="in the recording").nth(2).click()
    expect(replayed(player).get_by_text(f"{TEXT} 1")).to_be_visible()
    expect(player.locator(".rr-timeline__time").first).to_have_text("00:03")
    expect(page.locator("[aria-current=true]").filter(has_text="/page-23")).to_be_visible()
    assert "run" not in [frame.title() for frame in page.frames]
    assert errors == []
    assert not elsewhere.asked()
    context.close()


def test_a_session_reads_without_javascript(chromium: Browser, console: RunningConsole) -> None:
    with_script = chromium.new_context(base_url=console.base)
    with_script.new_page().goto(console.link())
    context = chromium.new_context(
        base_url=console.base, java_script_enabled=False, storage_state=with_script.storage_state()
    )
    page = context.new_page()
    page.goto("/sessions")
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_text("/page-23")).to_be_visible()
    context.close()
    with_script.close()


def test_the_file_plays_from_disk_without_any_request(
    context: BrowserContext, console: RunningConsole, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    with console.program() as program:
        answer = program.get(f"/api/v1/sessions/{SESSION}/recording")
    file = tmp_path / "session.html"
    file.write_bytes(answer.content)
    asked: list[str] = []
    context.on("requestfinished", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(file.as_uri())
    shown = page.frame_locator("#stage iframe")
    expect(shown.get_by_text(f"{TEXT} 0")).to_be_visible()
    expect(shown.get_by_text("onerror=alert")).to_be_visible()
    page.locator(".rr-controller__btns button").first.click()
    expect(page.locator(".rr-timeline__time").first).not_to_have_text("00:00", timeout=20_000)
    page.get_by_role("button", name="5 s").nth(1).click()
    expect(shown.get_by_text(f"{TEXT} 1")).to_be_visible()
    assert page.title().startswith("Recording of session")
    assert [url for url in asked if not url.startswith(("data:", "about:", "blob:"))] == [
        file.as_uri()
    ]
    assert not elsewhere.asked()
