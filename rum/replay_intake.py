"""Intake of recordings: from the bytes of one chunk to a record of it, by named steps; pure.

A chunk is one line of JSON and then gzip bytes. Each step that refuses ends it, with a reason to be
counted; what a browser can do about any of them is to stop recording.
"""

import math
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rum.bucket import bucket_end, bucket_of
from rum.erased import ERASED_DETAIL, ErasedSessions, NoneErased
from rum.guard import Guard
from rum.origin_rule import OriginRule
from rum.privacy import masked, masked_part
from rum.records import Reason, Refusal, ReplayChunk, ReplayReason
from rum.site import Site
from rum.texts import cut

VERSION = 1
SKEW_MIN_US = 30_000_000
"""Clocks off by less are left alone, as in intake.py."""
FUTURE_MAX_MS = 5_000.0
"""By which a chunk may end after it says that it was sent."""
TIME_MAX_MS = 253_402_300_799_000.0
LOAD_END = 2**32
NUMBER_END = 2**20
HEADER_BYTES_MAX = 2_048
INFLATE_STEP_BYTES = 65_536
GZIP = 31
"""zlib's window bits for a gzip header and trailer."""
RETRY_AFTER_MAX_S = 60
PART_CHARS_MAX = 200
DETAIL_CHARS_MAX = 300

_SESSION = re.compile(r"[0-9a-f]{32}")


class ReplayLimits(Struct, frozen=True, kw_only=True):
    """What one chunk may hold; how many a session may have stands with its site."""

    body_bytes_max: int = 262_144
    inflated_bytes_max: int = 8_388_608
    span_s_max: float = 3_600.0
    """From a chunk's first event to its last."""
    late_h: float = 24.0
    events_max: int = 20_000


class ChunkRequest(Struct, frozen=True):
    """What of a request matters here; as BeaconRequest."""

    body: bytes
    origin: str = ""
    same_origin: bool = False


class TakenChunk(Struct, frozen=True):
    """A chunk that may be kept once `content_problem` finds nothing wrong with `packed`."""

    record: ReplayChunk
    packed: bytes


class RefusedChunk(Struct, frozen=True):
    """`status` is the answer's, and so is `retry_after_s`, when the chunk may be sent again."""

    status: int
    refusal: Refusal
    retry_after_s: int = 0


class WireChunk(Struct):
    """The line of JSON before the gzip bytes. Times are milliseconds since the epoch."""

    v: int = 0
    site: str = ""
    session: str = ""
    load: int = -1
    number: int = -1
    start: float = -1.0
    end: float = -1.0
    events: int = 0
    reason: str = ""
    sent: float = -1.0


