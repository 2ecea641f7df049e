"""A masked picture of a page for its clicks: out of a recording that shows it."""

import gzip
import json
import logging
import zlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any

from msgspec import Struct

from analytics.reports.clicks_types import ClickedElement
from analytics.reports.recorded_views import RecordedView
from store.database import Database
from store.replays import StoredChunk, replay_chunks
from vigie.snapshot_page import Mark, page_html
from vigie.snapshot_selector import find
from vigie.snapshot_tree import page_at

SETTLED = timedelta(seconds=5)
"""After a view began: by then a page shows what it is."""
BYTES_MAX = 24_000_000
"""Of one page load's recording, inflated."""
HTML_CHARS_MAX = 2_000_000

log = logging.getLogger("vigie.console")


class PageSnapshot(Struct, frozen=True):
    """The page as HTML, the width of its window (0: not told), and the selectors found on it."""

    html: str
    width: int
    found: frozenset[str]


def page_snapshot(
    database: Database,
    site: str,
    views: Sequence[RecordedView],
    elements: Sequence[ClickedElement],
) -> PageSnapshot | None:
    """Of the first of the views that a page can be made of; None when of none."""
    for view in views:
        listed = replay_chunks(database, site, view.session)
        chunks = [chunk for chunk in listed if chunk.load == view.load]
        if not chunks:
            continue
        until = min(view.start + SETTLED, view.until or view.start + SETTLED)
        until_ms = until.timestamp() * 1000 - chunks[0].skew_us / 1000
        try:
            page = page_at(_events(chunks), until_ms)
        except (OSError, ValueError, EOFError, zlib.error, RecursionError) as error:
            log.info("no picture of a page from session %s: %s", view.session, error)
            continue
        if page is None:
            continue
        tree, width = page
        nodes = {row.target: find(tree.root, row.target) for row in elements}
        marks = {
            node.number: _mark(row)
            for row in reversed(elements)
            if (node := nodes[row.target]) is not None
        }
        found = frozenset(target for target, node in nodes.items() if node is not None)
        html = page_html(tree, marks)
        if len(html) <= HTML_CHARS_MAX:
            return PageSnapshot(html, width, found)
    return None


def _mark(row: ClickedElement) -> Mark:
    share = row.share.value
    trouble = row.rage + row.dead + row.error
    words = f"{row.clicks:,}" if share is None else f"{share * 100:.0f} %"
    if trouble * 4 >= row.clicks:  # much of it in vain
        signs = ((row.rage, "rage"), (row.dead, "dead"), (row.error, "error"))
        said = ", ".join(f"{count:,} {name}" for count, name in signs if count)
        return Mark(f"{words} · {said}", "bad")
    return Mark(words, "1" if (share or 0) < 0.2 else "2" if (share or 0) < 0.5 else "3")


def _events(chunks: Sequence[StoredChunk]) -> Iterator[dict[str, Any]]:
    """The load's events in order. Raises ValueError for what is no recording or too long."""
    events: list[dict[str, Any]] = []
    left = BYTES_MAX
    for chunk in chunks:
        if not chunk.file.exists():
            continue
        with gzip.open(BytesIO(chunk.file.read_bytes())) as inflated:
            content = inflated.read(left + 1)
        left -= len(content)
        if left < 0:
            raise ValueError("its recording is too long")
        events += _parsed(content)
    whole = [
        each
        for each in events
        if isinstance(each, dict) and isinstance(each.get("timestamp"), int | float)
    ]
    return iter(sorted(whole, key=lambda each: each["timestamp"]))


def _parsed(content: bytes) -> list[Any]:
    """An array of events, or one a line."""
    text = content.decode("utf-8", "replace").strip()
    if text.startswith("["):
        found = json.loads(text)
        return found if isinstance(found, list) else []
    return [json.loads(line) for line in text.splitlines() if line.strip()]
