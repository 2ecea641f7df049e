"""What earlier versions wrote stays readable: a journal, a sealed day, a database.

tests/store/saved holds what the code wrote before what people did in a view was recorded (two
sessions of tests.support.stored.Maker, four events each; detail of the one in the sample).
"""

import shutil
from datetime import timedelta
from pathlib import Path

import duckdb

from store.database import FILE_NAME, Database
from store.loader import Loader
from store.migration import migrate, migrations
from store.sealed_files import file_name
from tests.support.stored import NOON, TODAY, Maker, events_seen, load_all, summaries_seen

SAVED = Path(__file__).parent / "saved"
SEEN = "kind, page, lcp_ms, segments['plan'], via, click, leave, server"


def test_a_journal_of_the_first_version_loads(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    shutil.copy(SAVED / "batches-1.journal", folder / "collector-00000000000000000002.journal")
    (loaded, *_) = load_all(Loader(database, folder))
    assert (loaded.batches, loaded.events, loaded.failures) == (2, 8, 0)
    seen = events_seen(database, SEEN)
    assert seen.count(("view", "/listings/?", None, "pro", None, None, None, False)) == 2
    assert [row[2] for row in seen if row[0] == "vitals"] == [1200.5, 1200.5]


def test_a_sealed_day_of_the_first_version_is_read_beside_hot_rows(
    database: Database, make: Maker, tmp_path: Path
) -> None:
    for content, rows in (("sample", 4), ("summaries", 2)):
        list_file(database, content, rows)
    folder = tmp_path / "journal"
    folder.mkdir()
    seen = events_seen(database, SEEN)
    assert len(seen) == 4
    assert seen[0][:4] == ("view", "/listings/?", None, "pro")
    assert {row[4:] for row in seen} == {(None, None, None, None)}
    summaries = summaries_seen(database, "views, errors, clicks, engaged_ms, server")
    assert summaries == [(1, 1, None, None, None)] * 2


def list_file(database: Database, content: str, rows: int) -> None:
    kind = "summaries" if content == "summaries" else "detail"
    name = file_name(kind, content, "shop", TODAY, "1")
    path = database.sealed / name
    path.parent.mkdir(parents=True)
    shutil.copy(SAVED / f"{content}-1.parquet", path)
    database.cursor().execute(
        "INSERT INTO sealed_files VALUES"
        " (?, ?, 'shop', ?, ?, ?, 0.2, 1.0, 1, ?, NULL, NULL, 'session')",
        [name, content, TODAY, rows, path.stat().st_size, NOON + timedelta(days=3)],
    )


def test_hot_rows_of_an_earlier_schema_are_kept_and_counted(tmp_path: Path) -> None:
    connection = duckdb.connect(str(tmp_path / FILE_NAME))
    migrate(connection, [known for known in migrations() if known.number < 7])
    connection.execute(
        "INSERT INTO events BY NAME SELECT 'shop' AS site, DATE '2026-03-10' AS day, 1 AS bucket,"
        " uuid() AS session, 1 AS batch, 0 AS position, TIMESTAMP '2026-03-10 12:00:00' AS time,"
        " time AS client_time, time AS received, 'view' AS kind, 1 AS view, '/' AS page,"
        " false AS bot, false AS generated"
    )
    connection.close()
    database = Database(tmp_path)
    assert events_seen(database, "page, via, click, server") == [("/", None, None, False)]
    assert summaries_seen(database, "views, clicks, engaged_ms, server") == [(1, 0, 0.0, False)]
    database.close()
