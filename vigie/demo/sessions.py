"""The demo's generated sessions: what browsers would have sent in the days before `now`."""

import math
from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct

from rum.records import Attribution, Batch, Click, Event, EventKind, Leave
from vigie.demo import network
from vigie.demo.checks import to_us
from vigie.demo.clicks import page_clicks, page_left
from vigie.demo.errors import BAD_RELEASE, Thrown, fault_at, message_of, stack_of
from vigie.demo.network import (
    LISTING,
    LISTINGS,
    MANDATE_SIGNED,
    OWNER,
    PROPERTY,
    SIGN_IN,
    SIGNED,
    TERMS,
)
from vigie.demo.people import WEEKDAY_WEIGHTS, Person, people_of
from vigie.demo.stories import Stories

SESSIONS_A_DAY = 1340.0
"""On average over a week; about 40,000 in 30 days."""

SIGN_IN_SHARE = 0.95
SIGNED_IN_ALREADY_SHARE = 0.09
MANDATE_SHARE = 0.64
NOVICE = network.LEVELS[0]
PASS_SHARES = {
    OWNER: {"novice": 0.79, "confirmed": 0.91, "expert": 0.91},
    PROPERTY: {"novice": 0.92, "confirmed": 0.93, "expert": 0.93},
    TERMS: {"novice": 0.93, "confirmed": 0.94, "expert": 0.95},
}
"""Who goes on from each step of the mandate form. Story E is the first row."""
BAD_RELEASE_PASS_SHARE = 0.03
SLOW_LISTINGS_FACTOR = 2.3
ERROR_SHARE = 0.011

_SECOND_US = 1_000_000
_SEND_US = 60_000
_DWELL_S = {
    SIGN_IN: 14.0,
    LISTINGS: 35.0,
    LISTING: 45.0,
    OWNER: 80.0,
    PROPERTY: 105.0,
    TERMS: 60.0,
    SIGNED: 12.0,
}
_LCP_MS = {
    SIGN_IN: 1050.0,
    LISTINGS: 1550.0,
    LISTING: 1650.0,
    OWNER: 1100.0,
    PROPERTY: 1250.0,
    TERMS: 1050.0,
    SIGNED: 850.0,
}
_DEVICE_FACTOR = {"desktop": 1.0, "phone": 1.3, "tablet": 1.15}


class _Past(Struct, frozen=True):
    """The stories in microseconds since the epoch, as the walks compare them."""

    start_us: int
    now_us: int
    outage: tuple[int, int]
    bad_release: tuple[int, int]
    slow_listings: tuple[int, int]
    vigie_off: tuple[int, int]
    releases: tuple[tuple[int, str], ...]

    def release_at(self, time_us: int) -> str:
        return next(name for start_us, name in reversed(self.releases) if start_us <= time_us)


class _Visit(Struct, frozen=True):
    """One page load of a walk."""

    page: str
    path: str
    start_us: int
    end_us: int


def session_days(stories: Stories, *, days: int) -> list[date]:
    """The network's calendar days on which sessions start."""
    first = stories.now.date() - timedelta(days=days)
    return [first + timedelta(days=number) for number in range(days + 1)]


def day_batches(
    stories: Stories, day: date, *, days: int, seed: int, keys: list[str]
) -> Iterator[Batch]:
    """The batches of the sessions that start on `day`, whole sessions one after the other.

    None was received outside the `days` before `stories.now`, nor in story D. `keys` are the users'
    hashes, from `people.user_keys`.
    """
    past = _past(stories, days)
    weight = WEEKDAY_WEIGHTS[day.weekday()] * 7 / sum(WEEKDAY_WEIGHTS)
    for person in people_of(day, expected=SESSIONS_A_DAY * weight, seed=seed, keys=keys):
        if past.start_us <= person.start_us < past.now_us:
            yield from _batches(person, past)


def _past(stories: Stories, days: int) -> _Past:
    def edges(name: str) -> tuple[int, int]:
        window = getattr(stories, name)
        return to_us(window.start), to_us(window.end)

    return _Past(
        to_us(stories.now - timedelta(days=days)),
        to_us(stories.now),
        edges("outage"),
        edges("bad_release"),
        edges("slow_listings"),
        edges("vigie_off"),
        tuple((to_us(release.start), release.name) for release in stories.releases),
    )


def _within(time_us: int, edges: tuple[int, int]) -> bool:
    return edges[0] <= time_us < edges[1]


