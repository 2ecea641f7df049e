"""What is kept of a closed day's paths holds the event that is asked for among the pages, and
leaves out repeats: it says what the rows say."""

from collections.abc import Iterator

import pytest

from analytics import by_day
from analytics.reports.paths import paths
from analytics.reports.paths_types import Direction, PathsReport, PathStart
from bench.generated_people import LEVELS, SIGNED, STEPS
from bench.generated_store import generate
from store.database import Database
from tests.analytics.test_by_day import NOW, SCOPE, WINDOW, plain

STARTS = {
    "from the event": PathStart(event=SIGNED),
    "to the event": PathStart(event=SIGNED, direction=Direction.BEFORE),
    "around the event": PathStart(event=SIGNED, direction=Direction.AROUND),
    "to a page": PathStart(page=STEPS[-1], direction=Direction.BEFORE),
    "from the entry": PathStart(),
    "to the exit": PathStart(direction=Direction.BEFORE),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("kept-paths")
    generate(folder, 40_000, now=NOW, days=9, keep=0.5, seed=8)
    database = Database(folder)
    yield database
    database.close()


@pytest.mark.parametrize("sample", [0.2, 1.0])
@pytest.mark.parametrize("name", STARTS)
@pytest.mark.parametrize("level", ["", LEVELS[0]])
def test_kept_paths_say_what_their_rows_say(
    store: Database, name: str, sample: float, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> PathsReport:
        with store.snapshot() as snapshot:
            return paths(
                *(snapshot, SCOPE, WINDOW, STARTS[name]), now=NOW, level=level, sample=sample
            )

    wanted = asked()
    assert wanted.sessions
    monkeypatch.setattr(by_day, "DAY_ROWS_MIN", 1)
    made, kept = asked(), asked()
    assert plain(made) == plain(wanted)
    assert plain(kept) == plain(wanted)
