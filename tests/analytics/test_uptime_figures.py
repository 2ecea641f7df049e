"""Uptime figures with answers known beforehand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.question import Window
from analytics.reports.types import MonitorUptime, State
from analytics.reports.uptime import uptime

MONTH = Window(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
MINUTE = timedelta(minutes=1)


def minutes(first: datetime, last: datetime, **columns: Any) -> list[dict[str, Any]]:
    """A check a minute from `first` up to but not including `last`."""
    return [
        {"monitor": "site", "due": first + number * MINUTE, **columns}
        for number in range(int((last - first) / MINUTE))
    ]


def at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 4, day, hour, minute, tzinfo=UTC)


def ask(store: Any, window: Window = MONTH, now: datetime = MONTH.end) -> MonitorUptime:
    report = store.ask(lambda snapshot: uptime(snapshot, ["site"], window, now))
    (row,) = report.monitors
    assert isinstance(row, MonitorUptime)
    return row


BAD: dict[str, Any] = {"verdict": "bad", "outcome": "connect_refused", "detail": "refused"}


def test_an_outage_of_47_minutes_breaks_three_nines_and_says_how_surely(store: Any) -> None:
    store.checks(minutes(MONTH.start - MINUTE, at(14, 9, 12)))
    store.checks(minutes(at(14, 9, 12), at(14, 9, 59), **BAD))
    store.checks(minutes(at(14, 9, 59), MONTH.end))
    row = ask(store)
    (incident,) = row.incidents
    assert (incident.start, incident.end) == (at(14, 9, 12), at(14, 9, 59))
    assert incident.confirmed_at == at(14, 9, 13)
    assert (incident.down_s, incident.failed_checks, incident.edge_s) == (47 * 60, 47, 60)
    assert (incident.outcome, incident.detail) == ("connect_refused", "refused")
    assert row.uptime == 1 - 47 / 43_200
    assert row.low == 1 - 48 / 43_200
    assert row.high == 1 - 46 / 43_200
    assert row.observed_share == 1
    assert [day.day.day for day in row.days if day.uptime != 1] == [14]


def test_a_stopped_prober_is_time_not_observed_and_no_outage(store: Any) -> None:
    store.checks(minutes(MONTH.start, at(20, 3, 1)))
    store.checks(minutes(at(20, 3, 13), MONTH.end))
    row = ask(store)
    assert not row.incidents
    assert row.uptime == 1
    assert row.seconds == {State.UP: 43_188 * 60, State.UNKNOWN: 12 * 60}
    assert row.low == row.observed_share == 43_188 / 43_200
    assert row.high == 1


def test_results_that_tell_nothing_are_no_observation(store: Any) -> None:
    store.checks(minutes(MONTH.start, at(2, 0, 0)))
    store.checks(minutes(at(2, 0, 0), at(2, 1, 0), verdict="unknown", outcome="lagged"))
    row = ask(store, now=at(2, 1, 0))
    assert row.state is State.UNKNOWN
    assert row.state_since == at(2, 0, 0)
    assert row.seconds[State.UNKNOWN] == 3600


def test_a_single_failure_is_a_blip(store: Any) -> None:
    store.checks(minutes(MONTH.start, at(1, 6, 0)))
    store.checks(minutes(at(1, 6, 0), at(1, 6, 1), **BAD))
    store.checks(minutes(at(1, 6, 1), at(1, 7, 0)))
    row = ask(store, now=at(1, 7, 0))
    assert row.uptime == row.low == 1
    (blip,) = row.blips
    assert (blip.start, blip.end, blip.failed_checks) == (at(1, 6, 0), at(1, 6, 1), 1)


def test_slow_results_are_degraded_and_count_as_up(store: Any) -> None:
    store.checks(minutes(MONTH.start, at(1, 6, 0)))
    store.checks(minutes(at(1, 6, 0), at(1, 6, 30), verdict="degraded", outcome="slow"))
    store.checks(minutes(at(1, 6, 30), at(1, 7, 0)))
    row = ask(store, now=at(1, 7, 0))
    assert row.uptime == 1
    assert row.seconds[State.DEGRADED] == 1800


def test_an_outage_that_falls_silent_goes_on_as_the_same_incident(store: Any) -> None:
    store.checks(minutes(MONTH.start, at(1, 6, 0)))
    store.checks(minutes(at(1, 6, 0), at(1, 6, 10), **BAD))
    store.checks(minutes(at(1, 7, 0), at(1, 7, 5), **BAD))
    store.checks(minutes(at(1, 7, 5), at(1, 8, 0)))
    row = ask(store, now=at(1, 8, 0))
    (incident,) = row.incidents
    assert (incident.start, incident.end) == (at(1, 6, 0), at(1, 7, 5))
    assert incident.down_s == row.seconds[State.DOWN] == 15 * 60
    assert row.seconds[State.UNKNOWN] == 50 * 60


def test_an_incident_keeps_its_edges_outside_the_window(store: Any) -> None:
    store.checks(minutes(at(1, 0, 0), at(2, 0, 0)))
    store.checks(minutes(at(2, 0, 0), at(9, 0, 0), **BAD))
    store.checks(minutes(at(9, 0, 0), at(10, 0, 0)))
    row = ask(store, Window(at(5, 0, 0), at(6, 0, 0)))
    (incident,) = row.incidents
    assert (incident.start, incident.end) == (at(2, 0, 0), at(9, 0, 0))
    assert row.uptime == 0
    assert row.seconds == {State.DOWN: 86_400}
    assert row.low == row.high == 0


def test_time_before_the_monitor_and_after_now_is_no_duty(store: Any) -> None:
    store.definitions([{"monitor": "site", "from_time": at(10, 0, 0)}])
    store.checks(minutes(at(10, 0, 1), at(10, 12, 0)))
    row = ask(store, now=at(10, 12, 0))
    assert row.intervals[0].start == at(10, 0, 1)
    assert row.intervals[-1].end == at(10, 12, 0)
    assert row.observed_share == row.uptime == 1
    assert row.days[0].seconds == {}
    assert row.days[0].uptime is None


def test_a_monitor_never_checked_has_no_uptime(store: Any) -> None:
    store.definitions([{"monitor": "site", "from_time": at(1, 0, 0)}])
    row = ask(store, now=at(2, 0, 0))
    assert (row.uptime, row.low, row.high, row.observed_share) == (None, None, None, 0)
    assert row.seconds == {State.UNKNOWN: 86_400}


def test_a_paused_monitor_is_neither_up_nor_unknown(store: Any) -> None:
    store.definitions(
        [
            {"monitor": "site", "from_time": at(1, 0, 0)},
            {"monitor": "site", "from_time": at(1, 2, 0), "paused": True},
            {"monitor": "site", "from_time": at(1, 3, 0)},
            {"monitor": "site", "from_time": at(1, 5, 0), "removed": True},
        ]
    )
    store.checks(minutes(at(1, 0, 0), at(1, 2, 0)))
    store.checks(minutes(at(1, 3, 1), at(1, 5, 0)))
    row = ask(store, now=at(2, 0, 0))
    assert row.seconds == {State.UP: 239 * 60, State.PAUSED: 61 * 60}
    assert row.observed_share == 1


@pytest.mark.parametrize(
    ("others", "state"),
    [
        ([], State.DOWN),
        (["good"], State.DEGRADED),
        (["good", "bad"], State.DOWN),
        (["good", "good"], State.DEGRADED),
    ],
)
def test_several_locations_are_down_by_majority(
    store: Any, others: list[str], state: State
) -> None:
    for number, verdict in enumerate(["bad", *others]):
        store.checks(minutes(at(1, 0, 0), at(1, 1, 0), location=f"place {number}", verdict=verdict))
    row = ask(store, now=at(1, 1, 0))
    assert row.state is state
    assert row.seconds == {state: 3600}
    assert len(row.incidents) == (state is State.DOWN)


def test_all_monitors_on_duty_are_listed_by_name_when_none_is_named(store: Any) -> None:
    for monitor, name in (("b", "Alpha"), ("a", "Beta"), ("c", "Gone")):
        store.definitions([{"monitor": monitor, "name": name, "from_time": at(1, 0, 0)}])
        store.checks(minutes(at(1, 0, 0), at(1, 1, 0), monitor=monitor))
    store.definitions([{"monitor": "c", "name": "Gone", "from_time": at(1, 1, 0), "removed": True}])
    window = Window(at(2, 0, 0), at(3, 0, 0))
    report = store.ask(lambda snapshot: uptime(snapshot, None, window, at(3, 0, 0)))
    assert [row.name for row in report.monitors] == ["Alpha", "Beta"]
    assert list(report.frame().columns)[:3] == ["monitor", "name", "state"]
