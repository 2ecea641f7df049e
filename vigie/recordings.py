"""A session's recording as one page that plays it by itself, or why there is none."""

import base64
import hashlib
import logging
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from rum.bucket import bucket_end, bucket_of
from store.database import Database
from store.replays import StoredChunk, replay_chunks
from vigie.settings import ReplaySettings

PAGE_BYTES_MAX = 64_000_000
"""Of the compressed pieces in one page; what is beyond is left out, and the page says so."""

log = logging.getLogger("vigie.console")


class NoRecording(StrEnum):
    """Why a session has no recording to play."""

    SITE_OFF = "site_off"
    OUTSIDE_SAMPLE = "outside_sample"
    NO_ERROR = "no_error"
    """In the sample of errors only, and nothing came."""
    NOT_RECEIVED = "not_received"
    PAST_RETENTION = "past_retention"
    """Listed, but its files are gone."""


NO_RECORDING = {
    NoRecording.SITE_OFF: (
        "This site is not recorded.",
        "To record a share of its sessions from now on, set replay.rate of the site.",
    ),
    NoRecording.OUTSIDE_SAMPLE: (
        "This session was not recorded: it is outside the site's recorded sample.",
        "replay.rate and replay.error_rate of the site say how many are.",
    ),
    NoRecording.NO_ERROR: (
        "This session was not recorded: it is of those recorded from an error on, and sent none.",
        "replay.rate of the site says how many are recorded whole.",
    ),
    NoRecording.NOT_RECEIVED: (
        "Nothing was received of this session's recording, though it is in the recorded sample.",
        "Most often who was there did not consent to it, or the snippet has no data-replay.",
    ),
    NoRecording.PAST_RETENTION: (
        "This session's recording is no longer kept.",
        "store.retention_days says for how long recordings are.",
    ),
}
"""What is the matter, and what would be right."""


class Part(Struct, frozen=True, kw_only=True):
    """One page load's pieces. `skew_ms` was added to the browser's clock."""

    start_ms: float
    end_ms: float
    skew_ms: float
    chunks: tuple[str, ...]
    """Base64 of gzip."""
    note: str


class Recording(Struct, frozen=True, kw_only=True):
    parts: tuple[Part, ...]


def find_recording(
    database: Database, site: str, replay: ReplaySettings, session: str
) -> Recording | NoRecording:
    """The recording of a session that is known. Raises OSError for a file that cannot be read."""
    listed = replay_chunks(database, site, session)
    if not listed:
        return why_none(replay, session)
    loads: dict[int, list[tuple[StoredChunk, bytes]]] = {}
    size = 0
    for chunk in listed:
        if size + chunk.bytes > PAGE_BYTES_MAX or not chunk.file.exists():
            continue
        try:
            content = chunk.file.read_bytes()
        except FileNotFoundError:  # past its term since it was listed
            continue
        size += len(content)
        loads.setdefault(chunk.load, []).append((chunk, content))
    if not loads:
        return NoRecording.PAST_RETENTION
    whole = {load: sum(chunk.load == load for chunk in listed) for load in loads}
    return Recording(parts=tuple(_part(pieces, whole[load]) for load, pieces in loads.items()))


def why_none(replay: ReplaySettings, session: str) -> NoRecording:
    """By what the settings say now of a session nothing is listed of."""
    bucket = bucket_of(session)
    if bucket < bucket_end(replay.rate):
        return NoRecording.NOT_RECEIVED
    if bucket < bucket_end(replay.error_rate):
        return NoRecording.NO_ERROR
    return NoRecording.OUTSIDE_SAMPLE if replay.rate or replay.error_rate else NoRecording.SITE_OFF


def _part(pieces: list[tuple[StoredChunk, bytes]], listed: int) -> Part:
    chunks = [chunk for chunk, _ in pieces]
    numbers = [chunk.number for chunk in chunks]
    missing = max(listed, max(numbers) - min(numbers) + 1) - len(numbers)
    pieces_missing = "1 piece is" if missing == 1 else f"{missing} pieces are"
    return Part(
        start_ms=min(chunk.start for chunk in chunks).timestamp() * 1000,
        end_ms=max(chunk.end for chunk in chunks).timestamp() * 1000,
        skew_ms=chunks[0].skew_us / 1000,
        chunks=tuple(base64.b64encode(content).decode() for _, content in pieces),
        note=f"{pieces_missing} missing: what is shown may jump." if missing else "",
    )


class RecordingPage:
    """Makes pages that play a recording and ask for nothing; in the console, and as files."""

    def __init__(self, static: Path) -> None:
        """Raises ValueError when a built file could end the element that it stands in."""
        script = (static / "replay-player.js").read_text("utf-8")
        styles = (static / "replay-player.css").read_text("utf-8")
        if "</script" in script.lower() or "</style" in styles.lower():
            raise ValueError("the player cannot stand within a page: scripts/build makes it anew")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        self.policy = "; ".join(
            (
                "default-src 'none'",
                f"script-src 'sha256-{digest}'",
                # rrweb and the pages it shows set styles everywhere; no script can come of one.
                "style-src 'unsafe-inline'",
                "img-src data:",
                "font-src data:",
                "media-src data:",
                "form-action 'none'",
                "base-uri 'none'",
            )
        )
        environment = Environment(
            loader=PackageLoader("vigie.console"), autoescape=True, undefined=StrictUndefined
        )
        self._template = environment.get_template("recording.html")
        self._built: dict[str, Any] = {
            "script": Markup(script),
            "styles": Markup(styles),
            "policy": self.policy,
        }

    def render(self, recording: Recording, session: str, first: datetime) -> str:
        # "<" cannot stand in JSON within a script element: "</script>" would end it.
        data = msgspec.json.encode(recording).decode().replace("<", "\\u003c")
        return self._template.render(
            self._built,
            data=Markup(data),
            session=session,
            first=f"{first:%Y-%m-%d %H:%M} UTC",
        )
