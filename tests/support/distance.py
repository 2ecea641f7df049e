"""A real collector process's application with its doors for what is elsewhere, in a thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rum.collector import create_app, now_us
from rum.limits import Limits
from rum.server import server_config
from store.journal_reader import read_frames, segments
from store.journal_writer import JournalWriter
from store.records import Record, decode
from tests.support.collector import run_server
from vigie.distant.app import distant_routes
from vigie.settings import Settings

SECRET = b"s" * 32


@dataclass
class Doors:
    """Where they are, and the journal behind them."""

    base: str
    journal: Path
    settings: list[Settings]
    """The last one holds."""
    clock_ahead_us: int = 0

    def records(self) -> list[Record]:
        return records(self.journal)


def records(journal: Path) -> list[Record]:
    """All a journal holds by now."""
    return [
        decode(frame.payload)
        for segment in segments(journal)
        for frame in read_frames(segment.path, 0, 100_000_000).frames
    ]


@contextmanager
def doors(folder: Path, settings: Settings) -> Iterator[Doors]:
    journal = folder / "journal"
    writer = JournalWriter(journal, "collector")
    opened = Doors("", journal, [settings])
    app = create_app([], Limits(), writer, SECRET, folder)
    app.router.routes.extend(
        distant_routes(
            lambda: opened.settings[-1],
            writer,
            SECRET,
            lambda: now_us() + opened.clock_ahead_us,
        )
    )
    config = server_config(app, Limits(), host="127.0.0.1", port=0, log_level="warning")
    try:
        with run_server(config) as port:
            opened.base = f"http://127.0.0.1:{port}"
            yield opened
    finally:
        writer.close()
