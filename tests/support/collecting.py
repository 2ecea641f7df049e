"""The real collector with the real journal, run in a thread, and what it wrote down."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from rum.collector import create_app
from rum.limits import Limits
from rum.records import Batch, Event, ReplayChunk
from rum.server import server_config
from rum.site import Site
from store.journal_reader import read_frames, segments
from store.journal_writer import JournalWriter
from store.records import Record, decode
from store.replay_writer import ReplayWriter
from tests.support.ports import free_port
from tests.support.site import KEY, Answer
from tests.support.waiting import wait_for

FORWARDED = ("origin", "content-type", "user-agent", "sec-fetch-site", "referer")


@dataclass(frozen=True)
class Collecting:
    """A running collector: its address, and a way to read its journal."""

    base: str
    journal: Path

    def records(self) -> list[Record]:
        """Everything in the journal, in the order of writing."""
        return [
            decode(frame.payload)
            for segment in segments(self.journal)
            for frame in read_frames(segment.path, 0).frames
        ]

    def batches(self) -> list[Batch]:
        return [record for record in self.records() if isinstance(record, Batch)]

    def refused(self) -> dict[str, int]:
        """How many were refused so far, by reason."""
        metrics = httpx.get(f"{self.base}/metrics", timeout=60).text
        counts = re.findall(r'^vigie_collector_refused_total{reason="(\w+)"} (\d+)$', metrics, re.M)
        return {reason: int(count) for reason, count in counts if count != "0"}

    def events(self) -> list[Event]:
        """The events of all batches, by time, batch and position."""
        return _events_of(self.batches())

    def pages_viewed(self) -> list[str]:
        return [event.page for event in self.events() if event.kind == "view"]

    def wait(self, condition: Callable[[list[Event]], bool], what: str) -> list[Event]:
        """The events, once `condition` holds of them and none before them is on its way.

        What a page sends as it is left comes in any order.
        """

        def come() -> tuple[list[Event]] | None:
            batches = self.batches()
            events = _events_of(batches)
            return (events,) if _without_holes(batches) and condition(events) else None

        try:
            return wait_for(come, what, seconds=30)[0]
        except AssertionError as missing:
            raise AssertionError(f"{missing}; came: {self.events()}") from missing

    def chunks(self) -> list[ReplayChunk]:
        return [record for record in self.records() if isinstance(record, ReplayChunk)]

    def proxy(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Pass a beacon on, as the site's own web server does for /vigie/; 502 when it cannot."""
        return self._pass("/rum/v1/beacon", body, headers)

    def proxy_replay(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The same with a chunk of a recording."""
        return self._pass("/rum/v1/replay", body, headers)

    def _pass(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        passed = {name: headers[name] for name in FORWARDED if name in headers}
        url = f"{self.base}{path}"
        try:
            answer = httpx.post(url, content=body, headers=passed, timeout=60)
        except httpx.TransportError:
            return Answer(502)
        kept = {name: answer.headers[name] for name in ("retry-after",) if name in answer.headers}
        return Answer(answer.status_code, kept, answer.content)


def _events_of(batches: list[Batch]) -> list[Event]:
    placed = [
        (event.time_us, batch.batch, event.position, event)
        for batch in batches
        for event in batch.events
    ]
    return [event for *_, event in sorted(placed, key=lambda one: one[:3])]


def _without_holes(batches: list[Batch]) -> bool:
    """Whether of each page load all came that it had numbered before the last of them."""
    loads: dict[int, set[int]] = {}
    for batch in batches:
        loads.setdefault(batch.batch >> 20, set()).add(batch.batch % 2**20)
    return all(len(numbers) == max(numbers) + 1 for numbers in loads.values())


@contextmanager
def collecting(
    folder: Path,
    static: Path,
    *,
    levels: tuple[str, ...] = ("novice", "confirmed", "expert"),
    limits: Limits | None = None,
) -> Iterator[Collecting]:
    """A collector for one site that takes any origin, until the end of the block."""
    journal = JournalWriter(folder / "journal", "collector")
    replays = ReplayWriter(folder / "store", journal)
    site = Site(id="test", key=KEY, origins=("*",), levels=levels, replay_rate=1.0)
    limits = limits or Limits()
    app = create_app([site], limits, journal, b"s" * 32, static, replays=replays)
    port = free_port()
    server = uvicorn.Server(
        server_config(
            app, limits, quick=app.state.beacons, host="127.0.0.1", port=port, log_level="warning"
        )
    )
    thread = threading.Thread(target=server.run, name="collector")
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive(), "the collector to start")
        yield Collecting(f"http://127.0.0.1:{port}", folder / "journal")
    finally:
        server.should_exit = True
        thread.join(30)
        replays.close()
        journal.close()
