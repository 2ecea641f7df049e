"""A few recordings of the demo's last days: the mandate form as rum-replay.js would have masked it.

They are made of the demo site's own pages, so that the clicks of its people stand on something.
"""

import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader

from rum.bucket import bucket_of
from rum.records import Batch, Event, EventKind, ReplayChunk, ReplayReason
from store.journal_writer import write_segments
from store.replay_writer import REPLAYS_FOLDER, chunk_name
from vigie.demo import mandate, network
from vigie.demo.checks import to_us
from vigie.demo.clicks import SIZES
from vigie.demo.listings import ADVISERS
from vigie.demo.people import user_keys
from vigie.demo.sessions import day_batches, session_days
from vigie.demo.writing import HistoryPlan
from vigie.folders import DataFolder
from vigie.snapshot_selector import find
from vigie.snapshot_tree import Tree

WRITER = "demo-recordings"
SESSIONS_MAX = 12
RECORDED_BELOW = 1 << 30
"""Buckets below are recorded: a quarter of the sessions, about."""
_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_SKIPPED = frozenset({"script", "aside", "title"})
_SHOWN_US = 120_000
"""After a view began, the recorder takes its picture."""
_WORD = re.compile(r"\w")

Raw = dict[str, Any]


def write_recordings(folder: DataFolder, plan: HistoryPlan) -> int:
    """Write the recordings' files and their records; returns how many pieces. Raises OSError."""
    stories, keys = plan.stories, user_keys(folder.secret())
    days = session_days(stories, days=plan.session_days)[-2:]
    batches = (
        batch
        for day in days
        for batch in day_batches(stories, day, days=plan.session_days, seed=plan.seed, keys=keys)
    )
    sessions: dict[str, list[Batch]] = {}
    for batch in batches:
        page = batch.events[0].page
        if bucket_of(batch.session) < RECORDED_BELOW and page in mandate.BY_PATH:
            if batch.session not in sessions and len(sessions) == SESSIONS_MAX:
                break
            sessions.setdefault(batch.session, []).append(batch)
    pages = {path: _page(path) for path in mandate.BY_PATH}
    chunks = [
        _written(folder, batch, pages[batch.events[0].page])
        for recorded in sessions.values()
        for batch in recorded
    ]
    write_segments(folder.journal, WRITER, chunks, start_us=to_us(plan.now) - 1_000)
    return len(chunks)


def _written(folder: DataFolder, batch: Batch, document: Raw) -> ReplayChunk:
    events = list(_events(batch, document))
    packed = gzip.compress(msgspec.json.encode(events))
    start_us = batch.events[0].time_us
    chunk = ReplayChunk(
        site=batch.site,
        session=batch.session,
        load=batch.batch >> 20,
        number=0,
        day=datetime.fromtimestamp(start_us / 1e6, UTC).date(),
        bytes=len(packed),
        events=len(events),
        start_us=start_us,
        end_us=max(event.time_us for event in batch.events),
        skew_us=0,
        reason=ReplayReason.SAMPLE,
        received_us=batch.received_us,
    )
    name = chunk_name(chunk.site, chunk.day, chunk.session, chunk.load, chunk.number)
    path = folder.store / REPLAYS_FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed)
    return chunk


def _events(batch: Batch, document: Raw) -> Iterator[Raw]:
    """What rrweb records of one page load: the window, the page, the clicks, its end."""
    first = batch.events[0]
    width, height, seen = SIZES[batch.device]
    tree = Tree(document)

    def at(time_us: int, kind: int, data: Raw) -> Raw:
        return {"type": kind, "timestamp": time_us / 1000, "data": data}

    href = f"https://extranet.{network.SITE}.example{first.page}"
    yield at(first.time_us, 4, {"href": href, "width": width, "height": seen})
    page = {"node": document, "initialOffset": {"left": 0, "top": 0}}
    yield at(first.time_us + _SHOWN_US, 2, page)
    clicks = (event for event in batch.events if event.kind is EventKind.CLICK)
    for event in sorted(clicks, key=lambda event: event.time_us):
        yield from _pressed(event, tree, max(0, height - seen))
    last = max(event.time_us for event in batch.events)
    yield at(last, 5, {"tag": "vigie", "payload": {"left": True}})


def _pressed(event: Event, tree: Tree, scrollable: int) -> Iterator[Raw]:
    click = event.click
    node = find(tree.root, click.target) if click else None
    if click is None or node is None or click.page_x is None or click.page_y is None:
        return
    place = {"x": click.page_x, "y": max(0, click.page_y - scrollable), "id": node.number}
    for number in range(max(1, click.rage)):
        yield {
            "type": 3,
            "timestamp": event.time_us / 1000 + 180 * number,
            "data": {"source": 2, "type": 2, **place},
        }


def _page(path: str) -> Raw:
    """The step's page as rrweb writes it, its texts and fields masked."""
    templates = Environment(
        loader=PackageLoader("vigie.demo"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    step = mandate.BY_PATH[path]
    html = templates.get_template("step.html").render(
        adviser=ADVISERS[0],
        here="mandate",
        path=path,
        step=step,
        steps=mandate.STEPS,
        answers={field.name: field.example for field in step.fields},
        wrong={},
        refused=False,
        sabotaged=False,
        faults=(),
        fault=None,
        broken=None,
        control_path="/break-it",
    )
    styles = (Path(__file__).parent / "templates" / "site.css").read_text("utf-8")
    reader = _Reader(styles)
    reader.feed(html)
    reader.close()
    return reader.document


class _Reader(HTMLParser):
    """Reads a page of the demo, which is written tidily, into rrweb's nodes."""

    def __init__(self, styles: str) -> None:
        super().__init__()
        self._styles = styles
        self._made = 1
        kind = self._node({"type": 1, "name": "html", "publicId": "", "systemId": ""})
        self.document: Raw = {"type": 0, "id": 1, "childNodes": [kind]}
        self._open: list[Raw] = [self.document]
        self._skipping = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping:
            return
        if tag in _SKIPPED:
            self._skipping = tag
            return
        attributes = {name: value if value is not None else "" for name, value in attrs}
        if tag == "link":
            attributes = {"_cssText": self._styles} if attributes.get("rel") == "stylesheet" else {}
        for name in ("value", "placeholder", "aria-label"):
            if name in attributes and tag != "button":
                attributes[name] = _WORD.sub("*", attributes[name])
        for name in ("href", "action", "content"):
            attributes.pop(name, None)
        node = self._node({"type": 2, "tagName": tag, "attributes": attributes, "childNodes": []})
        self._open[-1]["childNodes"].append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            self._skipping = "" if tag == self._skipping else self._skipping
        elif tag == self._open[-1].get("tagName"):
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipping and len(self._open) > 1:
            text = self._node({"type": 3, "textContent": _WORD.sub("*", data)})
            self._open[-1]["childNodes"].append(text)

    def _node(self, raw: Raw) -> Raw:
        self._made += 1
        return {**raw, "id": self._made}
