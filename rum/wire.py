"""The wire format of rum.js, version 1: one JSON object a beacon. Types only; intake.py judges.

    {"v":1, "site":KEY, "session":32 hex digits, "batch":load * 2^20 + n, "sent":epoch ms,
     "level"?, "user"?, "environment"?, "release"?, "segments"?:{}, "referrer"?:host, "campaign"?,
     "events":[{"kind":"view"|"vitals"|"error"|"event", "at":epoch ms, "view":n, "page":"/a/?",
                "lcp"?, "inp"?, "cls"?, "fcp"?, "ttfb"?,                  of vitals; ms but for cls
                "name"?, "message"?, "stack"?,                            of errors
                "name"?, "value"?, "currency"?, "attributes"?:{}}]}       of events

Everything but `sent` is the same at each attempt. Unknown fields are passed over.
"""

import msgspec
from msgspec import Struct

VERSION = 1

Scalar = str | int | float | bool | None


class WireEvent(Struct, gc=False):
    """One event as sent; every field has a default, so that one lack is one event's, and named."""

    kind: str = ""
    at: float | None = None
    view: int | None = None
    page: str = ""
    name: str | None = None
    message: str | None = None
    stack: str | None = None
    value: float | None = None
    currency: str | None = None
    attributes: dict[str, Scalar] | None = None
    lcp: float | None = None
    inp: float | None = None
    cls: float | None = None
    fcp: float | None = None
    ttfb: float | None = None


class WireHeader(Struct):
    """A beacon without its events."""

    site: str = ""
    session: str = ""
    batch: int = -1
    sent: float | None = None
    level: str | None = None
    user: str | int | None = None
    environment: str | None = None
    release: str | None = None
    segments: dict[str, Scalar] | None = None
    referrer: str | None = None
    campaign: str | None = None


class WireBeacon(WireHeader):
    """A beacon all of whose events have the right types."""

    v: int = 0
    events: list[WireEvent] = []


class WireLooseBeacon(WireHeader):
    """A beacon whose events are yet to be parsed, each by itself."""

    v: int = 0
    events: list[msgspec.Raw] = []


class WireVersion(Struct):
    v: int = 0


class WireKind(Struct):
    kind: str = ""


beacon_decoder = msgspec.json.Decoder(WireBeacon)
loose_decoder = msgspec.json.Decoder(WireLooseBeacon)
version_decoder = msgspec.json.Decoder(WireVersion)
event_decoder = msgspec.json.Decoder(WireEvent)
kind_decoder = msgspec.json.Decoder(WireKind)
