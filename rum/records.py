"""What the collector writes down: batches of accepted events, and what was refused and why."""

from datetime import date
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
    CLICK = "click"
    REQUEST = "request"
    """A fetch or XMLHttpRequest of the page's."""
    FRAME = "frame"
    """A long animation frame; a long task in browsers that report none."""
    LEAVE = "leave"
    """How a view was used, as known so far; a later one of the same view replaces it."""


class Via(StrEnum):
    """How a view came about."""

    LOAD = "load"
    RELOAD = "reload"
    BACK_FORWARD = "back_forward"
    PRERENDER = "prerender"
    RESTORED = "restored"
    """From the browser's back/forward cache."""
    ROUTE = "route"
    """Within a single-page application."""
    NAMED = "named"
    """The page was given a name, by vigie('page', name)."""


class Source(StrEnum):
    """Where an error came from."""

    ERROR = "error"
    """It reached the window."""
    REJECTION = "rejection"
    """A promise rejected, and nobody was there to see it."""
    REPORTED = "reported"
    """The site reported it, by vigie('error', error)."""
    SCRIPT = "script"
    """rum.js itself failed."""


class Attribution(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What a view's vitals came from. Targets are selectors; addresses are templates, with their
    host where it is not the page's. What is not known is "" or None."""

    lcp_target: str = ""
    lcp_url: str = ""
    lcp_load_delay_ms: float | None = None
    lcp_load_time_ms: float | None = None
    lcp_render_delay_ms: float | None = None
    inp_target: str = ""
    inp_type: str = ""
    """Of the interaction: "pointerup"."""
    inp_input_delay_ms: float | None = None
    inp_processing_ms: float | None = None
    inp_presentation_ms: float | None = None
    inp_script: str = ""
    inp_script_time_ms: float | None = None
    cls_target: str = ""
    cls_time_ms: float | None = None
    """When the largest shift came, from the view's beginning."""
    ttfb_waiting_ms: float | None = None
    ttfb_dns_ms: float | None = None
    ttfb_connect_ms: float | None = None
    ttfb_request_ms: float | None = None


class Click(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """`x` and `y` are shares (0..1) of the target's width and height; `page_x` and `page_y` pixels
    from the document's corner; `viewport_width` and `document_height` pixels.

    `rage` is the number of clicks of the burst that this one ended, else 0. `dead`: nothing came of
    it. `error`: an error came while it was at work.
    """

    target: str
    x: float | None = None
    y: float | None = None
    page_x: int | None = None
    page_y: int | None = None
    viewport_width: int | None = None
    document_height: int | None = None
    fixed: bool = False
    """The target does not scroll with the page."""
    rage: int = 0
    dead: bool = False
    error: bool = False


class PageRequest(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A request of the page's script. `url` is a template, with its host where it is not the
    page's. `status` is 0 when no answer came. `wait_ms` is the time to the first byte."""

    url: str
    status: int
    duration_ms: float
    method: str = ""
    wait_ms: float | None = None
    initiator: str = ""
    """fetch or xhr."""
    aborted: bool = False
    """By the page itself, or by leaving it."""


class Frame(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A frame, or task, that held up the page for `blocking_ms` of its `duration_ms`."""

    duration_ms: float
    blocking_ms: float | None = None
    script: str = ""
    """The address of the script that took longest, as a template."""
    script_time_ms: float | None = None
    invoker: str = ""


class Leave(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """How far a view was scrolled, in pixels and as a share (0..1) of the document, and how long it
    was visible, and engaged with."""

    scroll_px: int | None = None
    scroll: float | None = None
    engaged_ms: float | None = None
    visible_ms: float | None = None


class Event(Struct, frozen=True, array_like=True, gc=False):
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
    via: str = ""
    """How the view came about: one of Via."""
    source: str = ""
    """Where the error came from: one of Source."""
    attribution: Attribution | None = None
    """Of vitals."""
    click: Click | None = None
    request: PageRequest | None = None
    frame: Frame | None = None
    leave: Leave | None = None


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
    server: bool = False
    """Posted by a server for nobody's session: `session` only names the batch."""
    storage_free: bool = False
    """The browser keeps no id: `session` stands for what one visitor did in one day."""


class ReplayReason(StrEnum):
    """Why a session is recorded."""

    SAMPLE = "sample"
    ERROR = "error"
    """It met an error: from the minute before it on."""


class ReplayChunk(Struct, frozen=True, kw_only=True, array_like=True, tag="replay"):
    """A piece of a session's recording, whose gzip bytes are in a file; see store/replays.py.

    Its identity is (session, load, number): `load` the page load's 32 random bits, as in a
    batch's number, `number` its place within that. `start_us` and `end_us` are corrected times of
    its first and last event; `skew_us` is what was added to the browser's. `day` is `start_us`'s,
    UTC. `bytes` is the file's size.
    """

    site: str
    session: str
    load: int
    number: int
    day: date
    bytes: int
    events: int
    start_us: int
    end_us: int
    skew_us: int
    reason: ReplayReason
    received_us: int


class Reason(StrEnum):
    """Why something was refused. Each has its line in the console, Data > refused."""

    BODY_TOO_LARGE = "body_too_large"
    BODY_TOO_SLOW = "body_too_slow"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    MALFORMED = "malformed"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_TOKEN = "unknown_token"
    """Of events from servers."""
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
    TOO_MANY_BEACONS = "too_many_beacons"
    """Of one site or one address, in too short a time; to be sent again later."""
    TOO_MANY_SESSIONS = "too_many_sessions"
    """New ones, of one site or one address, in too short a time; to be sent again later."""
    TOO_MANY_REQUESTS = "too_many_requests"
    """Of a site's servers, in too short a time; to be sent again later."""
    ERASED = "erased"
    """Of a session that was erased, or naming one; nothing of it is kept."""
    TOO_MANY_NAMES = "too_many_names"
    """Of a site's day: the event is kept, under "other"."""
    INVALID_FIELD = "invalid_field"
    """The event is kept, without a field that only added to it."""
    REPLAY_OFF = "replay_off"
    """A recording of a site that is not recorded."""
    NOT_IN_REPLAY_SAMPLE = "not_in_replay_sample"
    INVALID_CHUNK = "invalid_chunk"
    """Of a recording: a field out of range, or content that is not what it should be."""
    REPLAY_TOO_LARGE = "replay_too_large"
    """A chunk that inflates to more than is taken."""
    REPLAY_LIMIT = "replay_limit"
    """The session's recording is as long as it may become."""


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
