"""kill -9 at each step of an erasure: it is done again to its end, and nobody else loses a row."""

import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from store.database import Database
from store.erasing_quotes import quoted_ids
from store.erasing_scan import scan
from store.erasure import STEPS
from store.erasure_receipts import receipts
from store.loader import Loader
from store.quoted import any_of
from store.sealing import sweep_orphans
from store.tombstones import FILE_NAME, Tombstones
from tests.support.erasing import ANNA, SECRET, Kept, eraser_of, fill, finished
from tests.support.stored import NOON, events_seen, files_listed, files_on_disk, load_all

ROOT = Path(__file__).resolve().parents[2]
NEVER = "-"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Kept]:
    folder = tmp_path_factory.mktemp("filled")
    return folder, fill(folder)


def erase_until(folder: Path, step: str) -> int:
    """The exit status of a process that erases, and dies after the step if it comes to it."""
    command = [sys.executable, "-m", "tests.support.erase_child", str(folder), step]
    return subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode


def events_by_session(database: Database) -> Counter[str]:
    sessions = events_seen(database, "session") + events_seen(database, "session", site="blog")
    return Counter(session.hex for (session,) in sessions)


def assert_erased(folder: Path, kept: Kept) -> None:
    """As after the next start: what a crash left is swept, the rest of the erasure is done."""
    database = Database(folder / "store")
    try:
        sweep_orphans(database)
        eraser = eraser_of(database, folder)
        for request in eraser.waiting():
            finished(eraser, request)
        stones = Tombstones(folder / FILE_NAME, SECRET)
        load_all(Loader(database, folder / "journal", tombstones=stones))
        seen = events_by_session(database)
        assert not set(seen) & set(kept.of_anna())
        for batch in [*kept.bert, *kept.nobody, *kept.quoting]:
            assert seen[batch.session] == len(batch.events)
        assert len(receipts(database, NOON, NOON.replace(year=2027))) == 1
        assert files_on_disk(database) == files_listed(database)
        assert quoted_ids(database, any_of([*kept.of_anna(), ANNA])) == set()
    finally:
        database.close()
    assert scan([folder], kept.of_anna(), [ANNA]).places == ()


@pytest.mark.parametrize("step", STEPS)
def test_an_erasure_killed_after_a_step_is_done_at_the_next_start(
    step: str, filled: tuple[Path, Kept], tmp_path: Path
) -> None:
    original, kept = filled
    folder = tmp_path / "data"
    shutil.copytree(original, folder)
    assert erase_until(folder, step) == -signal.SIGKILL
    assert_erased(folder, kept)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_an_erasure_killed_again_and_again_comes_to_its_end(
    seed: int, filled: tuple[Path, Kept], tmp_path: Path
) -> None:
    original, kept = filled
    folder = tmp_path / "data"
    shutil.copytree(original, folder)
    random = Random(seed)
    for _ in range(4):
        if erase_until(folder, random.choice(STEPS)) == 0:
            break
    if not (folder / FILE_NAME).exists():
        assert erase_until(folder, NEVER) == 0
    assert_erased(folder, kept)
