"""The people of a generated store: their sessions, the pages they came to, and who signed."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

LEVELS = ("novice", "confirmed", "expert")
BROWSED = ("/", "/listings", "/listings/?", "/account", "/help", "/contact")
STEPS = ("/mandate/1", "/mandate/2", "/mandate/3", "/mandate/4")
PAGES = (*BROWSED, *STEPS)
SIGNED = "mandate_signed"
PASSES = (0.80, 0.70, 0.75, 0.85)
"""The share that goes on from each step; from the last: that signs."""
ENTERS = 0.4
MS_US = 1000
"""Browsers tell times in whole milliseconds."""
OUTAGE = 0.4
"""The share that a planted outage fails."""

_LEVEL_SHARES = (0.3, 0.4, 0.15, 0.15)
_DEVICES = (("desktop", 0.55), ("phone", 0.4), ("tablet", 0.05))
_BROWSERS = (("Chrome", 0.6), ("Safari", 0.22), ("Firefox", 0.1), ("Edge", 0.08))
_SYSTEMS = (("Windows", 0.45), ("Android", 0.25), ("iOS", 0.18), ("macOS", 0.12))
_COUNTRIES = (("FR", 0.8), ("BE", 0.1), ("CH", 0.05), ("LU", 0.05))
_CAMPAIGNS = (("", 0.7), ("spring", 0.2), ("brand", 0.1))
_REFERRERS = (("", 0.5), ("www.google.com", 0.4), ("news.example", 0.1))

Ints = NDArray[np.int64]


class Planted(Struct, frozen=True, kw_only=True):
    """Truths put into the population. Without any, no level, page or hour differs from another."""

    novice_gap: float = 0.0
    """By how much novices go on less often from step 3, as a share: 0.12."""
    slow_page: str = ""
    """A page whose LCP takes 3 s longer."""
    outage: datetime | None = None
    """From then on for an hour, a request fails on 40 % of the views of the journey's steps, and
    40 % of those who would go on from step 2 do not."""
    silence: tuple[datetime, datetime] | None = None
    """Between the two nobody signs."""


class Sessions(Struct, frozen=True):
    """The sessions that begin on one day; arrays of one length."""

    ids: NDArray[np.uint8]
    """16 bytes each."""
    start: Ints
    load: Ints
    level: Ints
    """Its place in LEVELS; len(LEVELS): none."""
    columns: dict[str, pa.Array]


class Views(Struct, frozen=True):
    """The views of those sessions, in order; `session` is the session's place."""

    session: Ints
    number: Ints
    page: Ints
    time: Ints
    dwell: Ints


def sessions_of(chance: np.random.Generator, midnight: int, count: int, release: str) -> Sessions:
    # Two humps, at 11 and at 17 UTC; the few beyond midnight belong to the next day.
    hump = np.where(chance.random(count) < 0.5, 11.0, 17.0)
    hours = np.clip(chance.normal(hump, 3.0), 0, 23.99)
    level = chance.choice(len(LEVELS) + 1, count, p=_LEVEL_SHARES).astype(np.int64)
    users = chance.integers(0, max(1, count * 6), count)
    known = chance.random(count) < 0.6
    columns = {
        "level": coded(level, [*LEVELS, None]),
        "user_key": pa.array(
            [_key(user) if one else None for user, one in zip(users.tolist(), known, strict=True)],
            pa.string(),
        ),
        "environment": pa.array(["production"] * count, pa.string()),
        "release": pa.array([release] * count, pa.string()),
        "device": drawn(chance, count, _DEVICES),
        "browser": drawn(chance, count, _BROWSERS),
        "os": drawn(chance, count, _SYSTEMS),
        "country": drawn(chance, count, _COUNTRIES),
        "campaign": drawn(chance, count, _CAMPAIGNS),
        "referrer": drawn(chance, count, _REFERRERS),
    }
    return Sessions(
        chance.integers(0, 256, (count, 16), dtype=np.uint8),
        midnight + (hours * 3_600_000_000).astype(np.int64),
        chance.integers(0, 2**32, count, dtype=np.int64),
        level,
        columns,
    )


def views_of(
    chance: np.random.Generator, sessions: Sessions, planted: Planted
) -> tuple[Views, Ints]:
    """The views, and the places of those on whose page their session signed."""
    count = len(sessions.start)
    browsed = 1 + chance.poisson(1.6, count)
    depth, signs = _depths(chance, sessions, planted)
    views = browsed + depth
    session = np.repeat(np.arange(count), views)
    first = np.cumsum(views) - views
    number = np.arange(len(session)) - first[session]
    step = number - browsed[session]
    page = np.where(step >= 0, len(BROWSED) + step, chance.integers(0, len(BROWSED), len(session)))
    dwell = np.clip(chance.lognormal(3.0, 0.9, len(session)), 1.0, 600.0)
    dwell_us = (dwell * 1_000_000).astype(np.int64)
    begun = np.cumsum(dwell_us) - dwell_us
    time_us = (sessions.start[session] + begun - begun[first][session]) // MS_US * MS_US
    found = Views(session, number, page, time_us, dwell_us)
    last = np.nonzero((step == len(STEPS) - 1) & signs[session])[0]
    if planted.silence:
        begin, end = (_us(edge) for edge in planted.silence)
        last = last[(time_us[last] < begin) | (time_us[last] >= end)]
    return found, last


def _depths(
    chance: np.random.Generator, sessions: Sessions, planted: Planted
) -> tuple[Ints, NDArray[np.bool_]]:
    """How many steps each session came to, and whether it means to sign."""
    count = len(sessions.start)
    going = chance.random(count) < ENTERS
    depth = np.zeros(count, dtype=np.int64)
    for number, passes in enumerate(PASSES, 1):
        depth += going
        share = np.full(count, passes)
        if number == 3:
            share -= planted.novice_gap * (sessions.level == 0)
        if number == 2 and planted.outage:
            share *= np.where(within_outage(sessions.start, planted.outage), 1 - OUTAGE, 1.0)
        going = going & (chance.random(count) < share)
    return depth, going


def within_outage(time: Ints, outage: datetime) -> NDArray[np.bool_]:
    since = time - _us(outage)
    return (since >= 0) & (since < 3_600_000_000)


def drawn(
    chance: np.random.Generator, count: int, choices: tuple[tuple[str, float], ...]
) -> pa.Array:
    codes = chance.choice(len(choices), count, p=[share for _, share in choices])
    return coded(codes, [text or None for text, _ in choices])


def coded(codes: NDArray[Any], texts: Sequence[str | None]) -> pa.Array:
    """Texts by their places, kept as a dictionary; None is NULL."""
    known = pa.array(list(texts), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), known)


def _key(user: int) -> str:
    """As random as the keyed hash that a real store holds."""
    return blake2b(user.to_bytes(8), digest_size=16).hexdigest()


def _us(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000_000)
