"""Every rule of funnels against a slow, obvious search over all chains there are, on random
sessions: orders, exclusions, conditions, clicks, users."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from msgspec import Struct

from analytics.funnel_sessions import FunnelSessions, days_of, read_sessions
from analytics.question import Filter, Operator, Order, Rules, SiteScope, Step, Unit, Window
from analytics.sampling import Reading, read
from analytics.times import to_us
from store.snapshot import Snapshot

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=40))
NOW = START + timedelta(minutes=55)
WITHIN = timedelta(seconds=600)
SESSIONS = 150
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=1.0)


class Event(Struct, frozen=True, order=True):
    seconds: int
    batch: int
    kind: str
    what: str
    device: str
    value: float
    colour: str

    @property
    def at(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


class Found(Struct, frozen=True, order=True):
    """What came of one session or user; `took_s` is -1 for those not through."""

    depth: int
    entered_s: int
    settled: bool
    took_s: float
    device: str


FILTERS: list[tuple[Filter, Callable[[Event], bool]]] = [
    (Filter("device", Operator.IS, ("phone",)), lambda event: event.device == "phone"),
    (Filter("device", Operator.IS_NOT, ("phone", "tv")), lambda event: event.device != "phone"),
    (Filter("value", Operator.AT_LEAST, ("2",)), lambda event: event.value >= 2),
    (Filter("value", Operator.IS, ("1", "2.0")), lambda event: event.value in (1, 2)),
    (
        Filter("attributes.colour", Operator.IS, ("red", "blue")),
        lambda event: event.colour in ("red", "blue"),
    ),
    (Filter("attributes.colour", Operator.CONTAINS, ("RE",)), lambda event: "re" in event.colour),
    (Filter("path", Operator.CONTAINS, ("/A",)), lambda event: event.what == "a"),
    (Filter("value", Operator.LESS, ("2",)), lambda event: event.value < 2),
]


class Wanted(Struct, frozen=True):
    """A step, and whether an event is of it."""

    kind: str
    what: str
    filters: tuple[int, ...]

    def matches(self, event: Event) -> bool:
        same = (event.kind, event.what) == (self.kind, self.what)
        return same and all(FILTERS[number][1](event) for number in self.filters)

    def step(self) -> Step:
        where = tuple(FILTERS[number][0] for number in self.filters)
        if self.kind == "view":
            return Step(page=self.what, where=where)
        return (
            Step(event=self.what, where=where)
            if self.kind == "event"
            else Step(click=self.what, where=where)
        )


class Drawn(Struct, frozen=True):
    """Sessions, and what is asked of them."""

    sessions: list[list[Event]]
    users: list[str]
    steps: list[Wanted]
    ending: list[Wanted]
    rules: Rules


def drawn(seed: int) -> Drawn:
    """Sessions of few different events, so that many match; the rules take turns by the seed."""
    chance = random.Random(seed)
    kinds = chance.sample(["view", "event", "click"], k=chance.choice([1, 2]))
    names = ["a", "b", "c"] if len(kinds) == 1 else ["a", "b"]

    def event() -> Event:
        return Event(
            chance.randrange(40) * 75,
            chance.randrange(3),
            chance.choice(kinds),
            chance.choice(names),
            chance.choice(["", "phone", "desktop"]),
            chance.choice([0.5, 1.0, 2.0, 3.5]),
            chance.choice(["red", "green", "blue", "grey"]),
        )

    def wanted() -> Wanted:
        count = chance.choice([0, 0, 1])
        filters = tuple(chance.sample(range(len(FILTERS)), k=count))
        return Wanted(chance.choice(kinds), chance.choice(names), filters)

    order = list(Order)[seed % 3]
    steps = [wanted() for _ in range(chance.choice([1, 2, 3, 3, 4]))]
    ending = [wanted() for _ in range(chance.choice([0, 0, 1]))]
    ending = [each for each in ending if each not in steps]
    if order is Order.ANY:
        steps = list(dict.fromkeys(steps))
    return Drawn(
        sessions=[
            sorted((event() for _ in range(chance.randint(1, 10))), key=in_order)
            for _ in range(SESSIONS)
        ],
        users=[chance.choice(["", f"user {n // 3}", f"user {n // 3}"]) for n in range(SESSIONS)],
        steps=steps,
        ending=ending,
        rules=Rules(
            order=order,
            exclude=tuple(each.step() for each in ending),
            unit=list(Unit)[seed // 3 % 2],
        ),
    )


def in_order(event: Event) -> tuple[int, int]:
    return event.seconds, event.batch


def chains(
    session: Sequence[Event], steps: Sequence[Wanted], rules: Rules, ending: Iterable[Wanted]
) -> list[tuple[int, int, int]]:
    """All chains there are: their depth, and the places of their first and last event."""
    over = {n for n, event in enumerate(session) if any(each.matches(event) for each in ending)}
    found = []
    for depth in range(1, len(steps) + 1):
        for chain in combinations(range(len(session)), depth):
            first, last = chain[0], chain[-1]
            whole = not over & set(range(first, last + 1))
            entered = session[first].at < WINDOW.end
            soon = session[last].at - session[first].at <= WITHIN
            if whole and entered and soon and follows(session, chain, steps, rules.order):
                found.append((depth, first, last))
    return found


def follows(
    session: Sequence[Event], chain: Sequence[int], steps: Sequence[Wanted], order: Order
) -> bool:
    if order is Order.ANY:
        made = [first_step(session[place], steps) for place in chain]
        return None not in made and len(set(made)) == len(made)
    if not all(step.matches(session[n]) for n, step in zip(chain, steps, strict=False)):
        return False
    if order is Order.ORDERED:
        return True
    return all(
        steps[number].matches(session[place])
        for number, (one, other) in enumerate(pairwise(chain))
        for place in range(one + 1, other)
        if first_step(session[place], steps) is not None
    )


def first_step(event: Event, steps: Sequence[Wanted]) -> int | None:
    return next((n for n, step in enumerate(steps) if step.matches(event)), None)


def slowly(lived: Sequence[tuple[int, Event]], asked: Drawn) -> Found | None:
    """`lived` holds the events of one session or user, each with its session's number."""
    events = [event for _, event in lived]
    found = chains(events, asked.steps, asked.rules, asked.ending)
    entries = [first for depth, first, _ in found if depth == 1]
    if not entries:
        return None
    through = [(last, -first) for depth, first, last in found if depth == len(asked.steps)]
    took_s = -1.0
    if through:
        last, first = min(through)
        took_s = float(events[last].seconds - events[-first].seconds)
    entered_in = asked.sessions[lived[min(entries)][0]]
    return Found(
        depth=max(depth for depth, _, _ in found),
        entered_s=events[min(entries)].seconds,
        settled=events[max(entries)].at + WITHIN < NOW,
        took_s=took_s,
        device=next((event.device for event in entered_in if event.device), "unknown"),
    )


