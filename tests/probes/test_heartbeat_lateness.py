"""When a job is late: not before its grace has passed, not while nobody could take its call."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from probes.heartbeat import Call, Ping
from probes.lateness import TICK_S, Span, due_after_us, results, standings
from probes.monitor import Monitor, monitor_problems
from probes.outcome import Outcome

S = 1_000_000
HOUR = 3600
HOURLY = Monitor(id="backup", kind="heartbeat", period_s=HOUR, grace_s=300)
DAY: list[Span] = [(0, 24 * HOUR * S)]


def done(at_s: float) -> Ping:
    return Ping(monitor="backup", call=Call.DONE, received_us=round(at_s * S))


def failed(at_s: float) -> Ping:
    return Ping(monitor="backup", call=Call.FAILED, received_us=round(at_s * S))


def started(at_s: float) -> Ping:
    return Ping(monitor="backup", call=Call.STARTED, received_us=round(at_s * S))


def stood(
    pings: list[Ping], until_s: float, present: list[Span] = DAY, monitor: Monitor = HOURLY
) -> list[tuple[float, float, str]]:
    """From, to (seconds) and outcome, "" for nothing known."""
    return [
        (each.from_us / S, each.until_us / S, each.outcome.value if each.outcome else "")
        for each in standings(monitor, pings, present, round(until_s * S))
    ]


def test_a_job_in_time_is_good_throughout() -> None:
    pings = [done(0), done(3700), done(7400)]
    assert stood(pings, 9000) == [(0, 3700, "ok"), (3700, 7400, "ok"), (7400, 9000, "ok")]


def test_a_job_is_late_from_the_end_of_its_grace_until_it_calls() -> None:
    assert stood([done(0)], 3899) == [(0, 3899, "ok")]
    assert stood([done(0), done(5000)], 5100) == [
        (0, 3900, "ok"),
        (3900, 5000, "heartbeat_late"),
        (5000, 5100, "ok"),
    ]


def test_a_job_that_never_called_is_not_judged() -> None:
    assert stood([], 90_000) == []
    assert stood([started(5)], 90_000) == []


def test_a_job_that_failed_is_bad_until_it_is_done() -> None:
    assert stood([done(0), failed(3600), done(3700)], 4000) == [
        (0, 3600, "ok"),
        (3600, 3700, "heartbeat_failed"),
        (3700, 4000, "ok"),
    ]


def test_a_call_that_may_have_been_lost_makes_nothing_late() -> None:
    """Away from 3,500 s to 3,700 s, when the call was due: it may have come then. Had it come in
    the last moment of it, the next would be late at 3,700 + 3,600 + 300 s."""
    present = [(0, 3500 * S), (3700 * S, DAY[0][1])]
    assert stood([done(0)], 7000, present) == [(0, 3900, "ok"), (3900, 7000, "")]
    assert stood([done(0)], 8000, present) == [
        (0, 3900, "ok"),
        (3900, 7600, ""),
        (7600, 8000, "heartbeat_late"),
    ]


def test_an_absence_when_no_call_was_due_excuses_nothing() -> None:
    present = [(0, 600 * S), (3000 * S, DAY[0][1])]
    assert stood([done(0)], 5000, present) == [(0, 3900, "ok"), (3900, 5000, "heartbeat_late")]


def test_while_nobody_is_there_nothing_bad_is_said_of_a_job_known_to_be_late() -> None:
    present = [(0, 5000 * S), (6000 * S, DAY[0][1])]
    found = results(
        HOURLY, [done(0)], present, since_us=3600 * S, until_us=6500 * S, location="here"
    )
    late = [each.due_us / S for each in found if each.outcome is Outcome.HEARTBEAT_LATE]
    assert late[0] == 3900
    assert {at for at in late if 5000 < at < 6000} == set()
    assert max(late) > 6400


def test_results_go_on_where_they_ended_however_they_are_asked_for() -> None:
    """In one go, or in steps of any length: the same moments, none twice, lateness backdated."""
    pings = [done(10), started(3600), done(3605), done(9000), failed(12_000)]
    whole = results(HOURLY, pings, DAY, since_us=0, until_us=14_000 * S, location="here")
    pieces, since_us = [], 0
    for until_s in (100, 3_605, 3_606, 7_600, 7_777, 8_000, 9_000, 13_000, 14_000):
        more = results(HOURLY, pings, DAY, since_us=since_us, until_us=until_s * S, location="here")
        pieces += more
        since_us = more[-1].due_us if more else since_us
    assert pieces == whole
    late = [each for each in whole if each.outcome is Outcome.HEARTBEAT_LATE]
    assert late[0].due_us == (3605 + 3600 + 300) * S
    assert "it was due at 1970-01-01 02:00:05 UTC" in late[0].detail
    assert [each.total_ms for each in whole if each.due_us == 3605 * S] == [5000.0]
    gaps = [(b.due_us - a.due_us) / S for a, b in pairwise(whole)]
    assert max(gaps) <= TICK_S


@pytest.mark.parametrize(
    ("called", "due"),
    [
        ("2026-03-28 02:30", "2026-03-29 03:00"),  # 02:30 does not exist: Debian runs it at 03:00
        ("2026-03-29 03:00", "2026-03-30 02:30"),
        ("2026-10-24 02:30", "2026-10-25 02:30"),  # the first of the two
        ("2026-10-25 02:31", "2026-10-26 02:30"),
    ],
)
def test_a_cron_job_follows_its_zone_through_the_nights_of_the_clock(called: str, due: str) -> None:
    paris = ZoneInfo("Europe/Paris")
    nightly = Monitor(id="x", kind="heartbeat", cron="30 2 * * *", cron_timezone="Europe/Paris")
    at = datetime.fromisoformat(called).replace(tzinfo=paris)
    found = datetime.fromtimestamp(due_after_us(nightly, round(at.timestamp() * S)) / S, UTC)
    assert found == datetime.fromisoformat(due).replace(tzinfo=paris).astimezone(UTC)


def test_a_call_a_little_before_its_time_counts_for_it() -> None:
    nightly = Monitor(id="x", kind="heartbeat", cron="0 2 * * *")
    two = datetime(2026, 5, 2, 2, tzinfo=UTC)
    for early_s, days in ((10, 1), (60, 0)):
        called_us = round((two - timedelta(seconds=early_s)).timestamp() * S)
        due = datetime.fromtimestamp(due_after_us(nightly, called_us) / S, UTC)
        assert due == two + timedelta(days=days)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "period_s"),
        ({"period_s": 60.0, "cron": "* * * * *"}, "period_s"),
        ({"period_s": 0.1}, "period_s"),
        ({"period_s": 60.0, "grace_s": -1.0}, "grace_s"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"cron": "0 2 * * *", "cron_timezone": "Mars/Olympus"}, "cron_timezone"),
        ({"cron": "0 2 * * *", "cron_timezone": "/etc/passwd"}, "cron_timezone"),
    ],
)
def test_a_heartbeat_that_could_not_be_judged_is_refused(
    wrong: dict[str, float | str], field: str
) -> None:
    heartbeat = Monitor(id="x", kind="heartbeat", **wrong)  # type: ignore[arg-type]
    assert [problem.field for problem in monitor_problems(heartbeat)] == [field]
