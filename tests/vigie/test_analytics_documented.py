"""The worked examples of docs/analytics.md print what the page says they do."""

import contextlib
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.notebook import ConsoleStore, NotAnsweredError, SealedStore, open_store
from analytics.question import SiteScope, Step, Window
from analytics.reports.funnel import funnel
from bench.generated_people import LEVELS, Planted
from bench.generated_store import generate
from store.database import Database
from tests.support.console import served
from vigie.console.app import create_app
from vigie.console.context import ConsoleContext
from vigie.folders import DataFolder
from vigie.settings import Settings, SiteSettings

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
EXAMPLE = re.compile(r"```python\n(.*?)```\n+```text\n(.*?)```", re.DOTALL)
SETTINGS = Settings(
    sites=(SiteSettings(id="shop", key="shop-key", origins=("https://shop.test",), levels=LEVELS),)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """Eleven days of some 60,000 events, kept whole; novices 20 points worse at the third step."""
    folder = DataFolder(tmp_path_factory.mktemp("notebook"))
    generate(folder.store, 60_000, now=NOW, days=11, seed=4, planted=Planted(novice_gap=0.2))
    return folder


@pytest.fixture(scope="module")
def served_store(folder: DataFolder) -> Iterator[tuple[str, str, Database]]:
    """A console over it that runs meanwhile, and its token."""
    database = Database(folder.store)
    context = ConsoleContext(settings=SETTINGS, folder=folder, database=database, clock=lambda: NOW)
    with served(create_app(context)) as address:
        token = (folder.run / "console-token").read_text("ascii").strip()
        yield address, token, database
    database.close()


def examples(project_root: Path) -> list[tuple[str, str]]:
    return EXAMPLE.findall((project_root / "docs" / "analytics.md").read_text("utf-8"))


@pytest.mark.parametrize("number", [0, 1])
def test_an_example_prints_what_the_page_says(
    project_root: Path,
    folder: DataFolder,
    served_store: tuple[str, str, Database],
    number: int,
) -> None:
    """Both while the console has the database open."""
    address, token, _ = served_store
    found = examples(project_root)
    assert len(found) == 2
    code, said = found[number]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {"address": address, "token": token, "data_folder": folder.root})  # noqa: S102
    assert printed.getvalue() == said


def test_sealed_days_answer_as_the_console_does(
    folder: DataFolder, served_store: tuple[str, str, Database]
) -> None:
    sealed = open_store(folder.root)
    assert isinstance(sealed, SealedStore)
    (site,) = sealed.sites
    scope = SiteScope(site=site.site, levels=LEVELS)
    steps = [Step(page="/mandate/1"), Step(event="mandate_signed")]
    window = Window(site.window.start, site.window.end - timedelta(days=1))
    with served_store[2].snapshot() as snapshot:
        for sample in (0.2, 1.0):
            asked = {"convert_within_s": 3600.0, "now": window.end, "sample": sample}
            theirs = funnel(snapshot, scope, steps, window, **asked)  # type: ignore[arg-type]
            ours = sealed.ask(funnel, scope, steps, window, **asked)  # type: ignore[arg-type]
            assert ours.everyone.entered > 100
            assert ours == theirs
    sealed.close()


def test_what_the_console_refuses_is_said_with_what_would_be_right(
    served_store: tuple[str, str, Database],
) -> None:
    store = open_store(served_store[0], served_store[1])
    assert isinstance(store, ConsoleStore)
    with pytest.raises(NotAnsweredError, match="There is no report named 'nothing'"):
        store.report("nothing")
    store.close()


def test_a_folder_without_sealed_days_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is no sealed folder"):
        open_store(tmp_path)
