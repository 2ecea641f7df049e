"""What happened in a session, in words: a line of its timeline for each event."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from analytics.reports.session import SessionEvent
from rum.records import EventKind, Via
from vigie.console.formats import milliseconds, vital

VIAS = {
    Via.RELOAD: "reloaded",
    Via.BACK_FORWARD: "back or forward",
    Via.PRERENDER: "prepared before",
    Via.RESTORED: "restored",
    Via.ROUTE: "within the page",
    Via.NAMED: "named by the site",
}
KINDS = {
    EventKind.VIEW: "View",
    EventKind.VITALS: "Speed",
    EventKind.ERROR: "Error",
    EventKind.EVENT: "Event",
    EventKind.CLICK: "Click",
    EventKind.REQUEST: "Request",
    EventKind.FRAME: "Slow frame",
    EventKind.LEAVE: "Left",
}


class Happening(Struct, frozen=True):
    """`bad`: something that went wrong for who was there."""

    kind: str
    what: str
    more: str
    bad: bool = False


def words(event: SessionEvent) -> Happening:
    """A line of the timeline; a kind of a later version is said by its name."""
    kind = EventKind(event.kind) if event.kind in set(EventKind) else None
    if kind is None:
        return Happening(event.kind, event.name, "")
    return _WORDS[kind](event)


def _view(event: SessionEvent) -> Happening:
    via = VIAS.get(Via(event.via), "") if event.via in set(Via) else ""
    return Happening(KINDS[EventKind.VIEW], event.page, via)


def _vitals(event: SessionEvent) -> Happening:
    figures = [
        f"{name.upper()} {vital(value, name)}"
        for name in ("lcp", "inp", "cls", "fcp", "ttfb")
        if isinstance(value := event.detail.get(name if name == "cls" else f"{name}_ms"), float)
    ]
    return Happening(KINDS[EventKind.VITALS], ", ".join(figures), "")


def _error(event: SessionEvent) -> Happening:
    said = ": ".join(part for part in (event.name, event.message) if part)
    return Happening(KINDS[EventKind.ERROR], said, event.source, bad=True)


def _event(event: SessionEvent) -> Happening:
    worth = f"{event.value:g} {event.currency}".strip() if event.value is not None else ""
    pairs = [f"{key} {value}" for key, value in event.attributes.items()]
    return Happening(KINDS[EventKind.EVENT], event.name, ", ".join(filter(None, [worth, *pairs])))


def _click(event: SessionEvent) -> Happening:
    rage = event.detail.get("rage")
    signals = [
        f"{rage} clicks in a rage" if rage else "",
        "nothing came of it" if event.detail.get("dead") else "",
        "an error came of it" if event.detail.get("error") else "",
    ]
    more = ", ".join(filter(None, signals))
    return Happening(KINDS[EventKind.CLICK], _text(event, "target"), more, bad=bool(more))


def _request(event: SessionEvent) -> Happening:
    status = event.detail.get("status") or 0
    aborted = bool(event.detail.get("aborted"))
    said = "ended by the page" if aborted else "no answer" if not status else f"status {status}"
    what = f"{_text(event, 'method')} {_text(event, 'url')}".strip()
    bad = not aborted and isinstance(status, int) and (status == 0 or status >= 500)
    return Happening(KINDS[EventKind.REQUEST], what, f"{said}, {_ms(event, 'duration_ms')}", bad)


def _frame(event: SessionEvent) -> Happening:
    return Happening(
        KINDS[EventKind.FRAME],
        f"{_ms(event, 'duration_ms')}, {_ms(event, 'blocking_ms')} of it unresponsive",
        _text(event, "script"),
    )


def _leave(event: SessionEvent) -> Happening:
    scroll = event.detail.get("scroll")
    parts = [
        f"scrolled to {scroll:.0%}" if isinstance(scroll, float) else "",
        f"engaged for {_ms(event, 'engaged_ms')}" if "engaged_ms" in event.detail else "",
    ]
    return Happening(KINDS[EventKind.LEAVE], event.page, ", ".join(filter(None, parts)))


_WORDS: dict[EventKind, Callable[[SessionEvent], Happening]] = {
    EventKind.VIEW: _view,
    EventKind.VITALS: _vitals,
    EventKind.ERROR: _error,
    EventKind.EVENT: _event,
    EventKind.CLICK: _click,
    EventKind.REQUEST: _request,
    EventKind.FRAME: _frame,
    EventKind.LEAVE: _leave,
}


def _text(event: SessionEvent, name: str) -> str:
    value: Any = event.detail.get(name)
    return value if isinstance(value, str) else ""


def _ms(event: SessionEvent, name: str) -> str:
    value = event.detail.get(name)
    return milliseconds(float(value) if isinstance(value, int | float) else None)
