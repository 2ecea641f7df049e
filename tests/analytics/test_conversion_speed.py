"""Speed against conversion: bins with known shares, and a flattening said only where it is sure."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.basis import Estimate
from analytics.estimates import share
from analytics.question import SiteScope, Window
from analytics.reports.conversion_speed import (
    EDGES_MS,
    ConversionSpeedReport,
    SpeedBin,
    conversion_speed,
    flattening,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
SCOPE = SiteScope(site="shop", levels=("novice",), sample=1.0)


def session(
    number: int, lcp_ms: float, *, converts: bool, page: str = "/", early: bool = False
) -> list[dict[str, Any]]:
    """A landing with its vitals, a second slow view, and maybe the event."""
    at = START + timedelta(seconds=number)
    key = {"session": f"{number:032x}", "device": "phone", "level": "novice"}
    rows = [
        {**key, "time": at, "kind": "view", "page": page},
        {**key, "time": at + timedelta(seconds=9), "kind": "vitals", "page": page,
         "lcp_ms": lcp_ms, "position": 1},
        {**key, "time": at + timedelta(seconds=10), "kind": "view", "page": "/b", "view": 2,
         "position": 2},
        {**key, "time": at + timedelta(seconds=19), "kind": "vitals", "page": "/b",
         "lcp_ms": 9999.0, "view": 2, "position": 3},
    ]  # fmt: skip
    if converts:
        when = at + timedelta(seconds=-5 if early else 20)
        rows.append({**key, "time": when, "kind": "event", "name": "bought", "position": 4})
    return rows


def ask(store: Any, **options: Any) -> ConversionSpeedReport:
    report = store.ask(
        lambda snap: conversion_speed(snap, SCOPE, WINDOW, "bought", now=WINDOW.end, **options)
    )
    assert isinstance(report, ConversionSpeedReport)
    return report


def counts(report: ConversionSpeedReport) -> dict[float, tuple[int, int]]:
    return {each.low_ms: (each.sessions, each.converted) for each in report.bins if each.sessions}


def test_sessions_are_counted_by_the_lcp_of_their_landing_view(store: Any) -> None:
    store.events(
        [
            *session(1, 900.0, converts=True),
            *session(2, 1000.0, converts=False),
            *session(3, 1000.5, converts=True),
            *session(4, 8000.0, converts=True, early=True),
            *session(5, 8000.0, converts=False, page="/other"),
        ]
    )
    assert counts(ask(store)) == {0: (2, 1), 1000: (1, 1), 7000: (2, 0)}
    assert counts(ask(store, page="/other")) == {7000: (1, 0)}
    assert counts(ask(store, device="desktop")) == {}


def bins(*shares: float, sessions: int = 8_000) -> list[SpeedBin]:
    """A bin an edge, each with a known share."""
    return [
        SpeedBin(
            low_ms=low,
            high_ms=EDGES_MS[place + 1] if place + 1 < len(EDGES_MS) else None,
            sessions=sessions,
            converted=round(sessions * shares[place]),
            share=share(sessions * shares[place], sessions, sessions, sessions),
        )
        for place, low in enumerate(EDGES_MS)
    ]


def test_where_it_flattens_is_said_when_it_is_sure() -> None:
    planted = bins(0.40, 0.40, 0.40, 0.40, 0.34, 0.30, 0.26, 0.22, 0.18)
    flat, sentence = flattening(planted, "bought")
    assert flat == 2500
    assert sentence.startswith("Below 2.5 s it is flat: being faster goes with no more bought")
    assert "because" not in sentence


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (bins(*[0.4] * 9), "No difference between fast and slow landings can be told."),
        (bins(*(0.45 - 0.04 * place for place in range(9))), "Where it flattens cannot be told."),
        (
            bins(0.40, 0.41, 0.40, 0.39, 0.33, 0.3, 0.26, 0.22, 0.2, sessions=150),
            "Where it flattens cannot be told.",
        ),
        (bins(*[0.4] * 9, sessions=10), "Too few sessions"),
    ],
)
def test_where_it_is_not_sure_no_point_is_named(planted: list[SpeedBin], said: str) -> None:
    flat, sentence = flattening(planted, "bought")
    assert flat is None
    assert said in sentence


def test_a_flat_truth_is_seldom_called_sloped() -> None:
    chance = random.Random(11)
    said = 0
    for _ in range(300):
        drawn = []
        for each in bins(*[0.4] * 9, sessions=400):
            hits = sum(chance.random() < 0.4 for _ in range(400))
            estimate: Estimate = share(hits, 400, 400, 400)
            drawn.append(
                SpeedBin(
                    low_ms=each.low_ms, high_ms=each.high_ms, sessions=400, converted=hits,
                    share=estimate,
                )
            )  # fmt: skip
        said += "can be told" not in flattening(drawn, "bought")[1]
    assert said <= 15, "5 %"


def test_an_empty_store_says_that_there_is_too_little(store: Any) -> None:
    report = ask(store)
    assert (report.flat_below_ms, "Too few" in report.sentence) == (None, True)
