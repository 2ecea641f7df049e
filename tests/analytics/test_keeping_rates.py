"""Figures over a store that keeps more of some sessions than of others: wrong when each counts as
one, right by weight."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from analytics.question import SiteScope, Step, Window
from analytics.reports.cost import cost
from analytics.reports.funnel import funnel
from analytics.reports.perceived_types import PerceivedQuestion
from analytics.sampling import Days, Reading, read
from analytics.sql import query
from rum.records import Batch
from store.columns import batch_tables
from store.database import Database
from store.rows import insert
from store.sealing import SealPolicy, seal_day
from tests.support.stored import Maker

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
BEGUN = datetime(2026, 3, 10, 9, tzinfo=UTC)
DAY = BEGUN.date()
SESSIONS, FAILED, NOVICES = 4_000, 336, 100
"""8.4 % of sessions had an error."""
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=0.2)
DAYS = Days(DAY, DAY)


def batches(make: Maker) -> Iterator[Batch]:
    for number in range(SESSIONS):
        fails, novice = number < FAILED, number % (SESSIONS // NOVICES) == 0
        yield make.batch(
            time=BEGUN + timedelta(seconds=number),
            level="novice" if novice else "expert",
            kinds=["view", "error"] if fails else ["view", "event"],
        )


@pytest.fixture
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("kept"))
    for table, rows in batch_tables(list(batches(Maker(5)))).items():
        insert(database.cursor(), table, rows)
    policy = SealPolicy(
        site="shop", sample=0.2, keep=0.2, keep_by_level={"novice": 1.0}, keep_errors=1.0
    )
    seal_day(database, policy, DAY, NOW)
    yield database
    database.close()


def error_shares(database: Database) -> tuple[float, float]:
    """The share of sessions with an error over all detail kept: each as one, and by weight."""
    counted = (
        f"WITH {query('read_kept')}, sessions AS (SELECT session, max(weight) AS weight,"
        " max((kind = 'error')::INTEGER) AS failed FROM read GROUP BY session)"
        " SELECT avg(failed), sum(failed * weight) / sum(weight) FROM sessions"
    )

    def answer(reading: Reading) -> tuple[float, float]:
        assert reading.fragment == "read_kept"
        (shares,) = snapshot.rows(counted, reading.parameters)
        return float(shares[0]), float(shares[1])

    with database.snapshot() as snapshot:
        shares, _ = read(snapshot, SCOPE, DAYS, 1.0, answer, lambda found: False)
    return shares


def test_a_share_is_right_by_weight_and_wrong_without(sealed: Database) -> None:
    unweighted, weighted = error_shares(sealed)
    assert unweighted > 3 * FAILED / SESSIONS
    assert weighted == pytest.approx(FAILED / SESSIONS, rel=0.05)


def test_few_novices_are_all_read_where_a_fifth_of_them_says_too_little(sealed: Database) -> None:
    steps = (Step(page="/listings/?"), Step(event="mandate_signed"))
    window = Window(BEGUN, NOW)
    with sealed.snapshot() as snapshot:
        report = funnel(snapshot, SCOPE, steps, window, convert_within_s=3600, now=NOW)
    assert "all that is kept was read, weighted" in report.basis.note
    found = {each.level: each for each in report.levels}
    assert found["novice"].entered == NOVICES
    experts = found["expert"].steps[1].of_entered
    novices_failed = sum(n % (SESSIONS // NOVICES) == 0 for n in range(FAILED))
    truth = 1 - (FAILED - novices_failed) / (SESSIONS - NOVICES)
    assert experts.low is not None
    assert experts.high is not None
    assert experts.low < truth < experts.high


def test_people_of_a_cost_are_told_by_weight(sealed: Database) -> None:
    people = PerceivedQuestion(scope=SCOPE, name="all", monitors=())
    with sealed.snapshot() as snapshot:
        report = cost(snapshot, people, None, Window(BEGUN, NOW), NOW, sample=1.0)
    assert "all that is kept was read, weighted" in report.basis.note
    assert report.people == pytest.approx(SESSIONS, rel=0.05)
