"""Intake: from a beacon's bytes to an accepted batch, by named steps; pure, told the time.

A step that refuses ends the beacon; a step of an event ends that event only. Everything refused is
given back with its reason, to be counted.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from rum.erased import ERASED_DETAIL, ErasedSessions, NoneErased, names_erased
from rum.event_intake import TIME_MAX_MS, Timing, take_event
from rum.event_rules import EventRules, Problem
from rum.guard import Guard
from rum.limits import Limits
from rum.origin_rule import OriginRule
from rum.page_template import PageTemplates
from rum.privacy import masked, masked_part, site_secret, user_key
from rum.records import Batch, Event, Reason, Refusal
from rum.site import Site
from rum.texts import cut, masked_name, scalar_text, short_pairs
from rum.user_agent import read_user_agent
from rum.visitor import DaySalts, day_of, visitor_session
from rum.wire import (
    VERSION,
    WireBeacon,
    WireEvent,
    WireLooseBeacon,
    beacon_decoder,
    loose_decoder,
    version_decoder,
)

# Clocks off by less are left alone: the way here takes time too.
SKEW_MIN_US = 30_000_000
BATCH_END = 2**52
RETRY_AFTER_MAX_S = 60
USER_CHARS_MAX = 1_000
LATER_PART_CHARS_MAX = 60
"""Of a beacon over a rate: whoever floods us should not make us read much of each."""
DETAIL_CHARS_MAX = 300
ORIGIN_CHARS_MAX = 200
RELEASES_CACHED_MAX = 512

SESSION = re.compile(r"[0-9a-f]{32}")
_VERSION = re.compile(r"[0-9a-f]{7,64}|[a-z]?[0-9][0-9A-Za-z.+_-]{0,31}")
_HOST = re.compile(r"[a-z0-9._-]{1,253}(?::\d{1,5})?")


class BeaconRequest(Struct, frozen=True):
    """What of a request matters to intake. `origin` is "" when there is no such header."""

    body: bytes
    origin: str = ""
    same_origin: bool = False
    """The browser says the page is of the collector's own origin (Sec-Fetch-Site)."""
    user_agent: str = ""
    address: str = ""
    """The client's, where it is known; for limits and storage-free sessions, never written."""


class Accepted(Struct, frozen=True):
    """`batch` is None when not one event was accepted."""

    batch: Batch | None
    refusals: list[Refusal]


class Rejected(Struct, frozen=True):
    """A beacon refused as a whole; `status` is the answer's, and so is `retry_after_s`, when it
    may be sent again."""

    status: int
    refusal: Refusal
    retry_after_s: int = 0

    @property
    def reason(self) -> Reason:
        return self.refusal.reason

    @property
    def detail(self) -> str:
        return self.refusal.detail


class SiteRules:
    """A site with what intake derives from it once."""

    def __init__(self, site: Site, secret: bytes, limits: Limits) -> None:
        self.site = site
        self.origins = OriginRule(site.origins)
        self.levels = frozenset(site.levels)
        self.user_secret = site_secret(secret, site.id)
        self.events = EventRules(PageTemplates(site.pages, site.query_params_kept), limits)


class Draft:
    """One beacon on its way through the steps."""

    __slots__ = (
        "beacon", "events", "now_us", "refusals", "request", "rules", "session", "skew_us",
    )  # fmt: skip

    beacon: WireBeacon | WireLooseBeacon
    rules: SiteRules

    def __init__(self, request: BeaconRequest, now_us: int) -> None:
        self.request = request
        self.now_us = now_us
        self.skew_us = 0
        self.session = ""
        self.events: list[Event] = []
        self.refusals: list[Refusal] = []


