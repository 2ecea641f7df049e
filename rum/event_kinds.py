"""What is taken of an event of each kind.

What makes the event (a click's target, a request's address, a vital) is right, or the whole event
is refused; what only adds to it is left out when it is wrong, and counted.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rum.cardinality import Names
from rum.event_rules import EventRules, Problem, admitted
from rum.limits import Limits
from rum.places import address, selector
from rum.privacy import masked, masked_stack
from rum.records import Attribution, Click, Frame, Leave, PageRequest, Reason, Source, Via
from rum.texts import cut, masked_name, short_pairs
from rum.wire import (
    WireAttribution,
    WireClick,
    WireCommon,
    WireError,
    WireFrame,
    WireLeave,
    WireNamed,
    WireRequest,
    WireView,
    WireVitals,
)

DURATION_MAX_MS = 3_600_000.0
"""Of vitals, requests and frames."""
PRESENCE_MAX_MS = 31 * 86_400_000.0
"""Of a view left open."""
CLS_MAX = 1_000.0
PIXELS_MAX = 10_000_000
STATUS_MAX = 999
RAGE_MAX = 1_000
CURRENCY_CHARS_MAX = 8
WORD_CHARS_MAX = 32
INVOKER_CHARS_MAX = 100
STACKS_CACHED_MAX = 512
"""And as many messages, of errors, remembered masked: some 8 KB each at most."""

Fields = dict[str, Any]
"""The fields of rum.records.Event that a kind has of its own."""

_VIAS = frozenset(Via)
_SOURCES = frozenset(Source)
_INITIATORS = frozenset({"fetch", "xhr"})


def take_fields(rules: EventRules, sent: WireCommon, problems: list[Problem]) -> Fields | str:
    """The fields of the event's kind, or what is wrong with the event.

    What was left out of it is added to `problems`.
    """
    return _OF_KIND[type(sent)](rules, sent, problems)


def _view(rules: EventRules, sent: WireView, problems: list[Problem]) -> Fields | str:
    return {"via": _one_of(problems, "via", sent.via, _VIAS)} if sent.via else {}


def _vitals(rules: EventRules, sent: WireVitals, problems: list[Problem]) -> Fields | str:
    measured = False
    for name, value, most in (
        ("lcp", sent.lcp, DURATION_MAX_MS),
        ("inp", sent.inp, DURATION_MAX_MS),
        ("cls", sent.cls, CLS_MAX),
        ("fcp", sent.fcp, DURATION_MAX_MS),
        ("ttfb", sent.ttfb, DURATION_MAX_MS),
    ):
        if value is not None:
            measured = True
            if not 0 <= value <= most:
                return f"{name} is 0 to {most:g}, not {value:g}"
    if not measured:
        return "vitals hold at least one vital"
    fields: Fields = {
        "lcp_ms": sent.lcp,
        "inp_ms": sent.inp,
        "cls": sent.cls,
        "fcp_ms": sent.fcp,
        "ttfb_ms": sent.ttfb,
    }
    if sent.attribution is not None:
        fields["attribution"] = _attribution(rules, sent.attribution, problems)
    return fields


def _attribution(
    rules: EventRules, sent: WireAttribution, problems: list[Problem]
) -> Attribution | None:
    def ms(name: str) -> float | None:
        return _within(problems, f"attribution.{name}", getattr(sent, name), 0, DURATION_MAX_MS)

    taken = Attribution(
        lcp_target=selector(sent.lcp_target),
        lcp_url=address(rules.pages, sent.lcp_url),
        lcp_load_delay_ms=ms("lcp_load_delay"),
        lcp_load_time_ms=ms("lcp_load_time"),
        lcp_render_delay_ms=ms("lcp_render_delay"),
        inp_target=selector(sent.inp_target),
        inp_type=_word(sent.inp_type),
        inp_input_delay_ms=ms("inp_input_delay"),
        inp_processing_ms=ms("inp_processing"),
        inp_presentation_ms=ms("inp_presentation"),
        inp_script=address(rules.pages, sent.inp_script),
        inp_script_time_ms=ms("inp_script_time"),
        cls_target=selector(sent.cls_target),
        cls_time_ms=_within(problems, "attribution.cls_time", sent.cls_time, 0, PRESENCE_MAX_MS),
        ttfb_waiting_ms=ms("ttfb_waiting"),
        ttfb_dns_ms=ms("ttfb_dns"),
        ttfb_connect_ms=ms("ttfb_connect"),
        ttfb_request_ms=ms("ttfb_request"),
    )
    return None if taken == _NOTHING else taken


_NOTHING = Attribution()


def _error(rules: EventRules, sent: WireError, problems: list[Problem]) -> Fields | str:
    limits = rules.limits
    return {
        "name": _name(rules.names.errors, "names of errors", sent.name, limits, problems),
        "message": _message(sent.message[: 2 * limits.message_chars_max], limits.message_chars_max)
        if sent.message
        else "",
        "stack": _stack(sent.stack[: 2 * limits.stack_chars_max], limits.stack_chars_max)
        if sent.stack
        else "",
        "source": _one_of(problems, "source", sent.source, _SOURCES),
        "attributes": _attributes(rules, sent, problems),
    }


def _named(rules: EventRules, sent: WireNamed, problems: list[Problem]) -> Fields | str:
    name = _name(rules.names.events, "names of events", sent.name, rules.limits, problems)
    if not name:
        return "an event has a name"
    return {
        "name": name,
        "value": sent.value,
        "currency": cut(sent.currency, CURRENCY_CHARS_MAX),
        "attributes": _attributes(rules, sent, problems),
    }


def _click(rules: EventRules, sent: WireClick, problems: list[Problem]) -> Fields | str:
    target = selector(sent.target)
    if not target:
        return "a click has a target, the selector of what was clicked"

    def pixels(name: str, least: int) -> int | None:
        value = _within(problems, name, getattr(sent, name), least, PIXELS_MAX)
        return None if value is None else round(value)

    click = Click(
        target=target,
        x=_within(problems, "x", sent.x, 0, 1),
        y=_within(problems, "y", sent.y, 0, 1),
        page_x=pixels("page_x", -PIXELS_MAX),
        page_y=pixels("page_y", -PIXELS_MAX),
        viewport_width=pixels("viewport_width", 0),
        document_height=pixels("document_height", 0),
        fixed=bool(sent.fixed),
        rage=int(_within(problems, "rage", sent.rage, 0, RAGE_MAX) or 0),
        dead=bool(sent.dead),
        error=bool(sent.error),
    )
    return {"click": click}


def _request(rules: EventRules, sent: WireRequest, problems: list[Problem]) -> Fields | str:
    url = address(rules.pages, sent.url)
    if not url:
        return "a request has a url"
    if sent.status is None or not 0 <= sent.status <= STATUS_MAX:
        return f"status is 0, when no answer came, to {STATUS_MAX}"
    if sent.duration is None or not 0 <= sent.duration <= DURATION_MAX_MS:
        return f"duration is 0 to {DURATION_MAX_MS:g} ms"
    request = PageRequest(
        url=admitted(url, rules.names.addresses, "addresses of requests", problems),
        status=sent.status,
        duration_ms=sent.duration,
        method=_word(sent.method).upper(),
        wait_ms=_within(problems, "wait", sent.wait, 0, DURATION_MAX_MS),
        initiator=_one_of(problems, "initiator", sent.initiator, _INITIATORS),
        aborted=bool(sent.aborted),
    )
    return {"request": request}


def _frame(rules: EventRules, sent: WireFrame, problems: list[Problem]) -> Fields | str:
    if sent.duration is None or not 0 <= sent.duration <= DURATION_MAX_MS:
        return f"duration is 0 to {DURATION_MAX_MS:g} ms"
    invoker = _long(masked, sent.invoker, INVOKER_CHARS_MAX)
    frame = Frame(
        duration_ms=sent.duration,
        blocking_ms=_within(problems, "blocking", sent.blocking, 0, DURATION_MAX_MS),
        script=address(rules.pages, sent.script),
        script_time_ms=_within(problems, "script_time", sent.script_time, 0, DURATION_MAX_MS),
        # An address for what a script's own top level does, "TimerHandler:setTimeout" for others.
        invoker=address(rules.pages, sent.invoker) if "/" in invoker else selector(invoker),
    )
    return {"frame": frame}


def _leave(rules: EventRules, sent: WireLeave, problems: list[Problem]) -> Fields | str:
    scroll_px = _within(problems, "scroll_px", sent.scroll_px, 0, PIXELS_MAX)
    leave = Leave(
        scroll_px=None if scroll_px is None else round(scroll_px),
        scroll=_within(problems, "scroll", sent.scroll, 0, 1),
        engaged_ms=_within(problems, "engaged", sent.engaged, 0, PRESENCE_MAX_MS),
        visible_ms=_within(problems, "visible", sent.visible, 0, PRESENCE_MAX_MS),
    )
    if leave == _UNUSED:
        return "a leave says how far the view was scrolled, or how long it was seen"
    return {"leave": leave}


_UNUSED = Leave()

_OF_KIND: dict[type, Callable[[EventRules, Any, list[Problem]], Fields | str]] = {
    WireView: _view,
    WireVitals: _vitals,
    WireError: _error,
    WireNamed: _named,
    WireClick: _click,
    WireRequest: _request,
    WireFrame: _frame,
    WireLeave: _leave,
}


def _within(
    problems: list[Problem], name: str, value: float | None, least: float, most: float
) -> float | None:
    """The value, or None, and a problem, when it is out of range."""
    if value is None or least <= value <= most:
        return value
    problems.append((Reason.INVALID_FIELD, f"{name} is {least:g} to {most:g}; it was left out"))
    return None


def _one_of(problems: list[Problem], name: str, value: str | None, known: frozenset[str]) -> str:
    if not value or value in known:
        return value or ""
    right = ", ".join(sorted(known))
    problems.append((Reason.INVALID_FIELD, f"{name} is one of {right}; it was left out"))
    return ""


def _word(text: str | None) -> str:
    return masked_name(text, WORD_CHARS_MAX)


def _long(mask: Callable[[str], str], text: str | None, chars_max: int) -> str:
    """Masked before it is cut: half an address no longer looks like one."""
    return mask(cut(text, 2 * chars_max))[:chars_max]


@lru_cache(maxsize=STACKS_CACHED_MAX)
def _message(text: str, chars_max: int) -> str:
    return _long(masked, text, chars_max)


@lru_cache(maxsize=STACKS_CACHED_MAX)
def _stack(text: str, chars_max: int) -> str:
    """The same few mistakes are met by everybody."""
    return _long(masked_stack, text, chars_max)


def _attributes(
    rules: EventRules, sent: WireError | WireNamed, problems: list[Problem]
) -> dict[str, str]:
    if not sent.attributes:
        return {}
    limits = rules.limits
    given, most = len(sent.attributes), limits.attributes_max
    if given > most:
        detail = f"{given} attributes, the first {most} are kept"
        problems.append((Reason.TOO_MANY_ATTRIBUTES, detail))
    kept = short_pairs(sent.attributes, most, limits.key_chars_max, limits.value_chars_max)
    names = rules.names.attributes
    if kept.keys() <= names.known or all(map(names.admits, kept)):
        return kept
    detail = "the site has more attributes today than it may bring; the rest is left out"
    problems.append((Reason.TOO_MANY_NAMES, detail))
    return {key: value for key, value in kept.items() if names.admits(key)}


def _name(
    names: Names, what: str, sent: str | None, limits: Limits, problems: list[Problem]
) -> str:
    name = masked_name(sent, limits.name_chars_max).strip()
    return admitted(name, names, what, problems) if name else ""