def _walk(person: Person, past: _Past) -> Iterator[_Visit]:
    """The person's page loads, until they leave, are refused, or the site is down."""
    time_us = person.start_us
    for number, (page, path) in enumerate(_wishes(person)):
        if _within(time_us, past.outage):
            return
        slowness = 1.35 if person.level == NOVICE else 1.0
        dwell_s = _DWELL_S[page] * slowness * math.exp(0.5 * person.dwells[number])
        end_us = time_us + int(dwell_s * _SECOND_US)
        yield _Visit(page, path, time_us, end_us)
        if not _goes_on(person, past, page, time_us):
            return
        time_us = end_us + 150_000


def _wishes(person: Person) -> Iterator[tuple[str, str]]:
    """The pages the person would see if nothing stopped them, in order: template and path."""
    arrival, _, mandate, browsing, *_ = person.chances
    if arrival >= SIGNED_IN_ALREADY_SHARE:
        yield SIGN_IN, SIGN_IN
    yield LISTINGS, LISTINGS
    wants_mandate = mandate < MANDATE_SHARE
    listings = int(browsing * (2 if wants_mandate else 5))
    for number in range(listings):
        if number and person.loads[number] & 1:  # back to the list, to choose the next one there
            yield LISTINGS, LISTINGS
        yield LISTING, f"{LISTINGS}/{person.loads[number] % 900 + 100}"
    if wants_mandate:
        for page in (OWNER, PROPERTY, TERMS, SIGNED):
            yield page, page


def _goes_on(person: Person, past: _Past, page: str, time_us: int) -> bool:
    _, sign_in, _, _, owner, prop, terms, _ = person.chances
    if page == SIGN_IN:
        return sign_in < SIGN_IN_SHARE
    if page == OWNER:
        return owner < PASS_SHARES[OWNER][person.level]
    if page == PROPERTY:
        if _refused(person, past, page, time_us):
            return prop < BAD_RELEASE_PASS_SHARE
        return prop < PASS_SHARES[PROPERTY][person.level]
    return page != TERMS or terms < PASS_SHARES[TERMS][person.level]


def _refused(person: Person, past: _Past, page: str, time_us: int) -> bool:
    """Whether this is story B: release 2.14's step 2, before a novice."""
    return page == PROPERTY and person.level == NOVICE and _within(time_us, past.bad_release)


def _batches(person: Person, past: _Past) -> Iterator[Batch]:
    visits = list(_walk(person, past))
    for number, visit in enumerate(visits):
        received_us = _received(visit, visits, past)
        if received_us is None:
            continue
        signed_in = visit.page != SIGN_IN
        yield Batch(
            site=network.SITE,
            session=person.session,
            batch=(person.loads[number] << 20) + 1,
            received_us=received_us,
            sent_us=received_us - _SEND_US,
            events=tuple(_events(person, past, visit, number)),
            level=person.level if signed_in else "",
            user=person.user if signed_in else "",
            environment=network.ENVIRONMENT,
            release=past.release_at(visit.start_us),
            device=person.device,
            browser=person.browser,
            os=person.os,
            country=person.country,
            generated=True,
        )


def _received(visit: _Visit, visits: list[_Visit], past: _Past) -> int | None:
    """When the batch of a page load came in; None when it never did.

    What was sent while Vigie was off comes in with the next page left after it, if there is one:
    the script keeps it until then.
    """
    sent_us = visit.end_us
    if _within(sent_us + _SEND_US, past.vigie_off):
        later = [v.end_us for v in visits if v.end_us >= past.vigie_off[1]]
        if not later:
            return None
        sent_us = later[0]
    received_us = sent_us + _SEND_US
    return received_us if received_us < past.now_us else None


def _events(person: Person, past: _Past, visit: _Visit, number: int) -> Iterator[Event]:
    """The view; then its errors, its named event, and its vitals when the page is left."""
    start_us, end_us, page, path = visit.start_us, visit.end_us, visit.page, visit.path
    yield Event(
        position=0,
        kind=EventKind.VIEW,
        time_us=start_us,
        client_us=start_us,
        view=1,
        page=page,
        path=path,
    )
    position = 1
    release = past.release_at(visit.start_us)
    for time_us, fault in _errors(person, past, visit, number):
        message = message_of(fault, person.loads[number])
        yield Event(
            position=position,
            kind=EventKind.ERROR,
            time_us=time_us,
            client_us=time_us,
            view=1,
            page=page,
            path=path,
            name=fault.name,
            message=message,
            stack=stack_of(fault, message, release, person.browser),
        )
        position += 1
    if page == SIGNED:
        yield _signature(person, visit, number)
        position += 1
    yield _vitals(person, past, visit, number, position, end_us)
    yield from _interactions(person, past, visit, number, position + 1)


