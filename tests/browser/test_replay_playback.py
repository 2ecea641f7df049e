"""What was recorded plays: a player shows the page as it was, with its secrets masked."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from rum.records import ReplayChunk
from store.replay_writer import chunk_name
from tests.support.browsing import flush, visit
from tests.support.collecting import Collecting, collecting
from tests.support.recorded import Recorded, snippet
from tests.support.site import KEY, WebSite, document
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

BODY = """
  <h1>Mandate of Jane</h1><p class="lead">Signed <b>today</b> by 3 people</p>
  <ul data-vigie-unmask><li>First</li><li>Second</li></ul>
  <form><input id="name" placeholder="Your name"><textarea id="more"></textarea>
    <select id="kind"><option>Sale</option><option>Rental</option></select></form>
  <svg viewBox="0 0 10 10" width="20"><circle cx="5" cy="5" r="4"/><text>9</text></svg>
  <img src="/photo.png" width="40" height="30"><my-part></my-part><div id="later"></div>
"""
STYLE = """<style>
  .lead { margin: 7px } .lead::before { content: 'Note'; } b { color: rgb(1, 2, 3) }
</style>"""
CHANGE = """() => {
    const list = document.querySelector('ul');
    list.append(Object.assign(document.createElement('li'), {textContent: 'Third'}));
    list.prepend(list.lastChild);
    document.querySelector('#later').innerHTML = '<table><tr><td>1</td><td>2</td></tr></table>';
    document.querySelector('.lead').firstChild.data = 'Withdrawn ';
    document.querySelector('h1').remove();
    document.querySelector('my-part').attachShadow({mode: 'open'}).innerHTML = '<em>within</em>';
    document.querySelector('style').sheet.insertRule('.lead { padding: 3px }');
}"""
# The elements, classes and texts of a body: x for each character that may not be seen.
SHAPE = """([frame, hide]) => {
    const page = frame ? document.querySelector(frame).contentDocument : document;
    const walk = (node, shown) => {
        if (node.nodeType === 3) {
            const text = hide && !shown ? node.data.replace(/[^\\s]/g, 'x') : node.data;
            return text.trim();
        }
        if (node.nodeType !== 1 || /^(SCRIPT|NOSCRIPT)$/.test(node.tagName)) return '';
        const seen = shown || node.hasAttribute('data-vigie-unmask');
        const inside = [...node.childNodes, ...(node.shadowRoot?.childNodes || [])];
        const field = /INPUT|TEXTAREA/.test(node.tagName);
        const value = field && node.value ? '=' + (hide ? '•••' : node.value) : '';
        // The player marks what the pointer is over.
        const names = String(node.className.baseVal ?? node.className).replace(/ ?:hover/, '');
        const within = field ? '' : inside.map(one => walk(one, seen)).join('');
        return `<${node.tagName}.${names}${value}>${within}</>`;
    };
    const lead = page.querySelector('.lead'), look = page.defaultView.getComputedStyle(lead);
    const before = page.defaultView.getComputedStyle(lead, '::before').content;
    return [walk(page.body, false), look.marginTop, look.paddingTop, before];
}"""
PLAY = """async events => {
    const root = document.querySelector('#player');
    window.player = new rrweb.Replayer(events, {root, mouseTail: false, showWarning: false});
    const {totalTime} = player.getMetaData();
    player.pause(totalTime + 1000);
}"""


@pytest.fixture
def play(recording_site: WebSite, page: Page, project_root: Path) -> Callable[[list[object]], Page]:
    """Opens a page in which a player has played these events to their end."""

    def plays(events: list[object]) -> Page:
        umd = project_root / "node_modules" / "@rrweb" / "replay" / "umd"
        recording_site.folders["/umd"] = umd
        player = '<div id="player"></div><script src="/umd/replay.min.js"></script>'
        recording_site.pages["/player"] = document(player, snippet="")
        page.goto(recording_site.base + "/player")
        page.evaluate("window.rrweb ||= window.rrwebReplay")
        page.evaluate(PLAY, events)
        return page

    return plays


def live(page: Page) -> list[str]:
    """Fill in and change the page; how it looks then, masked."""
    page.fill("#name", "Jane")
    page.fill("#more", "something long\nover lines")
    page.select_option("#kind", "Rental")
    page.evaluate(CHANGE)
    page.mouse.move(30, 30)
    shape: list[str] = page.evaluate(SHAPE, [None, True])
    return shape


def test_a_player_shows_the_page_as_it_was_but_masked(
    recording_site: WebSite,
    recorded: Recorded,
    page: Page,
    play: Callable[[list[object]], Page],
) -> None:
    recording_site.pages["/"] = document(BODY, head=STYLE, snippet=snippet())
    visit(page, recording_site.base + "/")
    recorded.wait_for_script(page)
    flush(page)
    lived, margin, padding, before = live(page)
    page.evaluate("document.body.id = 'last-of-all'")
    page.goto("about:blank")
    recorded.wait(
        lambda came: (
            "last-of-all" in came.text
            and {chunk.header["number"] for chunk in came.chunks} == set(range(len(came.chunks)))
        ),
        "all chunks, in any order",
    )
    player = play(list(recorded.events))
    shown = player.evaluate(SHAPE, ["#player iframe", False])
    assert shown[0] == lived
    assert shown[1:3] == [margin, padding] == ["7px", "3px"]
    assert (before, shown[3]) == ('"Note"', '"xxxx"')


@pytest.fixture
def recording_collector(tmp_path: Path, project_root: Path) -> Iterator[Collecting]:
    with collecting(tmp_path, project_root / "static") as running:
        yield running


def test_from_a_browser_through_the_real_collector_into_files(
    site: WebSite, recording_collector: Collecting, page: Page, tmp_path: Path
) -> None:
    site.recordings = recording_collector.proxy_replay
    site.pages["/"] = document(BODY, head=STYLE, snippet=snippet())
    visit(page, site.base + "/")
    Recorded().wait_for_script(page)
    session = page.evaluate("localStorage['vigie.session']").partition(".")[0]
    live(page)
    page.goto("about:blank")

    def chunks() -> list[ReplayChunk]:
        records = recording_collector.records()
        return [record for record in records if isinstance(record, ReplayChunk)]

    def files() -> list[str]:
        folder = tmp_path / "store" / "replays"
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.gz"))

    def files_of_chunks() -> list[str]:
        return sorted(chunk_name(c.site, c.day, c.session, c.load, c.number) for c in chunks())

    # A page that is left may send more than one, and the file of each is there before its record.
    wait_for(
        lambda: any(chunk.number == 0 for chunk in chunks()) and files() == files_of_chunks(),
        "as many files as chunks in the journal, the first among them",
        seconds=30,
    )
    assert {chunk.session for chunk in chunks()} == {session}
    assert recording_collector.refused() == {}
    first = tmp_path / "store" / "replays" / files()[0]
    lines = gzip.decompress(first.read_bytes()).decode().splitlines()
    assert [json.loads(line)["type"] for line in lines][:2] == [4, 2]
    assert KEY not in "".join(lines)