def quickly(snapshot: Snapshot, steps: Sequence[Wanted], rules: Rules) -> list[Found]:
    asked = [step.step() for step in steps]

    def at(reading: Reading) -> FunnelSessions:
        return read_sessions(
            snapshot, reading, asked, WINDOW, WITHIN, NOW, rules, dimensions=["device"]
        )

    days = days_of(WINDOW, WITHIN, NOW)
    found, _ = read(snapshot, SCOPE, days, 1.0, at, lambda _: False)
    devices = found.parts["device"].texts()
    return [
        Found(
            depth=int(found.depth[n]),
            entered_s=int(found.entered_us[n] - to_us(START)) // 1_000_000,
            settled=bool(found.settled[n]),
            took_s=float(np.nan_to_num(found.took_s[n], nan=-1.0)),
            device=devices[n],
        )
        for n in range(len(found.depth))
    ]


def rows(number: int, session: Sequence[Event], user: str) -> list[dict[str, Any]]:
    return [
        {
            "session": f"{number:032x}",
            "time": event.at,
            "batch": (number * 8 + event.batch << 20) + place,
            "kind": event.kind,
            "page": event.what if event.kind == "view" else "elsewhere",
            "path": f"/{event.what}",
            "name": event.what if event.kind == "event" else None,
            "click": {"target": event.what} if event.kind == "click" else None,
            "device": event.device or None,
            "value": event.value,
            "attributes": {"colour": event.colour},
            "user_key": declared(user, number, place),
        }
        for place, event in enumerate(session)
    ]


def declared(user: str, number: int, place: int) -> str | None:
    """A session's user is known from its third event on, and another one from its fifth on."""
    if place < 2:
        return None
    return user or None if place < 4 else f"another {number}"


def lives(drawn: Drawn) -> list[list[tuple[int, Event]]]:
    """The events of each session, or user, in order, each with its session's number."""
    whose: dict[str, list[tuple[int, Event]]] = {}
    for number, session in enumerate(drawn.sessions):
        whole = [declared(drawn.users[number], number, place) for place in range(len(session))]
        known = [user for user in whole if user]
        user = known[0] if known and drawn.rules.unit is Unit.USER else ""
        own = whose.setdefault(user or f"session {number}", [])
        own += [(number, event) for event in session]
    return [sorted(own, key=lambda each: (each[1].seconds, each[0])) for own in whose.values()]


def compare(store: Any, seed: int) -> None:
    asked = drawn(seed)
    store.clear()
    store.events(
        [
            row
            for number, session in enumerate(asked.sessions)
            for row in rows(number, session, asked.users[number])
        ]
    )
    expected = [slowly(lived, asked) for lived in lives(asked)]
    found = store.ask(lambda snapshot: quickly(snapshot, asked.steps, asked.rules))
    assert sorted(found) == sorted(each for each in expected if each is not None)


@pytest.mark.parametrize("seed", range(36))
def test_every_rule_counts_what_a_slow_search_counts(shared_store: Any, seed: int) -> None:
    compare(shared_store, seed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(1_000, 2_000, 100))
def test_every_rule_counts_so_in_many_more_sessions(shared_store: Any, first: int) -> None:
    for seed in range(first, first + 100):
        compare(shared_store, seed)
