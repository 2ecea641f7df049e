"""Beacons as rum.js sends them, and clients that retry as it does."""

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx


def beacon(
    key: str, session: str, batch: int, events: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    return {
        "v": 1,
        "site": key,
        "session": session,
        "batch": batch,
        "sent": time.time() * 1000,
        "events": events,
        **more,
    }


def view(page: str, *, at_ms: float | None = None, number: int = 1) -> dict[str, Any]:
    return {"kind": "view", "at": at_ms or time.time() * 1000, "view": number, "page": page}


def post(client: httpx.Client, base: str, body: dict[str, Any], origin: str) -> httpx.Response:
    return client.post(
        f"{base}/rum/v1/beacon",
        content=json.dumps(body),
        headers={"content-type": "text/plain;charset=UTF-8", "origin": origin},
    )


@dataclass
class RetryingClient:
    """Sends numbered batches, each again and again until it is acknowledged, in one thread."""

    base: str
    key: str
    origin: str
    stop: threading.Event
    acknowledged: list[tuple[str, int, int]] = field(default_factory=list)
    """(session, batch, events) of every 204."""
    attempts: int = 0
    retries: int = 0

    def run(self) -> None:
        with httpx.Client(timeout=5.0) as client:
            while not self.stop.is_set():
                session = secrets.token_hex(16)
                load = secrets.randbits(32) << 20
                for number in range(3):
                    events = [view(f"/page-{i}", number=i + 1) for i in range(4)]
                    if self._deliver(client, beacon(self.key, session, load + number, events)):
                        self.acknowledged.append((session, load + number, len(events)))

    def _deliver(self, client: httpx.Client, body: dict[str, Any]) -> bool:
        while not self.stop.is_set():
            self.attempts += 1
            body["sent"] = time.time() * 1000
            try:
                answer = post(client, self.base, body, self.origin)
            except httpx.TransportError:
                self.retries += 1
                time.sleep(0.05)
                continue
            if answer.status_code == 204:
                return True
            assert answer.status_code in (429, 503), (answer.status_code, answer.text)
            self.retries += 1
            time.sleep(0.05)
        return False
