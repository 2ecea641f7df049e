"""The steps of one event: kind, fields, time, page, and what is hidden of it."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from rum.limits import Limits
from rum.page_template import PageTemplates
from rum.privacy import masked, masked_stack
from rum.records import Event, EventKind, Reason
from rum.texts import cut, short_pairs
from rum.wire import WireEvent, event_decoder, kind_decoder

VIEW_END = 2**32
TIME_MAX_MS = 253_402_300_799_000.0
"""The end of the year 9999, past which no date can be written."""
VITAL_MAX_MS = 3_600_000.0
CLS_MAX = 1_000.0
CURRENCY_CHARS_MAX = 8

Problem = tuple[Reason, str]

_KINDS = {kind.value: kind for kind in EventKind}


class EventRules:
    """What the events of one site are judged by."""

    def __init__(self, pages: PageTemplates, limits: Limits) -> None:
        self.pages = pages
        self.limits = limits
        self.late_us = int(limits.late_h * 3_600_000_000)


class Timing(Struct, frozen=True):
    """When a beacon came, and how far its browser's clock is behind (microseconds)."""

    now_us: int
    skew_us: int

    def corrected_us(self, at_ms: float) -> int:
        """An event's time by our clock; what would lie in the future happened just now."""
        return min(int(at_ms * 1000) + self.skew_us, self.now_us)


def take_event(
    rules: EventRules, position: int, sent: WireEvent | msgspec.Raw, timing: Timing
) -> tuple[Event | None, Problem | None]:
    """The accepted event, or None; and what was refused of it, or all of it, and why."""
    if isinstance(sent, msgspec.Raw):
        parsed = _parse(sent)
        if not isinstance(parsed, WireEvent):
            return None, parsed
        sent = parsed
    for step in EVENT_STEPS:
        if (problem := step(rules, sent, timing)) is not None:
            return None, problem
    return _event(rules, position, sent, timing), _too_many_attributes(rules, sent)


def _parse(raw: msgspec.Raw) -> WireEvent | Problem:
    try:
        kind = kind_decoder.decode(raw).kind
        if kind not in _KINDS:
            return _unknown_kind(kind)
        return event_decoder.decode(raw)
    except (ValueError, RecursionError) as error:
        return Reason.INVALID_EVENT, str(error)


def check_kind(rules: EventRules, sent: WireEvent, timing: Timing) -> Problem | None:
    return None if sent.kind in _KINDS else _unknown_kind(sent.kind)


def _unknown_kind(kind: str) -> Problem:
    return Reason.UNKNOWN_KIND, f"kind is one of {', '.join(_KINDS)}, not {masked(cut(kind, 32))!r}"


def check_fields(rules: EventRules, sent: WireEvent, timing: Timing) -> Problem | None:
    wrong = ""
    if sent.at is None or not 0 <= sent.at <= TIME_MAX_MS:
        wrong = "at is the event's time in milliseconds since the epoch"
    elif sent.view is None or not 0 <= sent.view < VIEW_END:
        wrong = "view is the number of the view, 0 to 2^32 - 1"
    elif not cut(sent.page, 4 * rules.limits.page_chars_max).strip():
        wrong = "page is the page's template or name"
    elif sent.kind == EventKind.EVENT and not cut(sent.name, rules.limits.name_chars_max).strip():
        wrong = "an event has a name"
    return (Reason.INVALID_EVENT, wrong) if wrong else None


def check_vitals(rules: EventRules, sent: WireEvent, timing: Timing) -> Problem | None:
    if sent.kind != EventKind.VITALS:
        return None
    measured = False
    for name, value, most in (
        ("lcp", sent.lcp, VITAL_MAX_MS),
        ("inp", sent.inp, VITAL_MAX_MS),
        ("cls", sent.cls, CLS_MAX),
        ("fcp", sent.fcp, VITAL_MAX_MS),
        ("ttfb", sent.ttfb, VITAL_MAX_MS),
    ):
        if value is not None:
            measured = True
            if not 0 <= value <= most:
                return Reason.INVALID_EVENT, f"{name} is 0 to {most:g}, not {value:g}"
    return None if measured else (Reason.INVALID_EVENT, "vitals hold at least one vital")


def check_time(rules: EventRules, sent: WireEvent, timing: Timing) -> Problem | None:
    age_us = timing.now_us - timing.corrected_us(sent.at or 0.0)
    if age_us <= rules.late_us:
        return None
    hours = f"{age_us / 3_600_000_000:.1f} h old, at most {rules.limits.late_h:g}"
    return Reason.TOO_OLD, hours


EVENT_STEPS: tuple[Callable[[EventRules, WireEvent, Timing], Problem | None], ...] = (
    check_kind,
    check_fields,
    check_vitals,
    check_time,
)


def _event(rules: EventRules, position: int, sent: WireEvent, timing: Timing) -> Event:
    limits, kind, at_ms = rules.limits, _KINDS[sent.kind], sent.at or 0.0
    is_error, is_event = kind is EventKind.ERROR, kind is EventKind.EVENT
    is_vitals = kind is EventKind.VITALS
    return Event(
        position=position,
        kind=kind,
        time_us=timing.corrected_us(at_ms),
        client_us=int(at_ms * 1000),
        view=sent.view or 0,
        page=_page(rules, sent.page),
        name=masked(cut(sent.name, limits.name_chars_max)) if is_error or is_event else "",
        message=_long(masked, sent.message, limits.message_chars_max) if is_error else "",
        stack=_long(masked_stack, sent.stack, limits.stack_chars_max) if is_error else "",
        value=sent.value if is_event else None,
        currency=cut(sent.currency, CURRENCY_CHARS_MAX) if is_event else "",
        attributes=_attributes(limits, sent) if is_event else {},
        lcp_ms=sent.lcp if is_vitals else None,
        inp_ms=sent.inp if is_vitals else None,
        cls=sent.cls if is_vitals else None,
        fcp_ms=sent.fcp if is_vitals else None,
        ttfb_ms=sent.ttfb if is_vitals else None,
    )


def _attributes(limits: Limits, sent: WireEvent) -> dict[str, str]:
    return short_pairs(
        sent.attributes, limits.attributes_max, limits.key_chars_max, limits.value_chars_max
    )


def _page(rules: EventRules, page: str) -> str:
    page = rules.pages.template(cut(page, 4 * rules.limits.page_chars_max))
    if not page.startswith("/"):
        page = masked(page)
    return page[: rules.limits.page_chars_max]


def _long(mask: Callable[[str], str], text: str | None, chars_max: int) -> str:
    """Masked before it is cut: half an address no longer looks like one."""
    return mask(cut(text, 2 * chars_max))[:chars_max]


def _too_many_attributes(rules: EventRules, sent: WireEvent) -> Problem | None:
    given, most = len(sent.attributes or ()), rules.limits.attributes_max
    if sent.kind != EventKind.EVENT or given <= most:
        return None
    return Reason.TOO_MANY_ATTRIBUTES, f"{given} attributes, the first {most} are kept"