class Intake:
    """The steps of all sites, in order; see STEPS."""

    def __init__(
        self,
        sites: Iterable[Site],
        limits: Limits,
        secret: bytes,
        salts: DaySalts | None = None,
        erased: ErasedSessions | None = None,
    ) -> None:
        """`secret` keys the hashes of users; the same for the life of the data folder. `salts` are
        those of storage-free sessions; without, some of this object's own. Nothing of the sessions
        of `erased` is accepted."""
        self.limits = limits
        self.salts = salts or DaySalts()
        self.erased = erased or NoneErased()
        self.guard = Guard(limits)
        self.sites = {site.key: SiteRules(site, secret, limits) for site in sites}

    def take(self, request: BeaconRequest, now_us: int) -> Accepted | Rejected:
        """Judge one beacon received at `now_us`. Raises nothing, whatever the bytes, but OSError
        when the day's salt of storage-free sessions cannot be kept."""
        draft = Draft(request, now_us)
        for step in STEPS:
            if (rejected := step(self, draft)) is not None:
                return rejected
        batch = _batch(self.limits, draft) if draft.events else None
        if batch is not None and names_erased(self.erased, batch):
            return _erased(draft)
        return Accepted(batch, draft.refusals)

    def knows_origin(self, origin: str) -> bool:
        """Whether any site takes beacons from `origin`."""
        return any(rules.origins.allows(origin) for rules in self.sites.values())


def parse(intake: Intake, draft: Draft) -> Rejected | None:
    """All at once when every event has the right types, which is nearly always; else loosely."""
    body = draft.request.body
    try:
        draft.beacon = beacon_decoder.decode(body)
    except msgspec.ValidationError:
        return _parse_loosely(intake, draft)
    except (ValueError, RecursionError) as error:
        return _reject(intake, draft, 400, Reason.MALFORMED, f"not JSON: {error}")
    return None


def _parse_loosely(intake: Intake, draft: Draft) -> Rejected | None:
    body = draft.request.body
    try:
        draft.beacon = loose_decoder.decode(body)
    except msgspec.ValidationError as error:
        return _check_future_version(intake, draft) or _reject(
            intake, draft, 400, Reason.MALFORMED, str(error)
        )
    except (ValueError, RecursionError) as error:
        return _reject(intake, draft, 400, Reason.MALFORMED, f"not JSON: {error}")
    return None


def _check_future_version(intake: Intake, draft: Draft) -> Rejected | None:
    """A later version may have other types: then its number is what is wrong."""
    try:
        version = version_decoder.decode(draft.request.body).v
    except (ValueError, RecursionError):
        return None
    return _reject_version(intake, draft, version) if version > VERSION else None


def check_version(intake: Intake, draft: Draft) -> Rejected | None:
    if draft.beacon.v == VERSION:
        return None
    return _reject_version(intake, draft, draft.beacon.v)


def _reject_version(intake: Intake, draft: Draft, version: int) -> Rejected:
    detail = f"v is {_number(version)}; this collector speaks version {VERSION}"
    return _reject(intake, draft, 400, Reason.UNSUPPORTED_VERSION, detail)


def find_site(intake: Intake, draft: Draft) -> Rejected | None:
    rules = intake.sites.get(draft.beacon.site)
    if rules is None:
        detail = f"no site has the key {draft.beacon.site[:64]!r}"
        return _reject(intake, draft, 403, Reason.UNKNOWN_SITE, detail)
    draft.rules = rules
    return None


def check_origin(intake: Intake, draft: Draft) -> Rejected | None:
    request, rules = draft.request, draft.rules
    if rules.origins.allows(request.origin) or (request.same_origin and not request.origin):
        return None
    what = f"the origin {request.origin[:200]!r}" if request.origin else "a request without Origin"
    detail = f"{what} is not among the site's origins"
    return _reject(intake, draft, 403, Reason.ORIGIN_NOT_ALLOWED, detail)


def limit_beacons(intake: Intake, draft: Draft) -> Rejected | None:
    """So many of a site and of an address in a time; see guard.py."""
    wait_s = intake.guard.beacon_wait_s(draft.rules.site.id, draft.request.address, draft.now_us)
    if not wait_s:
        return None
    detail = "more beacons of the site, or of one address, than may come in the time"
    return _later(intake, draft, wait_s, Reason.TOO_MANY_BEACONS, detail)


def check_session(intake: Intake, draft: Draft) -> Rejected | None:
    """A storage-free beacon has none; see make_session."""
    if draft.beacon.storage_free:
        return None
    if SESSION.fullmatch(draft.beacon.session):
        draft.session = draft.beacon.session
        return None
    detail = f"session is 32 lower-case hex digits, not {draft.beacon.session[:64]!r}"
    return _reject(intake, draft, 400, Reason.INVALID_SESSION, detail)


