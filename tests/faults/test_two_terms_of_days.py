"""Two retention periods of simulated days through the keeper's real jobs: what is past its term is
in no file any more, in no form, and the figures of the aggregates are what they were."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from rum.records import Batch, Reason, Refusal
from store.database import Database
from store.erasing_scan import scan
from store.loader import Loader
from store.times import microseconds
from tests.support.erasing import a_chunk
from tests.support.stored import Journal, Maker, events_seen, files_listed, files_on_disk, load_all
from vigie.keeper_jobs import keeper_jobs
from vigie.settings import Settings, SiteSettings, StoreSettings

BEGIN = datetime(2026, 2, 20, 12, tzinfo=UTC)
A_DAY_S = 86_400.0
SESSIONS = 6
AGGREGATES = (
    "SELECT day, hour, kind, page, name, level, count, value, currency FROM hourly_counts"
    " WHERE day = $day ORDER BY ALL"
)


class Planted:
    """What one simulated day leaves in the files: ids, and a text that is in no id."""

    def __init__(self, day: date, batches: list[Batch], text: str) -> None:
        self.day = day
        self.sessions = sorted({batch.session for batch in batches})
        self.texts = [text, batches[0].user]


class Simulated:
    """An installation that lives a day at each step, at noon, by its real loader and jobs."""

    def __init__(self, folder: Path, retention_days: int) -> None:
        self.folder = folder
        self.retention_days = retention_days
        self.now = BEGIN
        self.seconds = 0.0
        self.database = Database(folder / "store")
        self.journal = Journal(folder / "journal")
        self.loader = Loader(
            self.database, self.journal.folder, monotonic=lambda: self.seconds, segments_kept_h=48
        )
        settings = Settings(
            sites=(SiteSettings(id="shop", key="k", origins=("*",), sample=0.5, keep=1.0),),
            store=StoreSettings(hot_days=1, retention_days=retention_days, rewrite_wait_h=20.0),
        )
        self.jobs = keeper_jobs(self.database, settings, monotonic=lambda: self.seconds)
        self.make = Maker()
        self.days: list[Planted] = []

    def live_a_day(self) -> None:
        """Beacons, a recording and a refusal come in; then every job runs once."""
        user, text = self.make.session(), f"planted-on-{self.now:%Y-%m-%d}"
        batches = [
            replace(batch, user=user, campaign=text)
            for batch in (self.make.batch(time=self.now) for _ in range(SESSIONS))
        ]
        refusal = Refusal(
            received_us=microseconds(self.now), reason=Reason.MALFORMED, site="shop", part=text
        )
        chunk = a_chunk(self.folder, batches[0], self.now.date())
        self.journal.write(*batches, chunk, refusal, start_us=microseconds(self.now))
        load_all(self.loader, self.now)
        self.days.append(Planted(self.now.date(), batches, text))
        for job in self.jobs:
            job.run(self.now)

    def aggregates(self, day: date) -> list[tuple[object, ...]]:
        return self.database.cursor().execute(AGGREGATES, {"day": day}).fetchall()

    def sleep(self) -> None:
        self.now += timedelta(days=1)
        self.seconds += A_DAY_S

    def found(self, days: list[Planted]) -> tuple[str, ...]:
        """The files that still hold something of those days, temporary ones too."""
        self.database.cursor().execute("CHECKPOINT")
        sessions = [session for each in days for session in each.sessions]
        return scan([self.folder], sessions, [t for each in days for t in each.texts]).places


def test_a_clock_that_jumps_ahead_and_back_removes_nothing(tmp_path: Path) -> None:
    simulated = Simulated(tmp_path, retention_days=4)
    for _ in range(5):
        simulated.live_a_day()
        simulated.sleep()
    for job in simulated.jobs:
        job.run(simulated.now + timedelta(days=400))
    for job in simulated.jobs:
        job.run(simulated.now)
    kept = {each.day for each in simulated.days}
    assert {day for (day,) in events_seen(simulated.database, "DISTINCT day")} == kept
    for _ in range(2):
        simulated.live_a_day()
        simulated.sleep()
    kept = {each.day for each in simulated.days[-5:]}
    assert {day for (day,) in events_seen(simulated.database, "DISTINCT day")} == kept
    simulated.database.close()


@pytest.mark.parametrize("retention_days", [4, pytest.param(30, marks=pytest.mark.long)])
def test_what_is_past_its_term_is_in_no_file_and_aggregates_stay(
    tmp_path: Path, retention_days: int
) -> None:
    simulated = Simulated(tmp_path, retention_days)
    settled: dict[date, list[tuple[object, ...]]] = {}
    for number in range(2 * retention_days + 4):
        simulated.live_a_day()
        # Aged rows wait up to rewrite_wait_h, less than a day, to leave the database file's blocks.
        past = simulated.days[: max(0, number - retention_days - 1)]
        assert simulated.found(past) == ()
        kept = {each.day for each in simulated.days[-retention_days - 1 :]}
        assert {day for (day,) in events_seen(simulated.database, "DISTINCT day")} == kept
        for planted in simulated.days[:-2]:
            now = simulated.aggregates(planted.day)
            assert now, "every sealed day has its aggregates"
            assert settled.setdefault(planted.day, now) == now
        assert files_on_disk(simulated.database) == files_listed(simulated.database)
        simulated.sleep()
    assert simulated.found(simulated.days[-3:]), "the scan finds what is kept"
    assert len(past) > retention_days
    recordings = list((tmp_path / "store" / "replays").rglob("*.gz"))
    assert len(recordings) == retention_days + 1
    simulated.database.close()
