"""Planned maintenance: when it is, through clock changes too, and what it leaves of outages."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics.maintenance import Maintenance, Weekly, planned, windows
from analytics.question import Window
from analytics.reports.types import MonitorUptime, State
from analytics.reports.uptime import uptime
from analytics.times import to_us

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 4, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekly(at: str, minutes: float, zone: str = "Europe/Paris", days: str = "6") -> Weekly:
    return Weekly(
        weekdays=tuple(int(day) for day in days),
        at=time.fromisoformat(at),
        lasts=timedelta(minutes=minutes),
        zone=ZoneInfo(zone),
    )


@pytest.mark.parametrize(
    ("at", "sundays"),
    [
        # 29 March 2026: at 02:00 the clocks of Paris go on to 03:00.
        ("01:30", ["2026-03-22T00:30", "2026-03-29T00:30", "2026-04-04T23:30"]),
        ("02:30", ["2026-03-22T01:30", "2026-03-29T01:30", "2026-04-05T00:30"]),
        ("03:30", ["2026-03-22T02:30", "2026-03-29T01:30", "2026-04-05T01:30"]),
    ],
)
def test_a_weekly_window_follows_the_clocks_in_spring(at: str, sundays: list[str]) -> None:
    found = list(windows(weekly(at, 60), utc("2026-03-21T00:00"), utc("2026-04-06T00:00")))
    assert [each.start for each in found] == [utc(sunday) for sunday in sundays]
    assert {each.end - each.start for each in found} == {timedelta(hours=1)}


def test_a_time_the_clocks_show_twice_in_autumn_is_the_first_of_the_two() -> None:
    # 25 October 2026: at 03:00 the clocks of Paris go back to 02:00.
    found = list(windows(weekly("02:30", 90), utc("2026-10-24T12:00"), utc("2026-11-01T12:00")))
    assert [each.start for each in found] == [utc("2026-10-25T00:30"), utc("2026-11-01T01:30")]
    assert {each.end - each.start for each in found} == {timedelta(minutes=90)}


def test_windows_over_midnight_and_over_the_edges_are_found_whole() -> None:
    found = list(
        windows(weekly("23:30", 120, "UTC", "0"), utc("2026-04-07T01:00"), utc("2026-04-13T23:45"))
    )
    assert [each.start for each in found] == [utc("2026-04-06T23:30"), utc("2026-04-13T23:30")]
    long = list(windows(weekly("00:00", 7 * 1_440, "UTC", "3"), START, START + 2 * DAY))
    assert [each.start for each in long] == [utc("2026-03-26T00:00"), utc("2026-04-02T00:00")]


def test_what_overlaps_is_one_and_concerns_only_the_monitors_named() -> None:
    found = [
        Maintenance(id="a", when=Window(START, START + 10 * MINUTE)),
        Maintenance(id="b", when=Window(START + 5 * MINUTE, START + 20 * MINUTE)),
        Maintenance(id="c", monitors=("other",), when=Window(START + 15 * MINUTE, START + DAY)),
    ]
    assert planned(found, "site", START - DAY, START + DAY) == [
        (to_us(START), to_us(START + 20 * MINUTE))
    ]
    assert planned(found, "other", START - DAY, START + 12 * MINUTE) == [
        (to_us(START), to_us(START + 12 * MINUTE))
    ]


def asked(
    store: Any, down: tuple[int, int], work: tuple[int, int], until: int = 60
) -> MonitorUptime:
    """A check a minute, bad in minutes `down`, with maintenance in minutes `work`."""
    store.checks(
        [
            {
                "monitor": "site",
                "due": START + number * MINUTE,
                "verdict": "bad" if down[0] <= number < down[1] else "good",
            }
            for number in range(until)
        ]
    )
    now = START + until * MINUTE
    window = Window(START + work[0] * MINUTE, START + work[1] * MINUTE)
    report = store.ask(
        lambda snapshot: uptime(
            snapshot, ["site"], Window(START, now), now, [Maintenance(id="w", when=window)]
        )
    )
    (row,) = report.monitors
    assert isinstance(row, MonitorUptime)
    return row


def minutes(row: MonitorUptime) -> list[tuple[int, int | None, float]]:
    return [
        (
            (each.start - START) // MINUTE,
            None if each.end is None else (each.end - START) // MINUTE,
            each.down_s / 60,
        )
        for each in row.incidents
    ]


@pytest.mark.parametrize(
    ("down", "work", "incidents", "seconds"),
    [
        ((20, 30), (15, 35), [], {"up": 40, "maintenance": 20}),
        ((20, 40), (15, 30), [(30, 40, 10)], {"up": 35, "maintenance": 15, "down": 10}),
        ((10, 25), (20, 30), [(10, 25, 10)], {"up": 40, "maintenance": 10, "down": 10}),
        ((10, 40), (20, 30), [(10, 40, 20)], {"up": 30, "maintenance": 10, "down": 20}),
        ((50, 60), (40, 55), [(55, None, 5)], {"up": 40, "maintenance": 15, "down": 5}),
    ],
)
def test_an_outage_counts_where_it_reaches_out_of_the_work(
    store: Any,
    down: tuple[int, int],
    work: tuple[int, int],
    incidents: list[tuple[int, int | None, float]],
    seconds: dict[str, float],
) -> None:
    row = asked(store, down, work)
    assert minutes(row) == incidents
    assert {state.value: each / 60 for state, each in row.seconds.items()} == seconds
    assert row.observed_share == 1
    assert all(each.confirmed_at >= each.start for each in row.incidents)


def test_the_end_of_the_work_alone_makes_no_outage_of_what_failed_in_it(store: Any) -> None:
    """The work ends half a minute after the last failing check: nobody looked since."""
    store.checks(
        [
            {"monitor": "site", "due": START + n * MINUTE, "verdict": "bad" if n > 9 else "good"}
            for n in range(20)
        ]
    )
    half = timedelta(seconds=30)
    work = [Maintenance(id="w", when=Window(START + 5 * MINUTE, START + 19 * MINUTE + half))]

    def ask(now: datetime) -> MonitorUptime:
        window = Window(START, now)
        report = store.ask(lambda snapshot: uptime(snapshot, ["site"], window, now, work))
        row = report.monitors[0]
        assert isinstance(row, MonitorUptime)
        return row

    row = ask(START + 19 * MINUTE + 2 * half)
    assert (row.incidents, row.state) == ((), State.UNKNOWN)
    store.checks([{"monitor": "site", "due": START + 20 * MINUTE, "verdict": "bad"}])
    row = ask(START + 20 * MINUTE + half)
    assert row.state is State.DOWN
    (incident,) = row.incidents
    assert incident.start == START + 19 * MINUTE + half
    store.clear()


def test_planned_work_in_the_reports_own_zone_is_left_out_of_uptime(store: Any) -> None:
    store.checks([{"monitor": "site", "due": START + n * MINUTE} for n in range(7 * 1_440)])
    now = START + 7 * DAY
    work = [Maintenance(id="w", when=weekly("02:00", 45, days="0123456"))]
    report = store.ask(lambda s: uptime(s, ["site"], Window(START, now), now, work))
    (row,) = report.monitors
    assert row.seconds == {State.UP: 7 * 1_395 * 60, State.MAINTENANCE: 7 * 45 * 60}
    assert (row.uptime, row.observed_share) == (1, 1)
    assert row.intervals[0].start == datetime(2026, 4, 1, 2, tzinfo=PARIS)
