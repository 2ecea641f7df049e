"""kill -9 while a chunk of a recording is written: kept whole and once, or not at all."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.database import Database
from store.loader import Loader
from store.replay_writer import REPLAYS_FOLDER, STEPS
from store.replays import ORPHAN_AFTER, replay_chunks, sweep_replays
from tests.support.replay_child import CONTENT
from tests.support.stored import NOON, load_all

SESSION = "a" * 32
FAR = NOON.replace(year=2200)


def write(folder: Path, step: str) -> int:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.support.replay_child"),
            *(str(folder / "store"), str(folder / "journal"), SESSION, step),
        ],
        cwd=Path(__file__).parents[2],
        timeout=60,
        check=False,
    )
    return done.returncode


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "store" / REPLAYS_FOLDER).rglob("*") if path.is_file()]


@pytest.mark.parametrize("step", STEPS)
def test_a_chunk_killed_at_any_step_is_whole_once_after_its_retry(
    tmp_path: Path, step: str
) -> None:
    assert write(tmp_path, step) == -signal.SIGKILL
    database = Database(tmp_path / "store")
    try:
        loader = Loader(database, tmp_path / "journal")
        load_all(loader)
        listed = replay_chunks(database, "shop", SESSION)
        assert bool(listed) == (step == "journaled")
        assert all(chunk.file.read_bytes() == CONTENT for chunk in listed)
    finally:
        database.close()
    assert write(tmp_path, "none of them") == 0  # the browser sends it again
    database = Database(tmp_path / "store")
    try:
        load_all(Loader(database, tmp_path / "journal"))
        (chunk,) = replay_chunks(database, "shop", SESSION)
        assert chunk.file.read_bytes() == CONTENT
        sweep_replays(database, FAR + ORPHAN_AFTER)
        assert files(tmp_path) == [chunk.file]
    finally:
        database.close()
