"""Each story planted in the demo's history is found in the reports' figures."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from analytics.error_reading import Choice
from analytics.question import JourneyQuestion, SiteScope, Step, Window
from analytics.reports.contract import contract
from analytics.reports.contract_types import ContractState, CreditTier, month_of
from analytics.reports.errors import errors
from analytics.reports.funnel import funnel
from analytics.reports.journey import journey
from analytics.reports.speed import speed
from analytics.reports.types import (
    FunnelReport,
    JourneyReport,
    MonitorUptime,
    SpeedReport,
    SpeedRow,
    State,
)
from analytics.reports.uptime import uptime
from analytics.reports.vital import vital
from store.database import Database
from store.sealing import SealPolicy
from store.snapshot import Snapshot
from vigie.contracts import contract_questions
from vigie.demo import network
from vigie.demo.history import History, Stage, generate
from vigie.demo.stories import Stories
from vigie.demo.writing import HistoryPlan
from vigie.folders import DataFolder
from vigie.reporting.errors import owner_rules
from vigie.settings import Settings, StoreSettings

NOW = datetime(2026, 5, 21, 16, 0, tzinfo=UTC)
PLAN = HistoryPlan(now=NOW)
SCOPE = SiteScope(site=network.SITE, levels=network.LEVELS)
JOURNEY = network.journey_settings()
STEPS = tuple(Step(page=step.page, event=step.event, name=step.name) for step in JOURNEY.steps)
CONVERT_WITHIN_S = JOURNEY.window_minutes * 60
MINUTE_MONITORS = ("sign-in", "mandate-form")
"""Those checked each minute in the history; the others every five."""
ALL_MONITORS = tuple(watched.id for watched in network.WATCHED)


@pytest.fixture(scope="module")
def generated(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[DataFolder, History, list[tuple[Stage, float]]]:
    folder = DataFolder(tmp_path_factory.mktemp("demo"))
    told: list[tuple[Stage, float]] = []
    history = generate(
        folder,
        PLAN,
        SealPolicy(site=network.SITE, sample=SCOPE.sample),
        hot_days=StoreSettings().hot_days,
        progress=lambda stage, share: told.append((stage, share)),
    )
    return folder, history, told


@pytest.fixture(scope="module")
def database(
    generated: tuple[DataFolder, History, list[tuple[Stage, float]]],
) -> Iterator[Database]:
    database = Database(generated[0].store)
    yield database
    database.close()


@pytest.fixture
def snapshot(database: Database) -> Iterator[Snapshot]:
    with database.snapshot() as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def stories() -> Stories:
    return PLAN.stories


def by_monitor(snapshot: Snapshot, window: Window) -> dict[str, MonitorUptime]:
    return {row.monitor: row for row in uptime(snapshot, None, window, NOW).monitors}


def funnel_of(snapshot: Snapshot, window: Window) -> FunnelReport:
    return funnel(snapshot, SCOPE, STEPS, window, convert_within_s=CONVERT_WITHIN_S, now=NOW)


def journey_of(snapshot: Snapshot, window: Window) -> JourneyReport:
    question = JourneyQuestion(
        id=JOURNEY.id,
        name=JOURNEY.name,
        owner=JOURNEY.owner,
        scope=SCOPE,
        steps=STEPS,
        event=JOURNEY.event,
        monitors=JOURNEY.monitors,
        window_s=CONVERT_WITHIN_S,
    )
    return journey(snapshot, question, window, NOW)


def day_of(window: Window) -> Window:
    start = window.start.replace(hour=0, minute=0)
    return Window(start, start + timedelta(days=1))


def days_around(window: Window) -> Window:
    day = day_of(window)
    return Window(day.start - timedelta(days=1), day.end + timedelta(days=1))


def hours_of(window: Window) -> Window:
    """The whole hours within a window."""
    start = window.start.replace(minute=0) + timedelta(hours=1)
    return Window(start, window.end.replace(minute=0))


def stored(snapshot: Snapshot, condition: str, window: Window) -> int:
    """Events of the whole history that meet a condition on $start and $end."""
    first = (NOW - timedelta(days=40)).date()
    files = snapshot.detail_files([network.SITE], first, NOW.date(), rest=True)
    ((count,),) = snapshot.rows(
        f"SELECT count(*) FROM events_in($files) WHERE {condition}",
        {
            "files": files,
            "start": window.start.replace(tzinfo=None),
            "end": window.end.replace(tzinfo=None),
        },
    )
    return int(count)


def test_the_history_has_the_size_promised(
    generated: tuple[DataFolder, History, list[tuple[Stage, float]]], snapshot: Snapshot
) -> None:
    _, history, told = generated
    files = snapshot.summary_files([network.SITE], (NOW - timedelta(days=40)).date(), NOW.date())
    ((sessions, levels, first, last, made),) = snapshot.rows(
        "SELECT count(DISTINCT session), count(DISTINCT level), min(first_time), max(last_time),"
        " bool_and(generated) FROM summaries_in($files)",
        {"files": files},
    )
    assert 38_500 < sessions < 41_500
    assert levels == 3
    assert made
    naive_now = NOW.replace(tzinfo=None)
    assert naive_now - timedelta(days=30) <= first < naive_now - timedelta(days=29)
    assert naive_now - timedelta(hours=1) < last <= naive_now
    assert history.days_sealed == 28
    assert snapshot.rows("SELECT count(*) FROM load_failures") == [(0,)]
    ((checks, monitors, first_due, all_made),) = snapshot.rows(
        "SELECT count(*), count(DISTINCT monitor), min(due), bool_and(generated) FROM checks"
    )
    assert (checks, monitors, all_made) == (history.checks, len(ALL_MONITORS), True)
    assert first_due - (naive_now - timedelta(days=90)) < timedelta(minutes=10)
    assert told[-1] == (Stage.SEALING, 1.0)


def test_an_office_keeps_its_hours_in_the_history(snapshot: Snapshot) -> None:
    def views(day: int, hour: int, hours: int) -> int:
        start = datetime(2026, 5, day, hour, tzinfo=UTC)
        window = Window(start, start + timedelta(hours=hours))
        return stored(snapshot, "kind = 'view' AND time >= $start AND time < $end", window)

    morning, lunch, afternoon, night = (views(11, hour, 2) for hour in (8, 10, 13, 0))
    assert lunch < 0.6 * morning
    assert lunch < 0.6 * afternoon
    assert night < 0.1 * lunch
    assert views(10, 0, 24) < 0.1 * views(11, 0, 24)  # Sunday, Monday


def test_story_a_is_47_minutes_down_and_breaks_the_month(
    snapshot: Snapshot, stories: Stories
) -> None:
    month = stories.outage_month
    assert month.end <= NOW < month.end + timedelta(days=31)
    rows = by_monitor(snapshot, month)
    for monitor in MINUTE_MONITORS:
        row = rows[monitor]
        assert row.seconds[State.DOWN] == pytest.approx(47 * 60, abs=60)
        assert row.uptime is not None
        assert row.uptime < 0.999
        assert row.observed_share > 0.999
        (incident,) = row.incidents
        assert abs(incident.start - stories.outage.start) <= timedelta(minutes=1)
    assert all(len(rows[monitor].incidents) == 1 for monitor in ALL_MONITORS)


def test_story_a_breaks_the_contract_of_its_month_and_no_other_story_does(
    snapshot: Snapshot, stories: Stories
) -> None:
    settings = Settings(contracts=(network.contract_settings(),))
    (question,) = contract_questions(settings)
    month = month_of(stories.outage.start, question.timezone)
    report = contract(snapshot, question, month, NOW)
    assert (report.state, report.over) == (ContractState.BROKEN, True)
    assert report.down_s == pytest.approx(47 * 60, abs=5 * 60)
    assert report.left_s < -60
    assert report.claimable == CreditTier(below=99.9, credit=10)
    (incident,) = report.incidents
    assert set(incident.monitors) == set(ALL_MONITORS)
    assert (incident.counted_s, incident.why) == (report.down_s, ())
    running = contract(snapshot, question, month.moved(1), NOW)
    assert (running.state, running.down_s, running.incidents) == (ContractState.RUNNING, 0, ())
    assert running.blips
    assert running.unknown_s == pytest.approx(12 * 60, abs=10 * 60), "story D was not seen"


def test_story_a_is_the_only_outage_of_ninety_days(snapshot: Snapshot) -> None:
    rows = by_monitor(snapshot, Window(NOW - timedelta(days=90), NOW))
    assert {monitor: len(row.incidents) for monitor, row in rows.items()} == dict.fromkeys(
        ALL_MONITORS, 1
    )
    assert all(row.blips for row in rows.values())


def test_story_a_leaves_nobody_on_the_site(snapshot: Snapshot, stories: Stories) -> None:
    began = "kind = 'view' AND time >= $start AND time < $end"
    assert stored(snapshot, began, stories.outage) == 0
    week = timedelta(days=7)
    usual = Window(stories.outage.start + week, stories.outage.end + week)
    assert stored(snapshot, began, usual) > 300


def test_story_b_has_green_probes_and_red_novices(snapshot: Snapshot, stories: Stories) -> None:
    report = journey_of(snapshot, days_around(stories.bad_release))
    within = hours_of(stories.bad_release)
    slots = [s for s in report.slots if within.start <= s.start and s.end <= within.end]
    assert len(slots) == 5
    assert {slot.outside for slot in slots} <= {State.UP, State.DEGRADED}
    assert all(slot.down_s == 0 for slot in slots)
    shown = [slot for slot in slots if slot.passed["novice"].value is not None]
    assert len(shown) >= 3
    for slot in shown:
        assert (slot.passed["novice"].high or 1) < 0.25
    others = [slot.passed["confirmed"].value for slot in slots]
    assert all(value > 0.3 for value in others if value is not None)


def test_story_b_stops_novices_at_step_two(snapshot: Snapshot, stories: Stories) -> None:
    report = funnel_of(snapshot, hours_of(stories.bad_release))
    passed = {row.level: row.steps[3].of_previous for row in report.levels}
    assert (passed["novice"].high or 1) < 0.2
    assert (passed["confirmed"].low or 0) > 0.8


def test_story_b_lowers_signatures_and_raises_errors(snapshot: Snapshot, stories: Stories) -> None:
    report = journey_of(snapshot, day_of(stories.bad_release))
    within = hours_of(stories.bad_release)
    slots = [s for s in report.slots if within.start <= s.start and s.end <= within.end]
    expected = [slot.expected for slot in slots if slot.expected is not None]
    assert len(expected) == len(slots)
    assert sum(slot.activity for slot in slots) < 0.8 * sum(expected)
    before = [s for s in report.slots if s.end <= stories.bad_release.start]
    assert sum(slot.errors for slot in slots) > 10 * sum(slot.errors for slot in before)
    (finding,) = (f for f in report.findings if "green while people failed" in f.sentence)
    assert (finding.level, finding.step) == ("novice", "2. Property")
    assert abs(finding.start - stories.bad_release.start) <= timedelta(hours=1)


def test_story_c_is_slow_on_phones_only(snapshot: Snapshot, stories: Stories) -> None:
    def lcp(report: SpeedReport, page: str, device: str) -> SpeedRow:
        (row,) = (
            row
            for row in report.rows
            if (row.page, row.device, row.level, row.vital) == (page, device, "", "lcp")
        )
        return row

    def p75(window: Window, page: str, device: str) -> float:
        report = speed(snapshot, SCOPE, window, now=NOW, by_device=True)
        value = lcp(report, page, device).p75.value
        assert value is not None
        return value

    week = stories.slow_listings
    before = Window(week.start - timedelta(days=7), week.start)
    assert p75(week, network.LISTINGS, "phone") > 4000
    assert p75(week, network.LISTINGS, "phone") > 1.8 * p75(before, network.LISTINGS, "phone")
    for page, device in (
        (network.LISTINGS, "desktop"),
        (network.LISTINGS, "tablet"),
        (network.OWNER, "phone"),
    ):
        assert p75(week, page, device) == pytest.approx(p75(before, page, device), rel=0.25)


def test_story_c_is_said_and_what_goes_with_it(snapshot: Snapshot, stories: Stories) -> None:
    month = Window(NOW - timedelta(days=30), NOW)
    report = speed(snapshot, SCOPE, month, now=NOW)
    (change,) = report.changes
    assert (change.page, change.device, change.vital) == (network.LISTINGS, "phone", "lcp")
    week = stories.slow_listings
    assert (change.first, change.last) == (
        week.start.date(),
        (week.end - timedelta(days=1)).date(),
    )
    one = vital(snapshot, SCOPE, month, "lcp", now=NOW, page=network.LISTINGS)
    assert one.changes[0].sentence.startswith("On phones, LCP was slower from ")
    common = {each.what: each for each in one.goes_with}
    assert common["/photos/full/?.jpg"].low > 0.5
    assert common["phone"].low > 0.1
    assert "/photos/small/?.jpg" not in common
    for name in ("inp", "cls", "ttfb"):
        told = vital(snapshot, SCOPE, month, name, now=NOW, page=network.LISTINGS)
        assert told.changes == ()


def test_errors_are_new_back_resolved_and_owned(snapshot: Snapshot, stories: Stories) -> None:
    owners = owner_rules(Settings(owners=network.OWNERS))
    month = Window(NOW - timedelta(days=30), NOW)
    report = errors(snapshot, SCOPE, month, Choice(), now=NOW, owners=owners)
    found = {group.culprit.split(" ")[0]: group for group in report.rows}
    assert {place: group.state.value for place, group in found.items()} == {
        "saveDraft": "regressed",
        "signatureImage": "new",
        "renderCard": "ongoing",
        "search": "ongoing",
        "formatVisit": "ongoing",
        "guidedHelp": "resolved",
    }
    assert found["saveDraft"].regressed_release == network.RELEASE_NOW
    assert found["signatureImage"].first_release == network.RELEASE_NOW
    assert found["guidedHelp"].first_release == "2.14"
    assert [part.value for part in found["guidedHelp"].levels] == ["novice"]
    assert found["formatVisit"].first_release == "2.13"
    assert found["search"].owner == "Listings team"
    assert found["saveDraft"].owner == "Mandates team"
    assert all(group.errors.exact for group in report.rows), "counted, not estimated"


def test_story_d_is_not_observed_and_no_outage(snapshot: Snapshot, stories: Stories) -> None:
    rows = by_monitor(snapshot, day_of(stories.vigie_off))
    for monitor in ALL_MONITORS:
        assert rows[monitor].seconds.get(State.DOWN, 0) == 0
        assert not rows[monitor].incidents
        assert rows[monitor].uptime == 1
        assert rows[monitor].seconds[State.UNKNOWN] > 0
    for row in (rows[monitor] for monitor in MINUTE_MONITORS):
        assert row.seconds[State.UNKNOWN] == pytest.approx(12 * 60, abs=60)
        assert row.low is not None
        assert row.low < 1


def test_story_d_received_nothing_meanwhile(snapshot: Snapshot, stories: Stories) -> None:
    received = "received >= $start AND received < $end"
    off = stories.vigie_off
    assert stored(snapshot, received, off) == 0
    after = Window(off.end, off.end + (off.end - off.start))
    assert stored(snapshot, received, after) > 100
    late = "kind = 'vitals' AND time >= $start AND time < $end AND received >= $end"
    assert stored(snapshot, late, off) > 0


def test_story_e_has_novices_12_points_worse_at_one_step(
    snapshot: Snapshot, stories: Stories
) -> None:
    report = funnel_of(snapshot, stories.novice_gap)
    assert report.basis.sample == 0.2
    levels = {segment.level: segment for segment in report.levels}
    to_property = {name: levels[name].steps[2].of_previous for name in network.LEVELS}
    for name in ("confirmed", "expert"):
        other, novice = to_property[name], to_property["novice"]
        assert novice.value is not None
        assert other.value is not None
        assert novice.high is not None
        assert other.low is not None
        assert novice.high < other.low
        assert other.value - novice.value == pytest.approx(0.12, abs=0.04)