class _SiteRules:
    """A site with what intake derives from it once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.origins = OriginRule(site.origins)
        self.whole_end = bucket_end(site.replay_rate)
        self.error_end = max(self.whole_end, bucket_end(site.replay_error_rate))


class _Draft:
    """One chunk on its way through the steps."""

    __slots__ = ("now_us", "packed", "record", "request", "rules", "sent")

    sent: WireChunk
    rules: _SiteRules
    packed: bytes
    record: ReplayChunk

    def __init__(self, request: ChunkRequest, now_us: int) -> None:
        self.request = request
        self.now_us = now_us


class ReplayIntake:
    """The steps of all sites, in order; see STEPS."""

    def __init__(
        self,
        sites: Iterable[Site],
        limits: ReplayLimits,
        guard: Guard,
        held: Callable[[ReplayChunk], Mapping[tuple[int, int], int]],
        erased: ErasedSessions | None = None,
    ) -> None:
        """`guard` is of recordings alone, so that they leave beacons theirs; `held` as in
        rum.sink.ReplaySink. Nothing of the sessions of `erased` is taken."""
        self.erased = erased or NoneErased()
        self.limits = limits
        self._guard = guard
        self.sites = {site.key: _SiteRules(site) for site in sites}
        self.held = held

    def take(self, request: ChunkRequest, now_us: int) -> TakenChunk | RefusedChunk:
        """Judge one chunk received at `now_us`, but for its content. Never raises."""
        draft = _Draft(request, now_us)
        for step in STEPS:
            if (refused := step(self, draft)) is not None:
                return refused
        return TakenChunk(draft.record, draft.packed)

    def too_many(
        self, request: ChunkRequest, taken: TakenChunk, client: str
    ) -> RefusedChunk | None:
        """A refusal when more comes of the site, or of one client's address, than may in the time;
        see guard.py."""
        record, now_us = taken.record, taken.record.received_us
        reason, what = Reason.TOO_MANY_BEACONS, "chunks"
        wait_s = self._guard.beacon_wait_s(record.site, client, now_us)
        if not wait_s:
            reason, what = Reason.TOO_MANY_SESSIONS, "new sessions"
            wait_s = self._guard.session_wait_s(record.site, record.session, client, now_us)
        if not wait_s:
            return None
        detail = f"more {what} of the site's recordings, or of one address, than may come"
        refused = _refused(request, now_us, record.site, 429, reason, detail)
        after_s = min(RETRY_AFTER_MAX_S, max(1, math.ceil(wait_s)))
        return RefusedChunk(refused.status, refused.refusal, after_s)

    def refused_content(
        self, request: ChunkRequest, taken: TakenChunk, reason: Reason, detail: str
    ) -> RefusedChunk:
        """What `content_problem` found, as a refusal."""
        status = 413 if reason is Reason.REPLAY_TOO_LARGE else 400
        received_us = taken.record.received_us
        return _refused(request, received_us, taken.record.site, status, reason, detail)

    def knows_origin(self, origin: str) -> bool:
        """Whether any site that is recorded takes chunks from `origin`."""
        return any(
            rules.error_end and rules.origins.allows(origin) for rules in self.sites.values()
        )


def parse(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    body = draft.request.body
    line_end = body.find(b"\n", 0, HEADER_BYTES_MAX)
    if line_end < 0:
        return _refuse(draft, 400, Reason.MALFORMED, "a chunk begins with a line of JSON")
    try:
        draft.sent = _decoder.decode(body[:line_end])
    except (ValueError, RecursionError) as error:
        return _refuse(draft, 400, Reason.MALFORMED, f"its first line: {error}")
    draft.packed = body[line_end + 1 :]
    return None


def check_version(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    if draft.sent.v == VERSION:
        return None
    detail = f"v is {draft.sent.v}; this collector speaks version {VERSION}"
    return _refuse(draft, 400, Reason.UNSUPPORTED_VERSION, detail)


def find_site(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    rules = intake.sites.get(draft.sent.site)
    if rules is None:
        detail = f"no site has the key {draft.sent.site[:64]!r}"
        return _refuse(draft, 403, Reason.UNKNOWN_SITE, detail)
    draft.rules = rules
    return None


def check_origin(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    request, rules = draft.request, draft.rules
    if rules.origins.allows(request.origin) or (request.same_origin and not request.origin):
        return None
    what = f"the origin {request.origin[:200]!r}" if request.origin else "a request without Origin"
    detail = f"{what} is not among the site's origins"
    return _refuse(draft, 403, Reason.ORIGIN_NOT_ALLOWED, detail)


def check_session(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    if _SESSION.fullmatch(draft.sent.session):
        return None
    detail = f"session is 32 lower-case hex digits, not {draft.sent.session[:64]!r}"
    return _refuse(draft, 400, Reason.INVALID_SESSION, detail)


def check_erased(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    if not intake.erased.any():
        return None
    if not intake.erased.covers_session(draft.rules.site.id, draft.sent.session):
        return None
    refused = _refuse(draft, 410, Reason.ERASED, ERASED_DETAIL)
    # Nothing of it is shown: it would be one more place to erase.
    return RefusedChunk(refused.status, replace(refused.refusal, part=""))


def check_fields(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    sent, limits = draft.sent, intake.limits
    wrong = ""
    if not 0 <= sent.load < LOAD_END or not 0 <= sent.number < NUMBER_END:
        wrong = f"load is 0 to 2^32 - 1, number 0 to {NUMBER_END - 1}"
    elif not 0 < sent.events <= limits.events_max:
        wrong = f"events is 1 to {limits.events_max}, not {sent.events}"
    elif sent.reason not in _REASONS:
        wrong = f"reason is one of {', '.join(_REASONS)}"
    elif not 0 <= sent.sent <= TIME_MAX_MS:
        wrong = "sent is the client's time in milliseconds since the epoch"
    elif not 0 <= sent.start <= sent.end <= sent.sent + FUTURE_MAX_MS:
        wrong = "start, end and sent follow each other, in milliseconds since the epoch"
    elif sent.end - sent.start > limits.span_s_max * 1000:
        wrong = f"a chunk spans at most {limits.span_s_max:g} s"
    return _refuse(draft, 400, Reason.INVALID_CHUNK, wrong) if wrong else None


def check_recorded(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    """Whether the site is recorded, and this session in its sample: browsers choose their ids, and
    may run an old page whose tag says otherwise."""
    rules, sent = draft.rules, draft.sent
    if not rules.error_end:
        detail = f"the site {rules.site.id} is not recorded: its replay.rate is 0"
        return _refuse(draft, 403, Reason.REPLAY_OFF, detail)
    of_errors = sent.reason == ReplayReason.ERROR
    if bucket_of(sent.session) < (rules.error_end if of_errors else rules.whole_end):
        return None
    detail = f"the session is outside the sample of {sent.reason} recordings"
    return _refuse(draft, 403, Reason.NOT_IN_REPLAY_SAMPLE, detail)


def make_record(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    """The record, with the browser's clock corrected as a beacon's is."""
    sent, now_us = draft.sent, draft.now_us
    skew_us = now_us - int(sent.sent * 1000)
    if abs(skew_us) <= SKEW_MIN_US:
        skew_us = 0
    start_us, end_us = (min(int(at * 1000) + skew_us, now_us) for at in (sent.start, sent.end))
    if now_us - start_us > intake.limits.late_h * 3_600_000_000:
        hours = (now_us - start_us) / 3_600_000_000
        detail = f"{hours:.1f} h old, at most {intake.limits.late_h:g}"
        return _refuse(draft, 400, Reason.TOO_OLD, detail)
    draft.record = ReplayChunk(
        site=draft.rules.site.id,
        session=sent.session,
        load=sent.load,
        number=sent.number,
        day=datetime.fromtimestamp(start_us / 1_000_000, UTC).date(),
        bytes=len(draft.packed),
        events=sent.events,
        start_us=start_us,
        end_us=end_us,
        skew_us=skew_us,
        reason=ReplayReason(sent.reason),
        received_us=now_us,
    )
    return None


def check_session_limits(intake: ReplayIntake, draft: _Draft) -> RefusedChunk | None:
    site = draft.rules.site
    record = draft.record
    held = intake.held(record)
    others = [held[key] for key in held if key != (record.load, record.number)]
    chunks, size = len(others), sum(others)
    if chunks < site.replay_chunks_max and size + record.bytes <= site.replay_bytes_max:
        return None
    detail = (
        f"the session has {chunks} chunks of {site.replay_chunks_max},"
        f" {size} bytes of {site.replay_bytes_max}"
    )
    return _refuse(draft, 403, Reason.REPLAY_LIMIT, detail)


STEPS: tuple[Callable[[ReplayIntake, _Draft], RefusedChunk | None], ...] = (
    parse,
    check_version,
    find_site,
    check_origin,
    check_session,
    check_erased,
    check_fields,
    check_recorded,
    make_record,
    check_session_limits,
)


def content_problem(packed: bytes, inflated_bytes_max: int) -> tuple[Reason, str] | None:
    """What is wrong with a chunk's gzip bytes, inflated to their end but kept nowhere.

    Takes up to some tens of milliseconds: run it in a thread. One member of gzip that inflates to
    JSON's "[" or "{" first, and to `inflated_bytes_max` at most.
    """
    inflater = zlib.decompressobj(GZIP)
    size = 0
    waiting = packed
    try:
        while not inflater.eof:
            piece = inflater.decompress(waiting, INFLATE_STEP_BYTES)
            if not size and piece[:1] not in (b"[", b"{", b""):
                return Reason.INVALID_CHUNK, "what it holds is neither a list nor lines of events"
            size += len(piece)
            if size > inflated_bytes_max:
                return Reason.REPLAY_TOO_LARGE, f"a chunk inflates to {inflated_bytes_max} at most"
            waiting = inflater.unconsumed_tail
            if not piece and not waiting and not inflater.eof:
                return Reason.INVALID_CHUNK, "its gzip bytes end too soon"
    except zlib.error as error:
        return Reason.INVALID_CHUNK, f"not gzip: {error}"
    if not size or inflater.unused_data:
        return Reason.INVALID_CHUNK, "a chunk is one member of gzip, and not an empty one"
    return None


_REASONS = tuple(reason.value for reason in ReplayReason)
_decoder = msgspec.json.Decoder(WireChunk)


def _refuse(draft: _Draft, status: int, reason: Reason, detail: str) -> RefusedChunk:
    rules: _SiteRules | None = getattr(draft, "rules", None)
    site = rules.site.id if rules else ""
    return _refused(draft.request, draft.now_us, site, status, reason, detail)


def _refused(
    request: ChunkRequest, now_us: int, site: str, status: int, reason: Reason, detail: str
) -> RefusedChunk:
    line = request.body[:HEADER_BYTES_MAX].partition(b"\n")[0]
    refusal = Refusal(
        received_us=now_us,
        reason=reason,
        site=site,
        detail=masked(cut(detail, DETAIL_CHARS_MAX)),
        part=masked_part(line, PART_CHARS_MAX),
        origin=masked(cut(request.origin, PART_CHARS_MAX)),
    )
    return RefusedChunk(status, refusal)
