"""Chunks of recordings as a browser sends them: a page of rrweb events, gzipped behind a header."""

import gzip
import json
import secrets
import time
from typing import Any

KEY = "shop-key-0123456789"


def session_at(bucket: int) -> str:
    """A session id with this sampling bucket."""
    return secrets.token_hex(12) + f"{bucket:08x}"


def page_events(text: str, at_ms: float, seconds: int = 5) -> list[dict[str, Any]]:
    """A page that says `text`, and a click a second on its button. Ids as rrweb numbers nodes."""

    def element(number: int, tag: str, *children: dict[str, Any], **attributes: str) -> Any:
        return {
            "type": 2,
            "id": number,
            "tagName": tag,
            "attributes": attributes,
            "childNodes": list(children),
        }

    button = element(7, "button", {"type": 3, "id": 8, "textContent": "*** ****"}, id="buy")
    words = element(5, "p", {"type": 3, "id": 6, "textContent": text})
    body = element(4, "body", words, button)
    head = element(3, "head")
    page = element(2, "html", head, body)
    document = {"type": 0, "id": 1, "childNodes": [page]}
    start = {
        "type": 2,
        "timestamp": at_ms + 1,
        "data": {"node": document, "initialOffset": {"left": 0, "top": 0}},
    }
    meta = {
        "type": 4,
        "timestamp": at_ms,
        "data": {"href": "https://shop.test/", "width": 800, "height": 600},
    }
    clicks = [
        {
            "type": 3,
            "timestamp": at_ms + 1000 * second,
            "data": {"source": 2, "type": 2, "id": 7, "x": 20, "y": 60},
        }
        for second in range(1, seconds + 1)
    ]
    return [meta, start, *clicks]


def packed(events: list[dict[str, Any]], *, lines: bool = False) -> bytes:
    """Gzipped, as a JSON array or one event a line."""
    if lines:
        return gzip.compress("\n".join(map(json.dumps, events)).encode())
    return gzip.compress(json.dumps(events).encode())


def header(events: list[dict[str, Any]], /, **more: Any) -> dict[str, Any]:
    """The line before the bytes; `more` overrides its fields."""
    return {
        "v": 1,
        "site": KEY,
        "session": session_at(7),
        "load": 5,
        "number": 0,
        "start": events[0]["timestamp"] if events else time.time() * 1000,
        "end": events[-1]["timestamp"] if events else time.time() * 1000,
        "events": len(events),
        "reason": "sample",
        "sent": time.time() * 1000,
    } | more


def body(first: dict[str, Any], content: bytes) -> bytes:
    return json.dumps(first).encode() + b"\n" + content


def chunk(text: str = "words", *, lines: bool = False, **more: Any) -> bytes:
    """One chunk's whole body, recorded just now."""
    events = page_events(text, time.time() * 1000 - 10_000)
    return body(header(events, **more), packed(events, lines=lines))
