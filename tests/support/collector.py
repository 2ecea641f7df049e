"""A real collector: uvicorn in a thread, a journal in a folder, clients over the loopback."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from rum.collector import create_app
from rum.erased import ErasedSessions
from rum.limits import Limits
from rum.records import Batch, Refusal, ReplayChunk
from rum.server import server_config
from rum.sink import BatchSink, ReplaySink
from rum.site import Site
from store.journal_reader import read_frames, segments
from store.journal_writer import JournalWriter
from store.records import Record, decode
from store.replay_writer import ReplayWriter

SITE = Site(
    id="shop",
    key="shop-key-0123456789",
    origins=("https://shop.test", "https://*.shop.test"),
    levels=("novice", "expert"),
    pages=("/user/?/edit",),
)
ORIGIN = "https://shop.test"
SCRIPT = b"/* rum.js of the tests */"


@dataclass
class Collecting:
    """A running collector, and the journal it writes."""

    base: str
    port: int
    journal: Path

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        return httpx.post(
            f"{self.base}/rum/v1/beacon",
            content=body,
            headers={"origin": ORIGIN} | headers,
            timeout=60,
        )

    def post_replay(self, body: bytes, **headers: str) -> httpx.Response:
        return httpx.post(
            f"{self.base}/rum/v1/replay",
            content=body,
            headers={"origin": ORIGIN} | headers,
            timeout=60,
        )

    def chunks(self) -> list[ReplayChunk]:
        return [record for record in self.records() if isinstance(record, ReplayChunk)]

    def client(self) -> httpx.Client:
        return httpx.Client(timeout=30)

    def records(self) -> list[Record]:
        """All the journal holds by now."""
        return [
            decode(frame.payload)
            for segment in segments(self.journal)
            for frame in read_frames(segment.path, 0).frames
        ]

    def batches(self) -> list[Batch]:
        return [record for record in self.records() if isinstance(record, Batch)]

    def refusals(self) -> list[Refusal]:
        return [record for record in self.records() if isinstance(record, Refusal)]


@contextmanager
def run_server(config: uvicorn.Config) -> Iterator[int]:
    """A uvicorn server in a thread; its port. Ended, with its lifespan, at the block's end."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not end"


Collect = Callable[..., AbstractContextManager[Collecting]]


@contextmanager
def collecting_in(
    folder: Path,
    limits: Limits | None = None,
    sink: BatchSink | None = None,
    sites: tuple[Site, ...] = (SITE,),
    replays: ReplaySink | None = None,
    erased: ErasedSessions | None = None,
    **writer_options: Any,
) -> Iterator[Collecting]:
    """A collector with these limits and sink, by default a journal's writer in `folder`."""
    limits = limits or Limits()
    static = folder / "static"
    static.mkdir(exist_ok=True)
    (static / "rum.js").write_bytes(SCRIPT)
    journal = folder / "journal"
    writer = None if sink else JournalWriter(journal, "collector", **writer_options)
    recordings = None if writer is None else ReplayWriter(folder / "store", writer)
    app = create_app(
        sites,
        limits,
        sink or writer,  # type: ignore[arg-type]
        b"s" * 32,
        static,
        replays=replays or recordings,
        erased=erased,
    )
    config = server_config(
        app, limits, quick=app.state.beacons, host="127.0.0.1", port=0, log_level="warning"
    )
    with run_server(config) as port:
        yield Collecting(f"http://127.0.0.1:{port}", port, journal)
    if recordings is not None:
        recordings.close()
    if writer is not None:
        writer.close()


def view(page: str = "/", **more: Any) -> dict[str, Any]:
    return {"kind": "view", "at": time.time() * 1000, "view": 1, "page": page} | more


def beacon(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A beacon as rum.js makes it; `more` overrides its fields."""
    return {
        "v": 1,
        "site": SITE.key,
        "session": secrets.token_hex(16),
        "batch": secrets.randbits(32) << 20,
        "sent": time.time() * 1000,
        "events": list(events) or [view()],
    } | more


async def many(client: httpx.AsyncClient, url: str, bodies: list[bytes]) -> list[int]:
    """The statuses of many beacons sent at once."""
    answers = await asyncio.gather(
        *(client.post(url, content=body, headers={"origin": ORIGIN}) for body in bodies)
    )
    return [answer.status_code for answer in answers]
