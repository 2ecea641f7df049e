"""A database, a journal and a loader for each test of the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Database
from store.loader import Loader
from tests.support.stored import Journal, Maker


@pytest.fixture
def make() -> Maker:
    return Maker()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "store")
    yield database
    database.close()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture
def loader(database: Database, journal: Journal) -> Loader:
    return Loader(database, journal.folder)
