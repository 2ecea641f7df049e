"""The wire format of rum.js, version 1: one JSON object a beacon. Types only; intake.py judges.

    {"v":1, "site":KEY, "session":32 hex digits, "batch":load * 2^20 + n, "sent":epoch ms,
     "storage_free"?:true, "level"?, "user"?, "environment"?, "release"?, "segments"?:{},
     "referrer"?:host, "campaign"?,
     "events":[{"kind":..., "at":epoch ms, "view":n, "page":"/a/?", and by kind:
       view      "via"?
       vitals    "lcp"?, "inp"?, "cls"?, "fcp"?, "ttfb"?, "attribution"?:{}
       error     "name"?, "message"?, "stack"?, "source"?, "attributes"?:{}
       event     "name", "value"?, "currency"?, "attributes"?:{}
       click     "target", "x"?, "y"?, "page_x"?, "page_y"?, "viewport_width"?, "document_height"?,
                 "fixed"?, "rage"?, "dead"?, "error"?
       request   "url", "status", "duration", "method"?, "wait"?, "initiator"?, "aborted"?
       frame     "duration", "blocking"?, "script"?, "script_time"?, "invoker"?
       leave     "scroll_px"?, "scroll"?, "engaged"?, "visible"?}]}

Durations are in milliseconds. Everything but `sent` is the same at each attempt; it is 0 where the
browser sent the beacon by itself, nobody knows when. Unknown fields are passed over. A storage-free
beacon's session is "": the collector makes one.
"""

import msgspec
from msgspec import Struct

VERSION = 1

Scalar = str | int | float | bool | None


class WireCommon(Struct, gc=False, tag_field="kind"):
    """What every event has. Every field has a default, so that one lack is one event's, and named.

    A struct a kind, told apart by `kind`: each holds only its own kind's fields.
    """

    at: float | None = None
    view: int | None = None
    page: str = ""


class WireView(WireCommon, gc=False, tag="view"):
    via: str | None = None


class WireAttribution(Struct, gc=False):
    """See rum.records.Attribution; durations without their unit."""

    lcp_target: str | None = None
    lcp_url: str | None = None
    lcp_load_delay: float | None = None
    lcp_load_time: float | None = None
    lcp_render_delay: float | None = None
    inp_target: str | None = None
    inp_type: str | None = None
    inp_input_delay: float | None = None
    inp_processing: float | None = None
    inp_presentation: float | None = None
    inp_script: str | None = None
    inp_script_time: float | None = None
    cls_target: str | None = None
    cls_time: float | None = None
    ttfb_waiting: float | None = None
    ttfb_dns: float | None = None
    ttfb_connect: float | None = None
    ttfb_request: float | None = None


class WireVitals(WireCommon, gc=False, tag="vitals"):
    lcp: float | None = None
    inp: float | None = None
    cls: float | None = None
    fcp: float | None = None
    ttfb: float | None = None
    attribution: WireAttribution | None = None


class WireError(WireCommon, gc=False, tag="error"):
    name: str | None = None
    message: str | None = None
    stack: str | None = None
    source: str | None = None
    attributes: dict[str, Scalar] | None = None


class WireNamed(WireCommon, gc=False, tag="event"):
    """An event of the site's own."""

    name: str | None = None
    value: float | None = None
    currency: str | None = None
    attributes: dict[str, Scalar] | None = None


class WireClick(WireCommon, gc=False, tag="click"):
    target: str | None = None
    x: float | None = None
    y: float | None = None
    page_x: float | None = None
    page_y: float | None = None
    viewport_width: float | None = None
    document_height: float | None = None
    fixed: bool | None = None
    rage: int | None = None
    dead: bool | None = None
    error: bool | None = None


class WireRequest(WireCommon, gc=False, tag="request"):
    method: str | None = None
    url: str | None = None
    status: int | None = None
    duration: float | None = None
    wait: float | None = None
    initiator: str | None = None
    aborted: bool | None = None


class WireFrame(WireCommon, gc=False, tag="frame"):
    duration: float | None = None
    blocking: float | None = None
    script: str | None = None
    script_time: float | None = None
    invoker: str | None = None


class WireLeave(WireCommon, gc=False, tag="leave"):
    scroll_px: float | None = None
    scroll: float | None = None
    engaged: float | None = None
    visible: float | None = None


WireEvent = (
    WireView | WireVitals | WireError | WireNamed | WireClick | WireRequest | WireFrame | WireLeave
)
"""One event as sent."""


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
    storage_free: bool = False


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
event_decoder: msgspec.json.Decoder[WireEvent] = msgspec.json.Decoder(WireEvent)
kind_decoder = msgspec.json.Decoder(WireKind)
