"""Contract months with answers known beforehand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from analytics.basis import Basis
from analytics.burn import RULES, burn_rate
from analytics.combined_time import Combination, Seconds, combined_time, seconds_of
from analytics.reports.contract import contract, contract_of
from analytics.reports.contract_types import (
    ContractQuestion,
    ContractReport,
    ContractState,
    CreditTier,
    Month,
    Uncounted,
    month_of,
)
from analytics.reports.types import Incident, Interval, MonitorUptime, State, UptimeReport

APRIL, MARCH = Month(2026, 4), Month(2026, 3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START, END = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
SLA = ContractQuestion(id="sla", name="SLA", target=0.999, monitors=("a", "b"))
Span = tuple[datetime, datetime, State]


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 4, day, hour, minute, tzinfo=UTC)


def down(day: int, hour: int, minute: int, minutes: float) -> Span:
    start = at(day, hour, minute)
    return (start, start + minutes * MINUTE, State.DOWN)


def watched(
    monitor: str,
    spans: Sequence[Span] = (),
    *,
    start: datetime = START - 5 * DAY,
    end: datetime = END + DAY,
) -> MonitorUptime:
    """A monitor that is up but in `spans`; each that is down is an incident of its own."""
    intervals: list[Interval] = []
    cursor = start
    for span in sorted(spans):
        intervals += [Interval(cursor, span[0], State.UP), Interval(*span)]
        cursor = span[1]
    intervals.append(Interval(cursor, end, State.UP))
    return MonitorUptime(
        monitor=monitor,
        name=monitor.upper(),
        state=State.UP,
        state_since=None,
        uptime=None,
        low=None,
        high=None,
        observed_share=1,
        seconds={},
        intervals=tuple(each for each in intervals if each.start < each.end),
        incidents=tuple(
            Incident(
                monitor=monitor,
                start=start,
                end=None if stop == end else stop,
                confirmed_at=start,
                edge_s=60,
                outcome="wrong_status",
                detail="503",
                failed_checks=2,
            )
            for start, stop, state in sorted(spans)
            if state is State.DOWN
        ),
        blips=(),
        days=(),
    )


def month(
    *rows: MonitorUptime,
    question: ContractQuestion = SLA,
    which: Month = APRIL,
    now: datetime = END + HOUR,
) -> ContractReport:
    read = UptimeReport(basis=Basis(definition="uptime", start=START, end=END), monitors=rows)
    return contract_of(read, question, which, now)


@pytest.mark.parametrize(
    ("which", "timezone", "minutes"),
    [
        (APRIL, "UTC", 43.2),
        (Month(2026, 5), "UTC", 44.64),
        (Month(2026, 2), "UTC", 40.32),
        (MARCH, "Europe/Paris", 44.58),
        (Month(2026, 10), "Europe/Paris", 44.7),
    ],
)
def test_three_nines_allow_what_the_months_real_length_makes_of_them(
    which: Month, timezone: str, minutes: float
) -> None:
    question = structs.replace(SLA, timezone=timezone)
    window = which.window(timezone)
    row = watched("a", start=window.start, end=window.end)
    report = month(row, question=question, which=which, now=window.end)
    assert report.allowed_s == pytest.approx(minutes * 60)
    assert report.state is ContractState.KEPT
    assert report.uptime == 1


def test_a_month_begins_where_its_zone_has_midnight() -> None:
    assert APRIL.window("Europe/Paris").start == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert month_of(datetime(2026, 3, 31, 22, tzinfo=UTC), "Europe/Paris") == APRIL
    assert month_of(datetime(2026, 3, 31, 21, 59, tzinfo=UTC), "Europe/Paris") == MARCH
    assert [str(Month(2026, 1).moved(n)) for n in (-1, 0, 12)] == ["2025-12", "2026-01", "2027-01"]


def test_an_outage_leaves_what_it_left_and_its_edges_are_in_the_bounds() -> None:
    report = month(watched("a", [down(14, 9, 12, 12)]), now=at(20))
    assert report.left_s == pytest.approx(31.2 * 60)
    assert (report.down_low_s, report.down_s, report.down_high_s) == (11 * 60, 720, 13 * 60)
    assert report.state is ContractState.RUNNING
    assert report.lived_s == 19 * DAY.total_seconds()
    assert report.uptime == 1 - 12 / (19 * 1440)
    assert report.sure


def test_a_month_over_its_budget_is_broken_and_its_tier_is_claimable() -> None:
    tiers = (CreditTier(below=99.9, credit=10), CreditTier(below=99.0, credit=25))
    question = structs.replace(SLA, credits=tiers)
    report = month(watched("a", [down(14, 9, 12, 47)]), question=question)
    assert report.state is ContractState.BROKEN
    assert report.left_s == pytest.approx(-3.8 * 60)
    assert report.claimable == tiers[0]
    assert report.sure
    assert month(watched("a", [down(14, 9, 12, 433)]), question=question).claimable == tiers[1]
    kept = month(watched("a", [down(14, 9, 12, 43)]), question=question)
    assert (kept.state, kept.claimable, kept.sure) == (ContractState.KEPT, None, False)


def test_only_time_already_lived_counts() -> None:
    half = month(watched("a", end=at(16)), now=at(16))
    assert (half.up_s, half.down_s) == (15 * DAY.total_seconds(), 0)
    assert half.uptime == 1
    assert half.left_s == half.allowed_s
    assert not half.over
    ahead = month(watched("a"), now=START - DAY)
    assert (ahead.state, ahead.lived_s, ahead.uptime) == (ContractState.NO_DATA, 0, None)


def test_nothing_observed_is_no_data_and_neither_kept_nor_broken() -> None:
    unseen = month(watched("a", [(START - DAY, END + HOUR, State.UNKNOWN)]))
    assert (unseen.state, unseen.uptime, unseen.low, unseen.observed_share) == (
        ContractState.NO_DATA,
        None,
        None,
        0,
    )
    assert not unseen.sure
    assert month().state is ContractState.NO_DATA


def test_time_not_observed_widens_the_bounds_and_takes_no_budget() -> None:
    gap = (at(20), at(20) + HOUR, State.UNKNOWN)
    report = month(watched("a", [gap]))
    assert (report.down_low_s, report.down_s, report.down_high_s) == (0, 0, 3600)
    assert report.state is ContractState.KEPT
    assert not report.sure
    assert report.observed_share == 1 - 1 / 720


def test_overlapping_outages_are_one_incident_and_count_once() -> None:
    report = month(
        watched("a", [down(3, 10, 0, 10), down(20, 1, 0, 2)]),
        watched("b", [down(3, 10, 5, 10)]),
    )
    first, second = report.incidents
    assert (first.monitors, first.counted_s, first.month_s) == (("a", "b"), 900, 900)
    assert (second.monitors, second.counted_s, second.why) == (("a",), 120, ())
    assert report.down_s == 1020 == sum(each.counted_s for each in report.incidents)
    assert [row.down_s for row in report.monitors] == [720, 600]


def test_the_combination_says_what_counts() -> None:
    rows = (watched("a", [down(3, 10, 0, 10)]), watched("b", [down(3, 10, 5, 10)]))
    whole = month(*rows, question=structs.replace(SLA, combination=Combination.ALL))
    (incident,) = whole.incidents
    assert (incident.counted_s, incident.answered_s) == (300, 600)
    assert incident.why == (Uncounted.ANSWERED,)
    weighted = structs.replace(SLA, combination=Combination.WEIGHTED, weights={"a": 3})
    part = month(*rows, question=weighted)
    assert part.down_s == pytest.approx(0.75 * 300 + 300 + 0.25 * 300)
    assert part.incidents[0].counted_s == pytest.approx(part.down_s)
    assert part.down_high_s - part.down_s == pytest.approx(60)


def test_an_incident_is_cut_at_the_month_and_by_maintenance() -> None:
    before = (START - 10 * MINUTE, START + 5 * MINUTE, State.DOWN)
    after = (END - 5 * MINUTE, END + 20 * MINUTE, State.DOWN)
    row = watched("a", [before, down(9, 9, 0, 10), after])
    planned = [
        Interval(each.start + 4 * MINUTE, each.end, State.MAINTENANCE)
        if each.start == at(9, 9)
        else each
        for each in row.intervals
    ]
    planned.insert(3, Interval(at(9, 9), at(9, 9, 4), State.DOWN))
    report = month(structs.replace(row, intervals=tuple(planned)))
    assert [(each.counted_s, each.why) for each in report.incidents] == [
        (300, (Uncounted.BEFORE,)),
        (240, (Uncounted.EXCLUDED,)),
        (300, (Uncounted.AFTER,)),
    ]
    assert [each.outside_s for each in report.incidents] == [600, 0, 1200]
    assert report.excluded_s == 360


def test_an_outage_that_lasts_counts_up_to_now() -> None:
    row = watched("a", [(at(20), at(20, 0, 30), State.DOWN)], end=at(20, 0, 30))
    report = month(row, now=at(20, 0, 30))
    (incident,) = report.incidents
    assert (incident.end, incident.counted_s, incident.why) == (None, 1800, ())


UP, DOWN, MISSING, PAUSED = State.UP, State.DOWN, State.UNKNOWN, State.PAUSED


@pytest.mark.parametrize(
    ("states", "combination", "told"),
    [
        ((UP, DOWN), Combination.ANY, "down"),
        ((MISSING, DOWN), Combination.ANY, "down"),
        ((MISSING, UP), Combination.ANY, "unknown"),
        ((PAUSED, UP), Combination.ANY, "up"),
        ((PAUSED, State.MAINTENANCE), Combination.ANY, "excluded"),
        ((UP, DOWN), Combination.ALL, "up"),
        ((MISSING, DOWN), Combination.ALL, "unknown"),
        ((PAUSED, DOWN), Combination.ALL, "down"),
        ((UP, MISSING), Combination.ALL, "up"),
        ((PAUSED, DOWN), Combination.WEIGHTED, "down"),
    ],
)
def test_two_states_at_once_make_one(
    states: tuple[State, State], combination: Combination, told: str
) -> None:
    intervals = {
        name: (Interval(START, START + MINUTE, state),)
        for name, state in zip("ab", states, strict=True)
    }
    seconds = seconds_of(combined_time(intervals, combination, {}))
    assert seconds == Seconds(**{f"{told}_s": 60.0})


def test_the_budget_burns_as_fast_as_confirmed_down_time_says() -> None:
    assert burn_rate(43.2, 3600, 0.999) == pytest.approx(12)
    now = at(20)
    row = watched("a", [(now - 6 * MINUTE, now, State.DOWN)], end=now)
    page, slower, ticket = month(row, now=now).burns
    assert page.long_rate == pytest.approx(100)
    assert page.short_rate == pytest.approx(1000)
    assert slower.long_rate == pytest.approx(1000 / 60)
    assert ticket.long_rate == pytest.approx(6 / 4320 * 1000)
    assert (page.burning, slower.burning, ticket.burning) == (True, True, True)
    assert not any(burn.burning for burn in month(watched("a"), now=now).burns)
    assert month(row, now=END).burns == ()


def test_a_target_of_all_time_is_broken_by_any_second_and_has_no_rate() -> None:
    always = structs.replace(SLA, target=1.0)
    report = month(watched("a", [down(14, 9, 12, 1)]), question=always, now=at(20))
    assert (report.state, report.allowed_s, report.left_s) == (ContractState.BROKEN, 0, -60)
    assert report.burns == ()
    assert month(watched("a"), question=always).state is ContractState.KEPT


def test_no_rule_speaks_before_one_full_long_window_of_history() -> None:
    now = at(20)
    row = watched("a", [(now - 6 * MINUTE, now, State.DOWN)], start=now - 2 * HOUR, end=now)
    rates = [burn.long_rate for burn in month(row, now=now).burns]
    assert [rate is not None for rate in rates] == [True, False, False]
    assert len(rates) == len(RULES)


def test_a_month_of_stored_checks_is_read_with_the_days_before_it(store: Any) -> None:
    start = START - 4 * DAY
    store.checks(
        [
            {
                "monitor": monitor,
                "due": start + n * MINUTE,
                "verdict": "bad" if monitor == "a" and bad else "good",
            }
            for monitor in "ab"
            for n in range(5 * 1440)
            for bad in (5 * 1440 - 600 <= n < 5 * 1440 - 588,)
        ]
    )
    now = START + DAY
    report = store.ask(lambda snapshot: contract(snapshot, SLA, APRIL, now))
    assert report.down_s == 720
    assert report.left_s == pytest.approx(31.2 * 60)
    assert report.burns[2].long_rate == pytest.approx(12 / 4320 * 1000)
    assert report.frame()["counted_s"].tolist() == [720]
