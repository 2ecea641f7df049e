"""What the collector writes down: batches of accepted events, and what was refused and why."""

from enum import StrEnum

from msgspec import Struct, field


class EventKind(StrEnum):
    VIEW = "view"
    """A page view began."""
    VITALS = "vitals"
    """Web vitals of a view, as known so far; a later one of the same view replaces them."""
    ERROR = "error"
    EVENT = "event"
    """A named event of the site's own: "mandate_signed"."""


class Event(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One accepted event. `position` is its place in the batch as sent, refused ones counted.

    `time_us` is the corrected time, `client_us` what the browser's clock said; both microseconds
    since the epoch. `view` numbers the views of one page load. `page` is the page's template
    ("/listings/?") or the name the site gave it. The vitals are None where not measured.
    """

    position: int
    kind: EventKind
    time_us: int
    client_us: int
    view: int
    page: str
    path: str = ""
    name: str = ""
    """The event's name, or the error's type."""
    message: str = ""
    stack: str = ""
    value: float | None = None
    currency: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    lcp_ms: float | None = None
    inp_ms: float | None = None
    cls: float | None = None
    fcp_ms: float | None = None
    ttfb_ms: float | None = None


class Batch(Struct, frozen=True, kw_only=True, array_like=True, tag="batch", gc=False):
    """The accepted events of one beacon. Its identity is (session, batch).

    `session` is 32 lower-case hex digits. `batch` is page load x 2^20 + number, the page load
    being 32 random bits, so that tabs sharing a session never share a number. `level` is what the
    site declared ("" while undeclared), `user` a keyed hash, never what the site sent.
    """

    site: str
    session: str
    batch: int
    received_us: int
    sent_us: int
    events: tuple[Event, ...]
    level: str = ""
    user: str = ""
    environment: str = ""
    release: str = ""
    device: str = ""
    """desktop, phone, tablet, or "" when it cannot be told."""
    browser: str = ""
    os: str = ""
    country: str = ""
    campaign: str = ""
    referrer: str = ""
    """The referrer's host."""
    bot: bool = False
    segments: dict[str, str] = field(default_factory=dict)
    generated: bool = False


class Reason(StrEnum):
    """Why something was refused. Each has its line in the console, Data > refused."""

    BODY_TOO_LARGE = "body_too_large"
    BODY_TOO_SLOW = "body_too_slow"
    MALFORMED = "malformed"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNKNOWN_SITE = "unknown_site"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    INVALID_SESSION = "invalid_session"
    INVALID_BATCH = "invalid_batch"
    TOO_MANY_EVENTS = "too_many_events"
    UNKNOWN_KIND = "unknown_kind"
    INVALID_EVENT = "invalid_event"
    TOO_OLD = "too_old"
    UNKNOWN_LEVEL = "unknown_level"
    """Not one of the site's levels; the batch is kept, without one."""
    TOO_MANY_ATTRIBUTES = "too_many_attributes"
    """The event is kept, without those over the limit."""


class Refusal(Struct, frozen=True, kw_only=True, array_like=True, tag="refusal"):
    """`count` events or beacons refused for one reason.

    `site` is "" when it could not be told. `part` is the start of what was refused, capped and
    masked; "" when only counted.
    """

    received_us: int
    reason: Reason
    site: str = ""
    count: int = 1
    detail: str = ""
    part: str = ""
    origin: str = ""
