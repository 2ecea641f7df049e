"""Browsers that send beacons and recordings, each again and again until it is acknowledged."""

import json
import secrets
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any

import httpx
from msgspec import Struct, field

from tests.support.beacons import beacon, view
from tests.support.recordings import body, header, packed, page_events
from tests.support.serving import ORIGIN, SITE_KEY

DAY_MS = 86_400_000.0
EVENTS = 4
BATCHES = 3
AGES_DAYS = (0, 0, 1, 2, 3)
"""Of sessions; those from two days on are of a day that is due for sealing."""
PAUSE_S = 0.1


class Taken(Struct):
    """What the collector acknowledged, and all that it may have taken."""

    batches: list[tuple[str, int]] = field(default_factory=list)
    chunks: dict[tuple[str, int, int], bytes] = field(default_factory=dict)
    """By session, load and number: the gzip bytes."""
    tried: set[tuple[str, int]] = field(default_factory=set)
    finished: list[str] = field(default_factory=list)
    """Sessions of which everything was acknowledged; nothing more of them is sent."""
    retries: int = 0


class Visitor:
    """One browser after the other, in a thread; of an address of its own."""

    def __init__(self, number: int, collector: str, stop: threading.Event) -> None:
        self.taken = Taken()
        self.error: BaseException | None = None
        self._base = collector
        self._stop = stop
        self._chance = Random(number)
        self._headers = {
            "content-type": "text/plain;charset=UTF-8",
            "origin": ORIGIN,
            "x-forwarded-for": f"203.0.{number}.9",
        }
        self.thread = threading.Thread(target=self._run, name=f"visitor {number}")

    def _run(self) -> None:
        try:
            with httpx.Client(timeout=5.0, headers=self._headers) as client:
                while not self._stop.is_set():
                    self._session(client)
        except BaseException as error:
            self.error = error
            raise

    def _session(self, client: httpx.Client) -> None:
        session, load = secrets.token_hex(16), secrets.randbits(32)
        age_ms = self._chance.choice(AGES_DAYS) * DAY_MS
        for number in range(BATCHES):
            batch = (load << 20) + number
            self.taken.tried.add((session, batch))
            if not self._deliver_batch(client, session, batch, age_ms):
                return
            self.taken.batches.append((session, batch))
            self._stop.wait(PAUSE_S)
        if self._chance.random() < 0.3 and not self._deliver_chunk(client, session, load):
            return
        self.taken.finished.append(session)

    def _deliver_batch(self, client: httpx.Client, session: str, batch: int, age_ms: float) -> bool:
        at_ms = time.time() * 1000 - age_ms
        events = [view(f"/page-{n}", at_ms=at_ms, number=n + 1) for n in range(EVENTS)]

        def content() -> dict[str, Any]:
            return beacon(SITE_KEY, session, batch, events)  # "sent" is of each try

        return self._until_taken(client, "beacon", lambda: json.dumps(content()).encode())

    def _deliver_chunk(self, client: httpx.Client, session: str, load: int) -> bool:
        recorded = page_events(f"words of {session}", time.time() * 1000 - 10_000)
        content = packed(recorded)
        first = header(recorded, site=SITE_KEY, session=session, load=load)
        self.taken.tried.add((session, load))

        def whole() -> bytes:
            return body({**first, "sent": time.time() * 1000}, content)

        if not self._until_taken(client, "replay", whole):
            return False
        self.taken.chunks[session, load, 0] = content
        return True

    def _until_taken(self, client: httpx.Client, what: str, content: Callable[[], bytes]) -> bool:
        """Whether it was acknowledged before everybody stopped."""
        while not self._stop.is_set():
            try:
                answer = client.post(f"{self._base}/rum/v1/{what}", content=content())
            except httpx.TransportError:
                self.taken.retries += 1
            else:
                if answer.status_code == 204:
                    return True
                assert answer.status_code in (429, 503), (answer.status_code, answer.text)
            self._stop.wait(PAUSE_S)
        return False