def check_batch_number(intake: Intake, draft: Draft) -> Rejected | None:
    if 0 <= draft.beacon.batch < BATCH_END:
        return None
    detail = f"batch is 0 to 2^52 - 1, not {_number(draft.beacon.batch)}"
    return _reject(intake, draft, 400, Reason.INVALID_BATCH, detail)


def check_event_count(intake: Intake, draft: Draft) -> Rejected | None:
    """None at all is malformed; those over the limit are refused, the first ones stay."""
    events: list[Any] = draft.beacon.events
    most = intake.limits.events_max
    if not events:
        return _reject(intake, draft, 400, Reason.MALFORMED, "a beacon holds at least one event")
    if len(events) > most:
        detail = f"{len(events)} events in a beacon, at most {most}"
        part = masked_part(_bytes_of(events[most]), intake.limits.part_chars_max)
        _refuse(draft, Reason.TOO_MANY_EVENTS, detail, count=len(events) - most, part=part)
        del events[most:]
    return None


def correct_clock(intake: Intake, draft: Draft) -> Rejected | None:
    """How far the browser's clock is off, by when it says it sent the beacon (0: nobody knows)."""
    sent_ms = draft.beacon.sent
    if sent_ms is None or not 0 <= sent_ms <= TIME_MAX_MS:
        detail = "sent is the client's time in milliseconds since the epoch"
        return _reject(intake, draft, 400, Reason.MALFORMED, detail)
    skew_us = draft.now_us - int(sent_ms * 1000)
    draft.skew_us = skew_us if sent_ms and abs(skew_us) > SKEW_MIN_US else 0
    return None


def check_level(intake: Intake, draft: Draft) -> Rejected | None:
    """A level the site does not have is left out, and counted; the batch stays."""
    level = draft.beacon.level
    if level and level not in draft.rules.levels:
        known = ", ".join(draft.rules.site.levels) or "none"
        detail = f"level {masked(level[:64])!r} is not one of the site's: {known}"
        _refuse(draft, Reason.UNKNOWN_LEVEL, detail)
        draft.beacon.level = None
    return None


def check_segments(intake: Intake, draft: Draft) -> Rejected | None:
    """Segments over the limit are left out, and counted; the batch stays."""
    given, most = len(draft.beacon.segments or ()), intake.limits.attributes_max
    if given > most:
        detail = f"{given} segments, the first {most} are kept"
        _refuse(draft, Reason.TOO_MANY_ATTRIBUTES, detail, count=given - most)
    return None


def take_events(intake: Intake, draft: Draft) -> Rejected | None:
    """Each event through its own steps: see event_intake.py."""
    rules, timing = draft.rules.events, Timing(draft.now_us, draft.skew_us)
    rules.names.begin(draft.now_us)
    events: Sequence[WireEvent | msgspec.Raw] = draft.beacon.events
    accepted, problems = draft.events, list[Problem]()
    for position, sent in enumerate(events):
        taken = take_event(rules, position, sent, timing, problems)
        if isinstance(taken, Event):
            accepted.append(taken)
        else:
            problems = [taken]
        if problems:
            _refuse_parts(intake, draft, position, sent, problems)
            problems = []
    return None


def _refuse_parts(
    intake: Intake,
    draft: Draft,
    position: int,
    sent: WireEvent | msgspec.Raw,
    problems: list[Problem],
) -> None:
    part = masked_part(_bytes_of(sent), intake.limits.part_chars_max)
    for reason, detail in problems:
        _refuse(draft, reason, f"event {position}: {detail}", part=part)


def make_session(intake: Intake, draft: Draft) -> Rejected | None:
    """A storage-free beacon's session: that of its visitor on the day of its first event, so that
    a retry over midnight still has the same."""
    if not draft.beacon.storage_free or not draft.events:
        return None
    first_us = draft.events[0].client_us + draft.skew_us
    salt = intake.salts.salt(day_of(first_us), draft.now_us)
    if salt is None:
        detail = "the day of a storage-free beacon is over for good"
        return _reject(intake, draft, 400, Reason.TOO_OLD, detail)
    request = draft.request
    site = draft.rules.site.id
    draft.session = visitor_session(salt, site, request.address, request.user_agent)
    return None


