"""What people did in their views, counted by session, hot and sealed alike."""

from datetime import timedelta
from typing import Any

from rum.records import Click, Event, EventKind, Leave, PageRequest
from store.database import Database
from store.loader import Loader
from store.sealing import SealPolicy, seal_day
from store.times import microseconds
from tests.support.stored import NOON, TODAY, Journal, Maker, load_all, summaries_seen

COUNTS = (
    "clicks, rage_clicks, dead_clicks, error_clicks, requests, failed_requests, engaged_ms,"
    " views, server, storage_free"
)


def event(position: int, kind: EventKind, number: int = 1, **fields: Any) -> Event:
    at_us = microseconds(NOON) + position
    return Event(
        position=position,
        kind=kind,
        time_us=at_us,
        client_us=at_us,
        view=number,
        page="/",
        **fields,
    )


def request(status: int, *, aborted: bool = False) -> PageRequest:
    return PageRequest(url="/api", status=status, duration_ms=5, aborted=aborted)


def clicks(*made: Click) -> list[Event]:
    return [event(position, EventKind.CLICK, click=click) for position, click in enumerate(made)]


def events() -> list[Event]:
    requests = [
        request(200), request(404), request(500), request(503), request(0), request(0, aborted=True)
    ]  # fmt: skip
    leaves = [(1, 1000.0), (2, 500.0), (1, 3000.0), (1, None)]
    return [
        *clicks(
            Click(target="a"),
            Click(target="a", rage=3),
            Click(target="a", dead=True),
            Click(target="a", dead=True, error=True),
        ),
        *(event(10 + at, EventKind.REQUEST, request=one) for at, one in enumerate(requests)),
        *(
            event(20 + at, EventKind.LEAVE, number, leave=Leave(scroll_px=1, engaged_ms=engaged))
            for at, (number, engaged) in enumerate(leaves)
        ),
        event(30, EventKind.VIEW),
    ]


def test_a_session_s_interactions_are_counted_the_same_hot_and_sealed(
    database: Database, journal: Journal, loader: Loader, make: Maker
) -> None:
    batch = make.batch(kinds=(), storage_free=True)
    journal.write(
        replaced(batch, events=tuple(events())),
        make.batch(kinds=("view",), server=True),
    )
    load_all(loader)
    expected = [(4, 1, 2, 1, 6, 3, 3500.0, 1, False, True), (0, 0, 0, 0, 0, 0, 0.0, 1, True, False)]
    assert sorted(summaries_seen(database, COUNTS), reverse=True) == expected
    seal_day(database, SealPolicy(site="shop"), TODAY, NOON + timedelta(days=3))
    assert sorted(summaries_seen(database, COUNTS), reverse=True) == expected
    (kept,) = sealed_clicks(database)
    assert kept == (4, 1, None)


def sealed_clicks(database: Database) -> list[tuple[Any, ...]]:
    with database.snapshot() as snapshot:
        files = snapshot.detail_files(["shop"], TODAY, TODAY, rest=True)
        return snapshot.rows(
            "SELECT count(click), count(*) FILTER (click.rage = 3), any_value(frame)"
            " FROM events_in($files)",
            {"files": files},
        )


def replaced(batch: Any, **fields: Any) -> Any:
    return type(batch)(**{name: getattr(batch, name) for name in batch.__struct_fields__} | fields)
