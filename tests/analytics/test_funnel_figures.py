"""What a funnel says of sessions known beforehand: levels, windows, samples, intervals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.basis import Withheld
from analytics.question import SiteScope, Step, Window
from analytics.reports.funnel import funnel
from analytics.reports.types import FunnelReport

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
SCOPE = SiteScope(site="shop", levels=("novice", "expert"))
STEPS = (Step(page="/form", name="form"), Step(event="signed"))
LATER = WINDOW.end + timedelta(days=1)


def session_id(number: int, bucket: float) -> str:
    return f"{number:024x}{int(bucket * 2**32):08x}"


def visit(
    number: int, bucket: float, *, signs: bool, entered: datetime = START, **columns: Any
) -> list[dict[str, Any]]:
    """A session that enters and, if it signs, does so 90 s later."""
    session = session_id(number, bucket)
    rows = [{"session": session, "time": entered, "page": "/form", **columns}]
    if signs:
        time = entered + timedelta(seconds=90)
        rows.append(
            {
                "session": session,
                "time": time,
                "batch": 2,
                "kind": "event",
                "name": "signed",
                **columns,
            }
        )
    return rows


def visits(buckets: float, count: int, signing: int, **columns: Any) -> list[dict[str, Any]]:
    return [
        row
        for number in range(count)
        for row in visit(
            number, buckets * (number + 0.5) / count, signs=number < signing, **columns
        )
    ]


def ask(store: Any, *, now: datetime = LATER, sample: float | None = None) -> FunnelReport:
    report = store.ask(
        lambda snapshot: funnel(
            snapshot, SCOPE, STEPS, WINDOW, convert_within_s=3600, now=now, sample=sample
        )
    )
    assert isinstance(report, FunnelReport)
    return report


def test_shares_carry_wilson_intervals_and_times(store: Any) -> None:
    store.events(visits(0.2, 100, 40, level="novice"))
    report = ask(store)
    step = report.everyone.steps[1]
    assert (step.reached, step.label, step.of_entered.value) == (40, "signed", 0.4)
    assert step.of_entered.low == pytest.approx(0.3094, abs=1e-4)
    assert step.of_entered.high == pytest.approx(0.4980, abs=1e-4)
    assert report.everyone.steps[0].dropped == 60
    assert (report.everyone.convert_p50_s, report.everyone.convert_p75_s) == (90, 90)
    assert report.levels[0].steps == report.everyone.steps
    assert report.levels[1].steps[0].of_entered.withheld is Withheld.NO_DATA
    assert (report.basis.sample, report.basis.sessions, report.basis.note) == (0.2, 100, "")
    assert len(report.frame()) == 6


def test_the_first_level_declared_labels_what_came_before_sign_in(store: Any) -> None:
    session = session_id(1, 0)
    minute = timedelta(minutes=1)
    store.events(
        [
            {"session": session, "time": START, "page": "/form"},
            {"session": session, "time": START + minute, "page": "/home", "level": "novice"},
            {
                "session": session,
                "time": START + 2 * minute,
                "kind": "event",
                "name": "signed",
                "level": "expert",
            },
        ]
    )
    novice, expert = ask(store).levels
    assert [step.reached for step in novice.steps] == [1, 1]
    assert expert.entered == 0


def test_only_the_sample_is_read_where_it_says_enough(store: Any) -> None:
    store.events(visits(1.0, 500, 250, level="novice"))
    report = ask(store)
    assert (report.everyone.entered, report.basis.sample) == (100, 0.2)
    assert ask(store, sample=1.0).everyone.entered == 500


def test_all_that_is_kept_is_read_where_the_sample_says_too_little(store: Any) -> None:
    store.events(visits(1.0, 100, 30, level="novice"))
    report = ask(store)
    assert (report.everyone.entered, report.basis.asked_sample, report.basis.sample) == (
        100,
        0.2,
        1.0,
    )
    assert report.basis.note == "some figures are withheld at 20%: all that is kept was read"
    assert report.everyone.steps[1].of_entered.value == 0.3


def test_sessions_still_in_window_are_in_no_share(store: Any) -> None:
    now = START + timedelta(hours=5)
    store.events(visits(0.1, 60, 30, level="novice"))
    store.events(visits(0.11, 10, 5, level="novice", entered=now - timedelta(minutes=30)))
    first, second = ask(store, now=now).everyone.steps
    assert (first.reached, second.reached) == (70, 35)
    assert (first.still_in_window, first.dropped) == (5, 30)
    assert second.of_entered.value == 0.5
    assert second.of_entered.effective_n == 60


def test_a_conversion_after_the_windows_end_still_counts(store: Any) -> None:
    entered = WINDOW.end - timedelta(seconds=30)
    store.events(visit(1, 0.1, signs=True, entered=entered))
    assert [step.reached for step in ask(store).everyone.steps] == [1, 1]


def test_bots_are_left_out(store: Any) -> None:
    store.events(visits(0.2, 40, 20, level="novice"))
    store.events(visit(99, 0.1, signs=True, bot=True))
    assert ask(store).everyone.entered == 40


def test_many_sessions_of_few_visitors_are_withheld(store: Any) -> None:
    store.events(visits(0.2, 100, 40, level="novice", user_key="one"))
    step = ask(store).everyone.steps[1]
    assert step.of_entered.withheld is Withheld.TOO_FEW_VISITORS
    assert step.reached == 40


@pytest.mark.parametrize(
    "steps",
    [[], [Step(page="/")] * 11, [Step()], [Step(page="/", event="signed")]],
    ids=["none", "too many", "neither", "both"],
)
def test_steps_that_make_no_sense_are_refused(store: Any, steps: list[Step]) -> None:
    with pytest.raises(ValueError, match="step"):
        store.ask(
            lambda snapshot: funnel(
                snapshot, SCOPE, steps, WINDOW, convert_within_s=3600, now=LATER
            )
        )


def test_an_empty_store_has_an_empty_funnel(store: Any) -> None:
    report = ask(store)
    assert report.everyone.entered == report.basis.sessions == 0
    assert report.everyone.steps[1].of_entered.withheld is Withheld.NO_DATA
