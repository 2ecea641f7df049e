"""A journey's slots join outside, people, activity and errors; short of records, it says so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from analytics.question import JourneyQuestion, SiteScope, Step, Window
from analytics.reports.funnel import funnel
from analytics.reports.journey import journey
from analytics.reports.types import FindingKind, JourneyReport, State

START = datetime(2026, 3, 2, tzinfo=UTC)
NOW = START + timedelta(days=7)
WINDOW = Window(START, NOW)
HOUR = timedelta(hours=1)
QUESTION = JourneyQuestion(
    id="sign",
    name="Sign a mandate",
    owner="Mandates",
    scope=SiteScope(site="shop", levels=("novice", "expert")),
    steps=(Step(page="/form", name="form"), Step(event="signed", name="signed")),
    event="signed",
    monitors=("home",),
    window_s=3600,
)


def ask(
    store: Any, question: JourneyQuestion = QUESTION, window: Window = WINDOW, now: datetime = NOW
) -> JourneyReport:
    report = store.ask(lambda snapshot: journey(snapshot, question, window, now))
    assert isinstance(report, JourneyReport)
    return report


def people(hour: int, count: int, signing: int, level: str) -> list[dict[str, Any]]:
    """Sessions that come to the form early in an hour after START; so many of them sign."""
    rows = []
    for number in range(count):
        session = f"{hour:016x}{sum(map(ord, level)):04x}{number:04x}{number * 40_000_000:08x}"
        time = START + hour * HOUR + timedelta(seconds=number)
        rows.append({"session": session, "time": time, "page": "/form", "level": level})
        if number < signing:
            later = {"time": time + timedelta(seconds=60), "batch": 2, "kind": "event"}
            rows.append({**rows[-1], **later, "name": "signed"})
    return rows


def usual_week() -> list[dict[str, Any]]:
    return [
        row
        for hour in range(8, 168, 4)
        for level, count in (("novice", 20), ("expert", 10))
        for row in people(hour, count, count * 8 // 10, level)
    ]


def checks(down: Window | None = None) -> list[dict[str, Any]]:
    """A check a minute, all good but those due while down."""
    dues = [START + number * timedelta(minutes=1) for number in range(7 * 1440)]
    return [
        {
            "monitor": "home",
            "due": due,
            "verdict": "bad" if down and down.start <= due < down.end else "good",
            "outcome": "connect_refused",
        }
        for due in dues
    ]


def without(rows: list[dict[str, Any]], window: Window) -> list[dict[str, Any]]:
    return [row for row in rows if not window.start <= row["time"] < window.end]


def test_green_probes_and_failing_people_are_told_in_one_sentence(store: Any) -> None:
    usual = [
        row for row in usual_week() if not START + 100 * HOUR <= row["time"] < START + 108 * HOUR
    ]
    broken = [
        row
        for hour in (100, 104)
        for row in (*people(hour, 20, 1, "novice"), *people(hour, 10, 8, "expert"))
    ]
    store.events([*usual, *broken])
    store.checks(checks())
    report = ask(store)
    (finding,) = report.findings
    assert (finding.kind, finding.level, finding.step) == (FindingKind.PEOPLE, "novice", "form")
    assert START + 99 * HOUR <= finding.start <= START + 100 * HOUR
    assert finding.end is not None
    assert START + 105 * HOUR <= finding.end <= START + 108 * HOUR
    for said in ("Probes were green while people failed", "novice sessions", "“form”", " 5 %"):
        assert said in finding.sentence


def test_what_an_outage_explains_is_told_as_the_outage(store: Any) -> None:
    down = Window(START + 100 * HOUR, START + 105 * HOUR)
    store.events(without(usual_week(), down))
    store.events(people(100, 30, 1, "novice") + people(104, 30, 1, "novice"))
    store.checks(checks(down))
    report = ask(store)
    (finding,) = report.findings
    assert finding.kind is FindingKind.OUTAGE
    assert (finding.start, finding.end) == (down.start, down.end)
    assert finding.sentence.startswith("home was down for 5 h on 6 Mar from 04:00 to 09:00 UTC")
    slot = next(slot for slot in report.slots if slot.start == down.start)
    assert (slot.outside, slot.down_s, slot.observed_share) == (State.DOWN, 3600, 1)


def test_slots_hold_people_activity_and_errors(store: Any) -> None:
    store.events(people(8, 40, 30, "novice") + people(9, 4, 4, "expert"))
    error = {"session": "a" * 32, "time": START + 8 * HOUR, "kind": "error", "name": "TypeError"}
    store.events([error])
    report = ask(store)
    slot, after = report.slots[8], report.slots[9]
    assert (slot.start, slot.end) == (START + 8 * HOUR, START + 9 * HOUR)
    assert (slot.entered["novice"], slot.entered["expert"], slot.entered[""]) == (40, 0, 40)
    assert slot.passed["novice"].value == 0.75
    assert after.passed["expert"].value is None
    assert (slot.activity, slot.errors, after.activity, after.errors) == (30, 1, 4, 0)
    assert report.activity_total == 34
    assert slot.outside is State.UNKNOWN
    assert report.basis.note == "some figures are withheld at 20%: all that is kept was read"


def test_the_funnel_is_the_funnel_reports(store: Any) -> None:
    store.events(usual_week())
    report = ask(store)
    alone = store.ask(
        lambda snapshot: funnel(
            snapshot,
            QUESTION.scope,
            QUESTION.steps,
            WINDOW,
            convert_within_s=3600,
            now=NOW,
            sample=report.basis.sample,
        )
    )
    assert report.funnel.everyone == alone.everyone
    assert report.funnel.levels == alone.levels


def test_activity_counts_sealed_and_hot_rows_once_and_knows_the_usual(store: Any) -> None:
    store.insert(
        "hourly_counts",
        [
            {
                "site": "shop",
                "day": time.date(),
                "hour": time,
                "kind": "event",
                "name": "signed",
                "level": "novice",
                "count": count,
                "generated": False,
            }
            for week, count in ((5, 1), (4, 10), (3, 20), (2, 30), (1, 40), (0, 7))
            for time in [START + 10 * HOUR - timedelta(weeks=week)]
        ],
    )
    store.events(people(10, 2, 2, "novice") + people(11, 1, 1, "expert"))
    report = ask(store)
    assert (report.slots[10].activity, report.slots[10].expected) == (9, 25)
    assert (report.slots[11].activity, report.slots[11].expected) == (1, 0)
    assert report.slots[9].expected == 0
    assert report.activity_total == 10


def test_without_three_weeks_of_history_nothing_is_usual(store: Any) -> None:
    store.events(people(10, 2, 2, "novice"))
    assert {slot.expected for slot in ask(store).slots} == {None}


def test_a_short_window_is_compared_with_the_week_before_it(store: Any) -> None:
    store.events(without(usual_week(), Window(START + 160 * HOUR, NOW)))
    store.events(people(161, 30, 1, "novice"))
    store.checks(checks())
    report = ask(store, window=Window(NOW - timedelta(hours=12), NOW))
    assert [finding.kind for finding in report.findings] == [FindingKind.PEOPLE]
    assert report.funnel.everyone.entered == 30 + 30
    assert report.slots[1].start - report.slots[0].start == timedelta(minutes=15)


@pytest.mark.parametrize("lacking", ["everything", "steps", "monitors", "event"])
def test_a_journey_that_lacks_something_still_says_the_rest(store: Any, lacking: str) -> None:
    question = QUESTION
    if lacking != "everything":
        store.events(people(8, 40, 30, "novice"))
        store.checks(checks())
        question = structs.replace(question, **{lacking: "" if lacking == "event" else ()})
    report = ask(store, question)
    slot = report.slots[8]
    assert slot.entered[""] == (0 if lacking in ("everything", "steps") else 40)
    assert slot.activity == (0 if lacking in ("everything", "event") else 30)
    assert slot.outside is (State.UNKNOWN if lacking in ("everything", "monitors") else State.UP)
    assert len(report.frame()) == len(report.slots) * 3


def test_an_outage_that_lasts_is_told_first_and_without_an_end(store: Any) -> None:
    store.checks(checks(Window(NOW - timedelta(minutes=10), NOW)))
    store.checks([{**each, "monitor": "other"} for each in checks()])
    (finding,) = ask(store, structs.replace(QUESTION, monitors=("home", "other"))).findings
    assert finding.sentence == "home is down since 8 Mar 23:50 UTC: connect refused."
    assert (finding.start, finding.end) == (NOW - timedelta(minutes=10), None)


def test_time_nobody_observed_is_told_as_that(store: Any) -> None:
    off = Window(START + 50 * HOUR, START + 50 * HOUR + timedelta(minutes=12))
    store.checks([each for each in checks() if not off.start <= each["due"] < off.end])
    (finding,) = ask(store).findings
    assert finding.kind is FindingKind.UNOBSERVED
    assert (finding.start, finding.end) == (off.start, off.end)
    assert finding.sentence.startswith(
        "No probe reported for 12 min on 4 Mar from 02:00 to 02:12 UTC"
    )


def test_a_level_left_behind_all_week_is_told_with_its_interval(store: Any) -> None:
    store.events(
        [
            row
            for hour in range(0, 168, 4)
            for level, signing in (("novice", 12), ("expert", 18))
            for row in people(hour, 20, signing, level)
        ]
    )
    (finding,) = ask(store).findings
    assert finding.kind is FindingKind.LEVEL
    assert finding.sentence == (
        "Novice sessions go on from “form” 30 points less often (95 %: 26 to 34)"
        " than expert ones, all through this window."
    )
