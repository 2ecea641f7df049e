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

    def corrected_us(self, at_ms: float) -> int:
        """An event's time by our clock; what would lie in the future happened just now."""
        return min(int(at_ms * 1000) + self.skew_us, self.now_us)


def take_event(
    rules: EventRules, position: int, sent: WireEvent | msgspec.Raw, timing: Timing
) -> tuple[Event | None, list[Problem]]:
    """The accepted event, or None and the one reason; and what was left out of one accepted."""
    if isinstance(sent, msgspec.Raw):
        parsed = _parse(sent)
        if isinstance(parsed, tuple):
            return None, [parsed]
        sent = parsed
    page = _page(rules, sent.page)
    wrong = check_fields(sent, page) or check_time(rules, sent, timing)
    if wrong is not None:
        return None, [wrong]
    problems: list[Problem] = []
    fields = take_fields(rules, sent, problems)
    if isinstance(fields, str):
        return None, [(Reason.INVALID_EVENT, fields)]
    at_ms = sent.at or 0.0
    event = Event(
        position=position,
        kind=_KIND_OF[type(sent)],
        time_us=timing.corrected_us(at_ms),
        client_us=int(at_ms * 1000),
        view=sent.view or 0,
        page=admitted(page, rules.names.pages, "pages", problems),
        **fields,
    )
    return event, problems


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
    """What events of every kind have."""
    wrong = ""
    if sent.at is None or not 0 <= sent.at <= TIME_MAX_MS:
        wrong = "at is the event's time in milliseconds since the epoch"
    elif sent.view is None or not 0 <= sent.view < VIEW_END:
        wrong = "view is the number of the view, 0 to 2^32 - 1"
    elif not page or page.isspace():
        wrong = "page is the page's template or name"
    return (Reason.INVALID_EVENT, wrong) if wrong else None


def check_time(rules: EventRules, sent: WireCommon, timing: Timing) -> Problem | None:
    age_us = timing.now_us - timing.corrected_us(sent.at or 0.0)
    if age_us <= rules.late_us:
        return None
    hours = f"{age_us / 3_600_000_000:.1f} h old, at most {rules.limits.late_h:g}"
    return Reason.TOO_OLD, hours


def _page(rules: EventRules, page: str) -> str:
    page = rules.pages.template(cut(page, 4 * rules.limits.page_chars_max))
    if not page.startswith("/"):
        page = masked(page)
    return page[: rules.limits.page_chars_max]
