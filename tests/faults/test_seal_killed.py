"""kill -9 at each step of loading, sealing and rewriting: nothing is lost, doubled or left over."""

import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from rum.records import Batch
from store import rewriting
from store.database import Database
from store.database_files import current_file, left_over
from store.loader import ROW_GROUP_EVENTS, Loader
from store.sealing import STEPS, SealPolicy, days_due, seal_day, sweep_orphans
from tests.support.stored import (
    NOON,
    Journal,
    Maker,
    events_seen,
    files_listed,
    files_on_disk,
    load_all,
    summaries_seen,
)

LOAD_STEPS = ["read", "rows inserted", "cursors advanced", "committed"]


def child(folder: Path, *how: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.seal_child",
            str(folder / "store"),
            str(folder / "journal"),
            *how,
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    database = Database(folder / "store")
    try:
        yield database
    finally:
        database.close()


def finish(database: Database, folder: Path) -> None:
    """What the next start does: sweep, load what is left, seal what is due."""
    sweep_orphans(database)
    assert files_on_disk(database) == files_listed(database)
    load_all(Loader(database, folder / "journal"))
    for site, day in days_due(database, NOON, hot_days=0):
        seal_day(database, SealPolicy(site=site, sample=0.2, keep=1.0), day, NOON)


def seen_times(database: Database) -> Counter[tuple[str, int]]:
    """How often each event is seen, as (session, position)."""
    return Counter(
        (session.hex, position) for session, position in events_seen(database, "session, position")
    )


def expected_times(batches: list[Batch]) -> Counter[tuple[str, int]]:
    return Counter((batch.session, event.position) for batch in batches for event in batch.events)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Batch]]:
    """A store with two days due, of which one has a file already, and more in the journal."""
    folder = tmp_path_factory.mktemp("filled")
    journal, make = Journal(folder / "journal"), Maker()
    yesterday = NOON - timedelta(days=1)
    early = [make.batch(time=yesterday) for _ in range(40)]
    journal.write(*early)
    with opened(folder) as database:
        Loader(database, journal.folder).load_once(NOON)
        seal_day(database, SealPolicy(site="shop", sample=0.2, keep=1.0), yesterday.date(), NOON)
    late = [make.batch(time=yesterday - timedelta(days=age)) for age in (0, 1) for _ in range(40)]
    journal.write(*late, early[0])
    return folder, early + late


def test_a_kill_at_each_step_changes_nothing(
    filled: tuple[Path, list[Batch]], tmp_path: Path
) -> None:
    source, batches = filled
    steps = [
        *(("load", step) for step in LOAD_STEPS),
        *(("seal", step) for step in STEPS),
        *(("rewrite", step) for step in rewriting.STEPS),
    ]
    killed = {}
    for step in steps:
        folder = tmp_path / "-".join(step)
        shutil.copytree(source, folder, symlinks=True)
        killed[step] = child(folder, *step)
    for step, process in killed.items():
        folder = tmp_path / "-".join(step)
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, step
        with opened(folder) as database:
            assert left_over(database.folder) == [], step
            before = seen_times(database)
            assert set(before.values()) == {1}, step
            assert before <= expected_times(batches), step
            finish(database, folder)
            assert seen_times(database) == expected_times(batches), step
            counted = database.cursor().execute("SELECT sum(count) FROM hourly_counts").fetchall()
            assert counted == [(3 * len(batches),)], step
            vitals = database.cursor().execute("SELECT sum(views) FROM vital_days").fetchall()
            assert vitals == [(len(batches),)], step
            sums = "sum(views), sum(named_events), count(DISTINCT session)"
            assert summaries_seen(database, sums) == [(len(batches),) * 3], step


def test_a_kill_in_a_load_so_large_that_it_bypasses_the_log_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    make, source = Maker(), tmp_path / "source"
    batches = [make.batch(kinds=["view"] * 100) for _ in range(ROW_GROUP_EVENTS // 100 + 50)]
    Journal(source / "journal").write(*batches)
    killed = {}
    for step in LOAD_STEPS[1:]:
        folder = tmp_path / step
        shutil.copytree(source, folder)
        killed[step] = child(folder, "load", step)
    for step, process in killed.items():
        folder = tmp_path / step
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, step
        file = current_file(folder / "store")
        assert file.with_name(f"{file.name}.wal").stat().st_size < 1_000_000, step
        count = "count(*), count(DISTINCT (session, position))"
        expected = (100 * len(batches),) * 2
        with opened(folder) as database:
            stored = expected if step == "committed" else (0, 0)
            assert events_seen(database, count) == [stored], step
            load_all(Loader(database, folder / "journal"))
            assert events_seen(database, count) == [expected], step


@pytest.mark.parametrize(
    "kills", [2, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path, kills: int) -> None:
    random = Random(20260310)
    acknowledged: set[str] = set()
    for number in range(1, kills + 1):
        process = child(tmp_path, "work", str(number))
        assert process.stdout is not None
        acknowledged.add(process.stdout.readline().strip())
        time.sleep(random.uniform(0, 1))  # the moment is the point, nothing waits for it
        process.kill()
        rest, _ = process.communicate(timeout=120)
        acknowledged.update(line for line in rest.splitlines(keepends=False) if len(line) == 32)
        with opened(tmp_path) as database:
            assert set(seen_times(database).values()) <= {1}
    with opened(tmp_path) as database:
        finish(database, tmp_path)
        times = seen_times(database)
        assert set(times.values()) == {1}
        assert acknowledged <= {session for session, _ in times}
        assert len(times) % 3 == 0, "no batch is stored in part"
