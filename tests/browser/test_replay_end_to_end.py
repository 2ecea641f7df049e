"""From a page in a browser to a file that plays it: every part of the way is the real one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from store.database import Database
from store.loader import Loader
from store.replays import replay_chunks
from tests.support.browsing import flush, visit
from tests.support.collecting import Collecting
from tests.support.recorded import Recorded, snippet
from tests.support.site import WebSite, document
from tests.support.waiting import wait_for
from vigie.recordings import Recording, RecordingPage, find_recording
from vigie.settings import ReplaySettings

pytestmark = pytest.mark.browser


def test_what_a_browser_recorded_plays_from_a_file(
    real_site: WebSite,
    collector: Collecting,
    context: BrowserContext,
    project_root: Path,
    tmp_path: Path,
) -> None:
    real_site.recordings = collector.proxy_replay
    body = "<h1>Secret words</h1><p data-vigie-unmask>Open words</p><button>Buy</button>"
    real_site.pages["/"] = document(body, snippet=snippet())
    page = context.new_page()
    visit(page, f"{real_site.base}/")
    Recorded().wait_for_script(page)
    page.get_by_role("button").click()
    page.evaluate("document.body.append(document.createElement('hr'))")
    flush(page)
    wait_for(collector.chunks, "a chunk to be acknowledged", seconds=30)
    assert "invalid_chunk" not in collector.refused()

    database = Database(tmp_path / "store")
    try:
        loader = Loader(database, collector.journal)
        while loader.load_once(datetime.now(UTC)).bytes:
            pass
        session = collector.chunks()[0].session
        chunks = replay_chunks(database, "test", session)
        assert all(chunk.file.stat().st_size == chunk.bytes for chunk in chunks)
        found = find_recording(database, "test", ReplaySettings(rate=1), session)
    finally:
        database.close()
    assert isinstance(found, Recording)
    file = tmp_path / "session.html"
    pages = RecordingPage(project_root / "static")
    file.write_text(pages.render(found, session, chunks[0].start), "utf-8")
    assert "Secret words" not in file.read_text("utf-8")
    player = context.new_page()
    player.goto(file.as_uri())
    shown = player.frame_locator("#stage iframe")
    expect(shown.get_by_role("button")).to_be_visible()
    expect(shown.get_by_text("Open words")).to_be_visible()
    expect(shown.get_by_role("heading")).not_to_have_text("Secret words")
