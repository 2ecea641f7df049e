"""Reports over sealed days, through the real journal, loader and sealing: the sample alone, all
that is kept by weight, and never a mix."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analytics.question import JourneyQuestion, SiteScope, Step, Window
from analytics.reports.freshness import freshness
from analytics.reports.funnel import funnel
from analytics.reports.journey import journey
from analytics.reports.seen import seen
from analytics.reports.speed import speed
from analytics.reports.types import FunnelReport
from analytics.sampling import Days, basis, read
from analytics.sql import query
from analytics.times import naive, to_us
from rum.bucket import bucket_end, bucket_of
from rum.records import Batch, Event, EventKind
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loader
from store.sealing import SealPolicy, days_due, seal_day

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=6), NOW)
STEPS = (Step(page="/form"), Step(event="signed"))
SESSIONS = 1_200
SAMPLE, KEEP = 0.2, 0.5


def batches() -> Iterator[Batch]:
    """Sessions of six days; a third of novices sign, two thirds of experts."""
    random = np.random.default_rng(8)
    for number in range(SESSIONS):
        session = random.bytes(16).hex()
        start_us = to_us(WINDOW.start) + int(random.integers(0, 6 * 86_400)) * 1_000_000
        level = "novice" if number % 2 else "expert"
        signs = random.random() < (1 / 3 if level == "novice" else 2 / 3)
        yield batch(session, 1, start_us, "", [("view", 0), ("vitals", 1)])
        later = [("event", 30)] if signs else [("view", 30)]
        yield batch(session, 2, start_us + 2_000_000, level, later)


def batch(
    session: str, number: int, at_us: int, level: str, events: list[tuple[str, int]]
) -> Batch:
    return Batch(
        site="shop",
        session=session,
        batch=(1 << 20) + number,
        received_us=at_us,
        sent_us=at_us,
        level=level,
        generated=True,
        events=tuple(
            Event(
                position=position,
                kind=EventKind(kind),
                time_us=at_us + seconds * 1_000_000,
                client_us=at_us + seconds * 1_000_000,
                view=1,
                page="/form" if kind != "view" or number == 1 else "/away",
                name="signed" if kind == "event" else "",
                lcp_ms=1000.0 if kind == "vitals" else None,
            )
            for position, (kind, seconds) in enumerate(events)
        ),
    )


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Four sealed days, kept at 50 %, and the hot ones."""
    folder: Path = tmp_path_factory.mktemp("sealed")
    (folder / "journal").mkdir()
    write_segments(folder / "journal", "test", batches(), start_us=1)
    database = Database(folder / "store")
    loader = Loader(database, folder / "journal")
    while loader.load_once(NOW).backlog_bytes:
        pass
    policy = SealPolicy(site="shop", sample=SAMPLE, keep=KEEP)
    for _, day in days_due(database, NOW, 2):
        seal_day(database, policy, day, NOW)
    yield database
    database.close()


def ask(database: Database, sample: float) -> FunnelReport:
    scope = SiteScope(site="shop", levels=("novice", "expert"))
    with database.snapshot() as snapshot:
        return funnel(snapshot, scope, STEPS, WINDOW, convert_within_s=3600, now=NOW, sample=sample)


def expected(rate: float) -> dict[str, tuple[int, int]]:
    """Entered and signed by level of the sessions below the rate's bucket."""
    counts = {"novice": (0, 0), "expert": (0, 0)}
    for each in batches():
        if each.level and bucket_of(each.session) < bucket_end(rate):
            entered, signed = counts[each.level]
            signs = each.events[0].kind is EventKind.EVENT
            counts[each.level] = (entered + 1, signed + signs)
    return counts


@pytest.mark.parametrize("rate", [0.2, 0.4, 0.5])
def test_every_rate_up_to_what_is_kept_is_read_exactly(sealed: Database, rate: float) -> None:
    report = ask(sealed, sample=rate)
    found = {each.level: (each.entered, each.steps[1].reached) for each in report.levels}
    assert found == expected(rate)
    assert (report.basis.sample, report.basis.note) == (rate, "")


def test_what_is_withheld_is_read_from_all_that_is_kept_by_weight(sealed: Database) -> None:
    report = ask(sealed, sample=0.02)
    assert (
        report.basis.note == "some figures are withheld at 2%: all that is kept was read, weighted"
    )
    assert (report.basis.asked_sample, report.basis.sample) == (0.02, KEEP)
    entered = {each.level: each.entered for each in report.levels}
    assert expected(KEEP)["novice"][0] < entered["novice"] < expected(1.0)["novice"][0]
    for level, (all_entered, all_signed) in expected(1.0).items():
        (segment,) = [each for each in report.levels if each.level == level]
        share = segment.steps[1].of_entered
        assert share.low is not None
        assert share.high is not None
        assert share.low < all_signed / all_entered < share.high
        assert share.effective_n < segment.entered


def test_more_than_is_kept_cannot_be_read(sealed: Database) -> None:
    report = ask(sealed, sample=1.0)
    assert report.basis.note == "less than 100% is kept: all that is kept was read, weighted"
    assert report.basis.sample == KEEP


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("edges_h", [(0, 144), (5, 101), (30, 49), (1, 2), (90, 130), (100, 143)])
def test_sessions_counted_by_their_summaries_are_those_of_the_detail(
    sealed: Database, rate: float, edges_h: tuple[int, int]
) -> None:
    first, last = (WINDOW.start + timedelta(hours=hours) for hours in edges_h)
    part = Window(first, last)
    scope = SiteScope(site="shop", levels=("novice", "expert"))
    with sealed.snapshot() as snapshot:
        days = Days(part.start.date(), part.end.date())
        _, reading = read(snapshot, scope, days, rate, lambda reading: reading, lambda _: False)
        found = basis(snapshot, reading, "test", part)
        ((sessions,),) = snapshot.rows(
            f"WITH {query(reading.fragment)} SELECT count(DISTINCT session) FROM read"
            " WHERE time >= $start AND time < $end",
            {**reading.parameters, "start": naive(part.start), "end": naive(part.end)},
        )
    assert sessions
    assert (found.sessions, found.generated) == (sessions, True)


def test_every_report_reads_sealed_days(sealed: Database) -> None:
    scope = SiteScope(site="shop", levels=("novice", "expert"))
    question = JourneyQuestion(
        id="sign",
        name="Sign",
        owner="",
        scope=scope,
        steps=STEPS,
        event="signed",
        monitors=(),
        window_s=3600,
    )
    with sealed.snapshot() as snapshot:
        vitals = speed(snapshot, scope, WINDOW, now=NOW)
        pages = seen(snapshot, scope, WINDOW)
        lived = journey(snapshot, question, WINDOW, NOW)
        fresh = freshness(snapshot, NOW)
    signed = sum(signed for _, signed in expected(1.0).values())
    assert {row.p75.value for row in vitals.rows if row.level} == {1000}
    assert {row.name: row.count for row in pages.pages}["/form"] == SESSIONS
    assert (pages.events[0].name, pages.events[0].count) == ("signed", signed)
    assert lived.activity_total == signed
    assert lived.basis.generated
    assert next(row.rows for row in fresh.rows) == 3 * SESSIONS
