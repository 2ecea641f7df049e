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
    rules: EventRules, position: int, sent: WireEvent | msgspec.Raw, timing: Timing
) -> tuple[Event | None, list[Problem]]:
    """The accepted event, or None and the one reason; and what was left out of one accepted."""
    if isinstance(sent, msgspec.Raw):
        parsed = _parse(sent)
        if isinstance(parsed, tuple):
            return None, [parsed]
        sent = parsed
    page = rules.page(sent.page)
    at_ms = sent.at
    if at_ms is None or not 0 <= at_ms <= TIME_MAX_MS:
        return None, [(Reason.INVALID_EVENT, AT_RIGHT)]
    client_us = int(at_ms * 1000)
    # By our clock; what would lie in the future happened just now.
    time_us = min(client_us + timing.skew_us, timing.now_us)
    wrong = check_fields(sent, page) or check_age(rules, timing.now_us - time_us)
    if wrong is not None:
        return None, [wrong]
    problems: list[Problem] = []
    fields = take_fields(rules, sent, problems)
    if isinstance(fields, str):
        return None, [(Reason.INVALID_EVENT, fields)]
    page = admitted(page, rules.names.pages, "pages", problems)
    # Those that all have by position: by name beside `fields` they take three times as long.
    kind, view = _KIND_OF[type(sent)], sent.view or 0
    return Event(position, kind, time_us, client_us, view, page, **fields), problems


def _parse(raw: msgspec.Raw) -> WireEvent | Problem:
    try:
        kind = kind_decoder.decode(raw).kind
        if kind not in _KINDS:
            right = ", ".join(_KINDS)
            return Reason.UNKNOWN_KIND, f"kind is one of {right}, not {masked(cut(kind, 32))!r}"
        return event_decoder.decode(raw)
    except (ValueError, RecursionError) as error:
        return Reason.INVALID_EVENT, str(error)


def check_fields(sent: WireCommon, page: str) -> Problem | None:
    """What events of every kind have, beside their time."""
    if sent.view is None or not 0 <= sent.view < VIEW_END:
        return Reason.INVALID_EVENT, "view is the number of the view, 0 to 2^32 - 1"
    if not page:
        return Reason.INVALID_EVENT, "page is the page's template or name"
    return None


def check_age(rules: EventRules, age_us: int) -> Problem | None:
    if age_us <= rules.late_us:
        return None
    hours = f"{age_us / 3_600_000_000:.1f} h old, at most {rules.limits.late_h:g}"
    return Reason.TOO_OLD, hours