def limit_sessions(intake: Intake, draft: Draft) -> Rejected | None:
    """So many new ones of a site and of an address in a time; see guard.py."""
    if not draft.session:
        return None
    wait_s = intake.guard.session_wait_s(
        draft.rules.site.id, draft.session, draft.request.address, draft.now_us
    )
    if not wait_s:
        return None
    detail = "more new sessions of the site, or of one address, than may come in the time"
    return _later(intake, draft, wait_s, Reason.TOO_MANY_SESSIONS, detail)


STEPS: tuple[Callable[[Intake, Draft], Rejected | None], ...] = (
    parse,
    check_version,
    find_site,
    check_origin,
    limit_beacons,
    check_session,
    check_batch_number,
    check_event_count,
    correct_clock,
    check_level,
    check_segments,
    take_events,
    make_session,
    limit_sessions,
)


def _batch(limits: Limits, draft: Draft) -> Batch:
    beacon, rules = draft.beacon, draft.rules
    agent = read_user_agent(draft.request.user_agent)
    user = cut(scalar_text(beacon.user), USER_CHARS_MAX)
    return Batch(
        site=rules.site.id,
        session=draft.session,
        batch=beacon.batch,
        received_us=draft.now_us,
        sent_us=int(beacon.sent * 1000) if beacon.sent else draft.now_us,
        events=tuple(draft.events),
        level=beacon.level or "",
        user=user_key(rules.user_secret, user) if user else "",
        environment=masked_name(beacon.environment, limits.key_chars_max),
        release=release_text(beacon.release, limits.key_chars_max),
        device=agent.device,
        browser=agent.browser,
        os=agent.os,
        campaign=masked_name(beacon.campaign, limits.name_chars_max),
        referrer=_host(beacon.referrer),
        bot=agent.bot,
        segments=short_pairs(
            beacon.segments, limits.attributes_max, limits.key_chars_max, limits.value_chars_max
        ),
        storage_free=beacon.storage_free,
    )


def release_text(release: str | None, chars_max: int) -> str:
    """A version or the hash of a commit, which looks like a token, stays; the rest is masked."""
    name = cut(release, chars_max)
    return name if _is_version(name) else masked_name(release, chars_max)


@lru_cache(maxsize=RELEASES_CACHED_MAX)
def _is_version(name: str) -> bool:
    return _VERSION.fullmatch(name) is not None


def _host(referrer: str | None) -> str:
    """The referrer when it is a host and nothing more, else nothing."""
    if not referrer:
        return ""
    host = referrer.lower()
    return host if _HOST.fullmatch(host) else ""


def _reject(intake: Intake, draft: Draft, status: int, reason: Reason, detail: str) -> Rejected:
    rules: SiteRules | None = getattr(draft, "rules", None)
    part = masked_part(draft.request.body, intake.limits.part_chars_max)
    return Rejected(status, _refusal(draft, rules, reason, detail, 1, part))


def _erased(draft: Draft) -> Rejected:
    """Nothing of it is shown: it would be one more place to erase."""
    return Rejected(410, _refusal(draft, draft.rules, Reason.ERASED, ERASED_DETAIL, 1, ""))


def _later(intake: Intake, draft: Draft, wait_s: float, reason: Reason, detail: str) -> Rejected:
    """Too much for now; the sender may come again."""
    after_s = min(RETRY_AFTER_MAX_S, max(1, math.ceil(wait_s)))
    part = masked_part(draft.request.body, LATER_PART_CHARS_MAX)
    refusal = _refusal(draft, draft.rules, reason, detail, 1, part)
    return Rejected(429, refusal, after_s)


def _refuse(draft: Draft, reason: Reason, detail: str, *, count: int = 1, part: str = "") -> None:
    draft.refusals.append(_refusal(draft, draft.rules, reason, detail, count, part))


def _refusal(
    draft: Draft, rules: SiteRules | None, reason: Reason, detail: str, count: int, part: str
) -> Refusal:
    return Refusal(
        received_us=draft.now_us,
        reason=reason,
        site=rules.site.id if rules else "",
        count=count,
        detail=masked(cut(detail, DETAIL_CHARS_MAX)),
        part=part,
        origin=masked(cut(draft.request.origin, ORIGIN_CHARS_MAX)),
    )


def _bytes_of(sent: WireEvent | msgspec.Raw) -> bytes:
    return bytes(sent) if isinstance(sent, msgspec.Raw) else msgspec.json.encode(sent)


def _number(value: int) -> str:
    return str(value) if value.bit_length() <= 64 else "beyond 64 bits"
