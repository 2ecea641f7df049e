"""Truths planted in a generated store are found and stated; a store without any yields none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.levels import EVERYONE
from analytics.question import JourneyQuestion, SiteScope, Step, Window
from analytics.reports.activity import activity
from analytics.reports.activity_types import ActivityQuestion, ActivityReport
from analytics.reports.journey import journey
from analytics.reports.speed import speed
from analytics.reports.types import Finding, FindingKind
from bench.generated_people import LEVELS, STEPS, Planted
from bench.generated_rows import SITE
from bench.generated_store import generate
from store.database import Database

NOW = datetime(2026, 6, 10, tzinfo=UTC)
DAYS = 28
WINDOW = Window(NOW - timedelta(days=DAYS), NOW)
SILENCE = (NOW - timedelta(days=2) + timedelta(hours=9), NOW - timedelta(days=2, hours=-21))
TRUTHS = Planted(novice_gap=0.12, slow_page=STEPS[1], silence=SILENCE)
SCOPE = SiteScope(site=SITE, levels=LEVELS, sample=1.0)
EVENTS = 250_000
QUIET_EVENTS = 60_000
BUSY_DAYS = 8
BUSY_EVENTS = 130_000
OUTAGE = NOW - timedelta(days=3) + timedelta(hours=11)


def findings(database: Database, window: Window = WINDOW) -> tuple[Finding, ...]:
    question = JourneyQuestion(
        id="sign",
        name="Sign",
        owner="",
        scope=SCOPE,
        steps=tuple(Step(page=page) for page in STEPS),
        event="mandate_signed",
        monitors=(),
        window_s=3_600,
    )
    with database.snapshot() as snapshot:
        return journey(snapshot, question, window, NOW).findings


def volume(database: Database) -> ActivityReport:
    question = ActivityQuestion(scope=SCOPE, event="mandate_signed", name="Sign")
    with database.snapshot() as snapshot:
        return activity(snapshot, question, WINDOW, NOW)


def made(
    folder: Path, seed: int, events: int, planted: Planted | None, days: int = DAYS
) -> Database:
    generate(folder, events, now=NOW, days=days, seed=seed, planted=planted)
    return Database(folder)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = made(tmp_path_factory.mktemp("planted"), 1, EVENTS, TRUTHS)
    yield database
    database.close()


def test_novices_behind_at_step_three_are_stated_with_the_interval(planted: Database) -> None:
    (gap,) = [each for each in findings(planted) if each.kind is FindingKind.LEVEL]
    assert (gap.level, gap.step) == (LEVELS[0], STEPS[2])
    assert f"{LEVELS[0].capitalize()} sessions go on from" in gap.sentence
    points = int(gap.sentence.split(" points less often")[0].split()[-1])
    assert 9 <= points <= 15


def test_a_full_stop_of_signatures_is_stated(planted: Database) -> None:
    lows = volume(planted).lows
    assert any(
        low.start <= SILENCE[0] + timedelta(hours=6) and low.seen >= SILENCE[0] for low in lows
    )


def test_a_full_stop_of_signatures_is_a_finding_of_the_journey(planted: Database) -> None:
    (low,) = [each for each in findings(planted) if each.kind is FindingKind.ACTIVITY]
    assert SILENCE[0] - timedelta(hours=6) <= low.start <= SILENCE[0] + timedelta(hours=6)
    assert low.sentence.startswith("mandate_signed was abnormally rare on 8 Jun from")
    assert " lost (95 %: " in low.sentence
    assert low.sentence.endswith(" EUR.")


def test_an_outage_of_two_in_five_for_an_hour_is_stated(tmp_path: Path) -> None:
    database = made(tmp_path, 2, BUSY_EVENTS, Planted(outage=OUTAGE), BUSY_DAYS)
    said = findings(database, Window(NOW - timedelta(days=BUSY_DAYS), NOW))
    database.close()
    (found,) = [each for each in said if each.kind is not FindingKind.UNOBSERVED]
    assert found.kind is FindingKind.PEOPLE
    assert OUTAGE - timedelta(hours=1) <= found.start <= OUTAGE
    assert found.end is not None
    assert OUTAGE + timedelta(hours=1) <= found.end <= OUTAGE + timedelta(hours=2)
    assert "of all sessions met a failure on its pages" in found.sentence


def test_a_slow_page_is_the_slowest(planted: Database) -> None:
    with planted.snapshot() as snapshot:
        report = speed(snapshot, SCOPE, WINDOW, now=NOW)
    found = {
        row.page: row.p75.value
        for row in report.rows
        if row.vital == "lcp" and row.level == EVERYONE and row.p75.value is not None
    }
    slowest = max(found, key=found.__getitem__)
    assert slowest == STEPS[1]
    assert all(found[slowest] > 2_000 + p75 for page, p75 in found.items() if page != slowest)


def false_findings(folder: Path, seeds: range, events: int) -> int:
    """How many of so many stores without a planted truth yield a statement all the same."""
    wrong = 0
    for seed in seeds:
        database = made(folder / str(seed), seed, events, None)
        said = [each for each in findings(database) if each.kind is not FindingKind.UNOBSERVED]
        wrong += bool(said)
        database.close()
    return wrong


def test_a_store_without_truths_yields_no_statement(tmp_path: Path) -> None:
    assert false_findings(tmp_path, range(10, 11), QUIET_EVENTS) == 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_over_many_seeds_false_findings_are_at_most_one_in_twenty(tmp_path: Path) -> None:
    assert false_findings(tmp_path, range(100, 140), QUIET_EVENTS) <= 2
