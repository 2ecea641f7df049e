"""The steps of one event: kind, fields, time, page, what its kind has, and what is hidden of it."""

import msgspec
from msgspec import Struct

from rum.event_kinds import take_fields
from rum.event_rules import EventRules, Problem, admitted
from rum.privacy import masked
from rum.records import Event, EventKind, Reason
from rum.texts import cut
from rum.wire import (
    WireClick,
    WireCommon,
    WireError,
    WireEvent,
    WireFrame,
    WireLeave,
    WireNamed,
    WireRequest,
    WireView,
    WireVitals,
    event_decoder,
    kind_decoder,
)

VIEW_END = 2**32
AT_RIGHT = "at is the event's time in milliseconds since the epoch"
VIEW_RIGHT = "view is the number of the view, 0 to 2^32 - 1"
PAGE_RIGHT = "page is the page's template or name"
TIME_MAX_MS = 253_402_300_799_000.0
"""The end of the year 9999, past which no date can be written."""

_KINDS = {kind.value: kind for kind in EventKind}
_KIND_OF: dict[type[WireCommon], EventKind] = {
    WireView: EventKind.VIEW,
    WireVitals: EventKind.VITALS,
    WireError: EventKind.ERROR,
    WireNamed: EventKind.EVENT,
    WireClick: EventKind.CLICK,
    WireRequest: EventKind.REQUEST,
    WireFrame: EventKind.FRAME,
    WireLeave: EventKind.LEAVE,
}


class Timing(Struct, frozen=True):
    """When a beacon came, and how far its browser's clock is behind (microseconds)."""

    now_us: int
    skew_us: int


def take_event(
    rules: EventRules,
    position: int,
    sent: WireEvent | msgspec.Raw,
    timing: Timing,
    left_out: list[Problem],
) -> Event | Problem:
    """The accepted event, or why it is none. What was left out of it is added to `left_out`."""
    if isinstance(sent, msgspec.Raw):
        parsed = _parse(sent)
        if isinstance(parsed, tuple):
            return parsed
        sent = parsed
    at_ms, view, page = sent.at, sent.view, rules.page(sent.page)
    if at_ms is None or not 0 <= at_ms <= TIME_MAX_MS:
        return Reason.INVALID_EVENT, AT_RIGHT
    if view is None or not 0 <= view < VIEW_END:
        return Reason.INVALID_EVENT, VIEW_RIGHT
    if not page:
        return Reason.INVALID_EVENT, PAGE_RIGHT
    client_us = int(at_ms * 1000)
    time_us = client_us + timing.skew_us  # by our clock
    if time_us > timing.now_us:
        time_us = timing.now_us  # what would lie in the future happened just now
    elif timing.now_us - time_us > rules.late_us:
        return _too_old(rules, timing.now_us - time_us)
    fields = take_fields(rules, sent, left_out)
    if isinstance(fields, str):
        return Reason.INVALID_EVENT, fields
    if page not in rules.names.pages.known:
        page = admitted(page, rules.names.pages, "pages", left_out)
    # Those that all have by position: by name beside `fields` they take three times as long.
    return Event(position, _KIND_OF[type(sent)], time_us, client_us, view, page, **fields)


def _parse(raw: msgspec.Raw) -> WireEvent | Problem:
    try:
        kind = kind_decoder.decode(raw).kind
        if kind not in _KINDS:
            right = ", ".join(_KINDS)
            return Reason.UNKNOWN_KIND, f"kind is one of {right}, not {masked(cut(kind, 32))!r}"
        return event_decoder.decode(raw)
    except (ValueError, RecursionError) as error:
        return Reason.INVALID_EVENT, str(error)


def _too_old(rules: EventRules, age_us: int) -> Problem:
    return Reason.TOO_OLD, f"{age_us / 3_600_000_000:.1f} h old, at most {rules.limits.late_h:g}"
