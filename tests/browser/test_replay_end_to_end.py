"""From a page in a browser to a file that plays it: every part of the way is the real one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from analytics.question import SiteScope, Window
from analytics.reports.clicks import clicks
from analytics.reports.recorded_views import recorded_views
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
from vigie.snapshots import page_snapshot

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


def test_a_page_that_a_browser_recorded_shows_its_clicks_and_runs_nothing(
    real_site: WebSite, collector: Collecting, context: BrowserContext, tmp_path: Path
) -> None:
    real_site.recordings = collector.proxy_replay
    body = (
        '<style>#buy{background:rgb(1,2,3)}</style><h1>Secret words</h1><ul id="results">'
        '<li><button class="pick">One</button></li><li><button class="pick">Two</button></li></ul>'
        '<button id="buy" onclick="window.ran=1">Buy</button>'
    )
    real_site.pages["/"] = document(body, snippet=snippet())
    page = context.new_page()
    visit(page, f"{real_site.base}/")
    Recorded().wait_for_script(page)
    page.get_by_role("button", name="Two").click()
    page.evaluate("document.querySelector('h1').after(document.createElement('aside'))")
    flush(page)
    wait_for(collector.chunks, "a chunk to be acknowledged", seconds=30)
    collector.wait(lambda events: any(event.click for event in events), "the click")

    database = Database(tmp_path / "store")
    try:
        loader = Loader(database, collector.journal)
        while loader.load_once(datetime.now(UTC)).bytes:
            pass
        now = datetime.now(UTC)
        window = Window(now - timedelta(hours=1), now + timedelta(hours=1))
        scope = SiteScope(site="test", levels=(), sample=1.0)
        with database.snapshot() as snapshot:
            report = clicks(snapshot, scope, window, now=window.end, page="/")
            views = recorded_views(snapshot, "test", window, "/")
        made = page_snapshot(database, "test", views, report.elements)
    finally:
        database.close()
    assert made
    assert {row.target for row in report.elements} == made.found
    assert "Secret words" not in made.html
    (chosen,) = made.found
    assert chosen == "#results>li:nth-of-type(2)>button.pick"
    shown = context.new_page()
    shown.set_content(made.html)
    marked = shown.locator("[data-vigie-heat]")
    expect(marked).to_have_count(1)
    assert marked.evaluate("e => e.parentElement.parentElement.id") == "results"
    buy = shown.locator("#buy")
    assert buy.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(1, 2, 3)"
    buy.click()
    assert shown.evaluate("window.ran") is None
