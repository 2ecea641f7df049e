"""A store that a command cannot open: it says why in one sentence, and leaves it as it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from store.database import Database
from vigie.folders import DataFolder

SETTINGS = """
[console]
port = 0

[[sites]]
id = "shop"
key = "k"
origins = ["https://shop.test"]
"""


def said_by(folder: Path, *command: str) -> str:
    """What a failing command prints to standard error."""
    (folder / "vigie.toml").write_text(SETTINGS)
    ended = subprocess.run(
        [sys.executable, "-m", "vigie", *command, "--data", "data"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize("command", [("report", "uptime"), ("console",)], ids=" ".join)
def test_a_store_that_another_process_has_open(tmp_path: Path, command: tuple[str, ...]) -> None:
    database = Database(DataFolder(tmp_path / "data").store)
    try:
        assert "is open in another process" in said_by(tmp_path, *command)
    finally:
        database.close()


@pytest.mark.parametrize("command", [("report", "uptime"), ("console",)], ids=" ".join)
def test_a_store_of_a_newer_vigie(tmp_path: Path, command: tuple[str, ...]) -> None:
    database = Database(DataFolder(tmp_path / "data").store)
    database.cursor().execute(
        "INSERT INTO migrations VALUES (9999, 'future', TIMESTAMP '2030-01-01')"
    )
    database.close()
    assert "was written by a newer Vigie" in said_by(tmp_path, *command)