def _interactions(
    person: Person, past: _Past, visit: _Visit, number: int, position: int
) -> Iterator[Event]:
    """The clicks of a page load, and how it was left."""
    length_us, draw = visit.end_us - visit.start_us, person.loads[number]
    refused = _refused(person, past, visit.page, visit.start_us)
    found = page_clicks(
        visit.page, person.device, draw, novice=person.level == NOVICE, refused=refused
    )
    for share, click in found:
        time_us = visit.start_us + int(share * length_us)
        yield _of_visit(visit, position, EventKind.CLICK, time_us, click=click)
        position += 1
    leave = page_left(visit.page, person.device, draw, length_us / _SECOND_US)
    if leave is not None:
        yield _of_visit(visit, position, EventKind.LEAVE, visit.end_us, leave=leave)


def _of_visit(
    visit: _Visit, position: int, kind: EventKind, time_us: int, **parts: Click | Leave
) -> Event:
    return Event(
        position=position,
        kind=kind,
        time_us=time_us,
        client_us=time_us,
        view=1,
        page=visit.page,
        path=visit.path,
        **parts,  # type: ignore[arg-type]
    )


def _errors(
    person: Person, past: _Past, visit: _Visit, number: int
) -> Iterator[tuple[int, Thrown]]:
    length_us = visit.end_us - visit.start_us
    mishap = person.mishaps[number]
    if _refused(person, past, visit.page, visit.start_us):
        for attempt in range(1 + int(mishap * 3)):
            yield visit.start_us + length_us * (attempt + 2) // 6, BAD_RELEASE
    elif mishap < ERROR_SHARE:
        release = past.release_at(visit.start_us)
        fault = fault_at(mishap / ERROR_SHARE, visit.page, release, person.device)
        if fault is not None:
            yield visit.start_us + length_us // 3, fault


def _signature(person: Person, visit: _Visit, number: int) -> Event:
    chance = person.chances[7]
    kind = network.MANDATE_KINDS[0 if chance < 0.5 else 1 if chance < 0.85 else 2]
    return Event(
        position=1,
        kind=EventKind.EVENT,
        time_us=visit.start_us + 300_000,
        client_us=visit.start_us + 300_000,
        view=1,
        page=visit.page,
        path=visit.path,
        name=MANDATE_SIGNED,
        value=round(9_200 * math.exp(0.45 * person.noises[number][4])),
        currency="EUR",
        attributes={"kind": kind},
    )


def _attribution(page: str, *, slow: bool) -> Attribution:
    """What the largest element was: in story C phones were given the photographs in full."""
    if page not in (LISTINGS, LISTING):
        return Attribution(lcp_target="main>h1")
    size = "full" if slow else "small"
    return Attribution(lcp_target="img.photo", lcp_url=f"/photos/{size}/?.jpg")


def _vitals(
    person: Person, past: _Past, visit: _Visit, number: int, position: int, time_us: int
) -> Event:
    page, noises = visit.page, person.noises[number]
    factor = _DEVICE_FACTOR[person.device]
    lcp_ms = _LCP_MS[page] * factor * math.exp(0.32 * noises[0])
    slow = (
        page == LISTINGS
        and person.device == "phone"
        and _within(visit.start_us, past.slow_listings)
    )
    if slow:
        lcp_ms *= SLOW_LISTINGS_FACTOR
    ttfb_ms = 140 * factor * math.exp(0.3 * noises[3])
    return Event(
        position=position,
        kind=EventKind.VITALS,
        time_us=time_us,
        client_us=time_us,
        view=1,
        page=page,
        path=visit.path,
        lcp_ms=round(lcp_ms, 1),
        inp_ms=round(75 * factor * math.exp(0.5 * noises[1])) if noises[4] > -0.6 else None,
        cls=round(0.03 * math.exp(0.8 * noises[2]), 4),
        fcp_ms=round(min(lcp_ms, ttfb_ms + 0.5 * lcp_ms), 1),
        ttfb_ms=round(ttfb_ms, 1),
        attribution=_attribution(page, slow=slow),
    )
