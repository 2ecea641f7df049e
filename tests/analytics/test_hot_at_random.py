"""Whatever happens to a store, in whatever order, reports say from what is kept what they say from
the rows."""

import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import by_day
from analytics.question import SiteScope
from bench.generated_people import LEVELS
from bench.generated_rows import SITE
from bench.generated_store import generate
from store.database import Database
from store.retention import RetentionLimits, retire
from store.rewriting import rewrite_database
from store.sealing import SealPolicy, seal_day
from store.tombstones import Subject
from tests.analytics import test_by_day
from tests.analytics.test_by_day import NOW, QUESTIONS, plain
from tests.analytics.test_hot_days import NEVER
from tests.support.erasing import eraser_of, finished

pytestmark = pytest.mark.timeout(900)  # much is read, and on a busy machine slowly

STEPS = 6
OTHER = "docs"
SITES = (SITE, OTHER)
RATES = (1.0, 0.2)
COPY = """
INSERT INTO events BY NAME SELECT * REPLACE (
    $to AS site, $bot AS bot, batch + $more AS batch,
    time + to_minutes($later) AS time, (time + to_minutes($later))::DATE AS day,
    received + to_minutes($later + $late) AS received)
FROM events
WHERE site = $site AND day = $day AND hash(session) % 1000 BETWEEN $from AND $from + $share
"""


class Random:
    """A store of two sites that share sessions, to which things happen."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._chance = random.Random(seed)
        self._folder = folder
        self._made = 0
        generate(folder / "store", 12_000, now=NOW, days=5, seed=seed, keep=1.0, today=True)
        self.database = Database(folder / "store")
        for ago in (0, 1, 2):
            self._copy(ago=ago, to=OTHER, later=0, late=0, share=400)

    def step(self) -> str:
        """Have something happen; says what."""
        steps = [self.rows_come] * 5 + [self.rows_come_during_a_question] * 3
        steps += [self.one_is_erased, self.a_day_is_sealed, self.days_go, self.it_is_restarted]
        step = self._chance.choice(steps)
        step()
        return step.__name__

    def rows_come(self) -> None:
        """Of sessions known or of bots; late, over hours and midnights, or now."""
        self._copy(
            ago=self._chance.randrange(3),
            to=self._chance.choice(SITES),
            later=self._chance.choice([-1440, -300, 0, 20, 180, 700]),
            late=self._chance.choice([0, 5, 400]),
            share=self._chance.choice([2, 30]),
            bot=self._chance.random() < 0.2,
        )

    def rows_come_during_a_question(self) -> None:
        """One that began before them says what it would have said."""
        name, site = self._chance.choice(sorted(QUESTIONS)), self._chance.choice(SITES)
        with self.database.snapshot() as snapshot:
            wanted = told(snapshot, name, site, 1.0, kept=False)
            other = threading.Thread(target=self._meanwhile, args=(name, site))
            other.start()
            other.join()
            assert told(snapshot, name, site, 1.0, kept=True) == wanted

    def _meanwhile(self, name: str, site: str) -> None:
        self.rows_come()
        with self.database.snapshot() as snapshot:
            told(snapshot, name, site, 1.0, kept=True)

    def one_is_erased(self) -> None:
        ((site, session),) = (
            self.database.cursor()
            .execute(
                "SELECT site, session::VARCHAR FROM events ORDER BY hash(session, $seed) LIMIT 1",
                {"seed": self._chance.randrange(1000)},
            )
            .fetchall()
        )
        eraser = eraser_of(self.database, self._folder)
        finished(eraser, eraser.ask(site, Subject.SESSION, session.replace("-", ""), NOW))

    def a_day_is_sealed(self) -> None:
        day = (NOW - timedelta(days=self._chance.choice([1, 2, 3]))).date()
        policy = SealPolicy(site=self._chance.choice(SITES), sample=0.2, keep=1.0)
        seal_day(self.database, policy, day, NOW)

    def days_go(self) -> None:
        retire(self.database, NOW, RetentionLimits(retention_days=4))
        rewrite_database(self.database, NOW)

    def it_is_restarted(self) -> None:
        self.database.close()
        self.database = Database(self._folder / "store")

    def _copy(
        self, *, ago: int, to: str, later: int, late: int, share: int, bot: bool = False
    ) -> None:
        self._made += 1
        asked: dict[str, Any] = {
            "site": SITE if to == OTHER else self._chance.choice(SITES),
            "to": to,
            "bot": bot,
            "more": self._made * 1_000_000,
            "later": later,
            "late": late,
            "day": (NOW - timedelta(days=ago)).date(),
            "from": self._chance.randrange(600),
            "share": share,
        }
        self.database.cursor().execute(COPY, asked)


def told(snapshot: Any, name: str, site: str, sample: float, *, kept: bool) -> Any:
    """What a report of the site says, from closed days and cells or from the rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(by_day, "DAY_ROWS_MIN", 1 if kept else NEVER)
        patch.setattr(test_by_day, "SCOPE", SiteScope(site=site, levels=LEVELS, sample=0.2))
        return plain(QUESTIONS[name](snapshot, sample))


@pytest.mark.parametrize(
    "seed", [22, 23, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(24, 40))]
)
def test_kept_days_and_cells_say_what_the_rows_say_whatever_happened(
    tmp_path: Path, seed: int
) -> None:
    store, chance, happened, cells = Random(tmp_path, seed), random.Random(seed), ["made"], 0
    for _ in range(STEPS):
        happened.append(store.step())
        for site in SITES:
            for name in chance.sample(sorted(QUESTIONS), 2):
                sample = chance.choice(RATES)
                with store.database.snapshot() as snapshot:
                    wanted = told(snapshot, name, site, sample, kept=False)
                    found = told(snapshot, name, site, sample, kept=True)
                    assert found == wanted, f"{name} of {site} at {sample}: {happened}"
                    cells += len(snapshot.cells.closed(site))
    assert cells
    store.database.close()
