"""After a fatal error of DuckDB's the database is opened again: loading and reports go on."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from store.database import Database, DatabaseDamagedError
from store.database_files import current_file
from store.loader import Loader
from tests.support.stored import Journal, Maker, events_seen, load_all


def break_database(database: Database) -> None:
    """A checkpoint that cannot write is fatal: DuckDB then answers nothing until opened again.

    Files may not grow meanwhile, which is what a full disk does to it. (Python ignores SIGXFSZ.)
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (database.file.stat().st_size, hard))
    try:
        with pytest.raises(duckdb.FatalException), database.reading() as cursor:
            cursor.execute("CHECKPOINT")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_loading_and_reports_go_on(
    database: Database, loader: Loader, journal: Journal, make: Maker
) -> None:
    journal.write(*(make.batch() for _ in range(2000)))
    load_all(loader)
    break_database(database)
    assert len(events_seen(database, "session")) == 6000, "a reader is the first to come"
    journal.write(*(make.batch() for _ in range(2000)))
    load_all(loader)
    break_database(database)
    journal.write(make.batch())
    load_all(loader)
    assert len(events_seen(database, "session")) == 12_003
    assert database.reopened == 2


def test_a_file_that_is_none_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "vigie.duckdb").write_bytes(os.urandom(20_000))
    with pytest.raises(DatabaseDamagedError, match="vigie repair"):
        Database(tmp_path)


def test_a_log_of_zeros_is_said_to_be_damage(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from store.database import Database;"
        "d = Database(Path(sys.argv[1])); c = d.cursor(); c.execute('CHECKPOINT');"
        "c.execute('CREATE TABLE t AS SELECT random() FROM range(100000)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)
    wal = current_file(tmp_path).with_suffix(".duckdb.wal")
    whole = wal.read_bytes()
    wal.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2))
    with pytest.raises(DatabaseDamagedError, match="cannot be opened"):
        Database(tmp_path)
