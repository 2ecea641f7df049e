"""Chunks of recordings as they come from a browser, kept and taken apart."""

import gzip
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.support.site import SNIPPET, Answer

DEADLINE_S = 30.0
FULL, INCREMENTAL, META, CUSTOM = 2, 3, 4, 5
MUTATION, MOUSE, INPUT = 0, 2, 5


RECORDING = "!!document.querySelector('script[src$=\"rum-replay.js\"]')?.vigie?.changed"
"""True in a page once rum-replay.js is at work."""


@dataclass(frozen=True)
class Chunk:
    """One request: its header, its events, and its bytes as they came."""

    header: dict[str, Any]
    events: list[dict[str, Any]]
    headers: Mapping[str, str]
    compressed_bytes: int

    @property
    def identity(self) -> tuple[str, int, int]:
        return self.header["session"], self.header["load"], self.header["number"]


@dataclass
class Recorded:
    """A collector of chunks: answers the next of `answers`, then 204, and keeps what it accepts."""

    answers: list[Answer] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    asked: int = 0
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        first, _, packed = body.partition(b"\n")
        with self._arrived:
            self.asked += 1
            answer = self.answers.pop(0) if self.answers else Answer(204)
            if answer.status == 204:
                lines = gzip.decompress(packed).decode().splitlines()
                events = [json.loads(line) for line in lines]
                self.chunks.append(Chunk(json.loads(first), events, headers, len(packed)))
            self._arrived.notify_all()
        return answer

    def wait_for_script(self, page: Page) -> None:
        """Wait until the page is being recorded."""
        page.wait_for_function(RECORDING)

    def wait(self, condition: Callable[["Recorded"], object], what: str) -> None:
        """Wait until `condition` holds of what has come; AssertionError at the deadline."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: bool(condition(self)), DEADLINE_S):
                came = [(chunk.header, self.kinds(chunk.events)) for chunk in self.chunks]
                raise AssertionError(f"waited in vain for {what}; asked {self.asked}, came: {came}")

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events, in the order in which a player is given them."""
        chunks = {chunk.identity: chunk for chunk in self.chunks}
        ordered = sorted(chunks.values(), key=lambda chunk: chunk.header["start"])
        return [event for chunk in ordered for event in chunk.events]

    @property
    def text(self) -> str:
        """All that came, as JSON."""
        return json.dumps(
            [[chunk.header, chunk.events] for chunk in self.chunks], ensure_ascii=False
        )

    def notes(self, what: str) -> list[dict[str, Any]]:
        """What the script itself wrote into the recordings under this name."""
        return [
            event["data"]["payload"]
            for event in self.events
            if event["type"] == CUSTOM and event["data"]["tag"] == f"vigie.{what}"
        ]

    def of_type(self, kind: int) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @staticmethod
    def kinds(events: list[dict[str, Any]]) -> str:
        return " ".join(
            str(event["data"].get("tag") or event["data"].get("source", f"type {event['type']}"))
            for event in events
        )


def snippet(**settings: object) -> str:
    """The script's tag with replay turned on, for all sessions if nothing else is said."""
    told = {"replay": 1, "replay_consent": "granted"} | settings
    data = " ".join(f'data-{name.replace("_", "-")}="{value}"' for name, value in told.items())
    return SNIPPET.replace("async", f"async {data}")


def seeded_session(context: BrowserContext, bucket: int) -> str:
    """Begin a session with this sampling bucket in every page of `context`, and give its id."""
    session = secrets.token_hex(12) + f"{bucket:08x}"
    context.add_init_script(
        "if (window === top && location.protocol !== 'about:' && !localStorage['vigie.session'])"
        f" localStorage['vigie.session'] = `{session}.${{Date.now()}}.${{Date.now()}}`"
    )
    return session
