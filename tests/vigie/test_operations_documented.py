"""docs/operations.md and the others name what there is: figures, settings, ports, addresses."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import inspect
from starlette.routing import Route

from probes.prober import ProberStatus
from rum.collector import create_app as create_collector
from rum.limits import Limits
from store.journal_writer import JournalWriter
from store.replay_writer import ReplayWriter
from tests.support.collector import SITE, collecting_in
from tests.support.console import SETTINGS, running_console
from vigie.console.app import machine_routes
from vigie.distant.app import distant_routes
from vigie.figures import tell
from vigie.prober_process import prober_figures
from vigie.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
FIGURE = re.compile(r"\b(?:vigie|process)_[a-z_]+[a-z]\b")


def settings_named(kind: inspect.Type, prefix: str = "") -> Iterator[str]:
    """Every setting by its path: "store.retention_days"; tables of a list as one."""
    if isinstance(kind, inspect.VarTupleType):
        yield from settings_named(kind.item_type, prefix)
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield f"{prefix}{field.encode_name}"
            yield from settings_named(field.type, f"{prefix}{field.encode_name}.")


def test_every_setting_that_is_named_exists() -> None:
    known = set(settings_named(inspect.type_info(Settings)))
    sections = {path.split(".")[0] for path in known if "." in path}
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", OPERATIONS))
    named = {name for name in named if name.split(".")[0] in sections}
    assert len(named) > 10
    assert named - known == set()


def test_the_ports_are_those_of_the_settings() -> None:
    defaults = Settings()
    ports = {
        int(port) for port in re.findall(r"(?:127\.0\.0\.1|-p \d+|localhost):(\d+)", OPERATIONS)
    }
    assert ports == {defaults.collector.port, defaults.console.port}
    assert f"`collector.port`, {defaults.collector.port}" in OPERATIONS
    assert f"`console.port`, {defaults.console.port}" in OPERATIONS
    container = (ROOT / "examples" / "Containerfile").read_text("utf-8")
    assert f"EXPOSE {defaults.collector.port} {defaults.console.port}" in container


def test_every_figure_is_documented_and_every_one_documented_exists(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "prober-journal", "prober")
    status = ProberStatus(
        monitors=1, in_flight=0, unwritten=0, dropped=0, write_failures=0, internal_errors=0
    )
    with running_console(tmp_path / "console", SETTINGS) as console:
        tell(console.folder.run, "prober", prober_figures(status, journal))
        told = httpx.get(f"{console.base}/metrics", timeout=60).text
    journal.close()
    (tmp_path / "collector").mkdir()
    with collecting_in(tmp_path / "collector") as collecting:
        told += httpx.get(f"{collecting.base}/metrics", timeout=60).text
    there = set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE))
    there |= {"vigie_journal_backlog_bytes", "vigie_journal_disk_free_bytes"}
    named = {name.removesuffix("_bucket") for name in FIGURE.findall(OPERATIONS)}
    assert there - named == set(), "say in docs/operations.md what these are"
    assert named - there == set(), "docs/operations.md names figures that are not there"


def test_every_address_of_the_collector_and_of_the_api_is_documented(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, "collector")
    replays = ReplayWriter(tmp_path / "store", journal)
    app = create_collector([SITE], Limits(), journal, b"s" * 32, ROOT / "static", replays=replays)
    routes = [*app.routes, *distant_routes(Settings, journal, b"s" * 32, time.time_ns)]
    replays.close()
    journal.close()
    routes += machine_routes()
    paths = {route.path for route in routes if isinstance(route, Route)}
    paths = {path.replace(".{digest}.js", ".js") for path in paths}
    docs = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("beacon.md", "api.md"))
    assert {path for path in paths if f"`{path}`" not in docs} == set()


@pytest.mark.parametrize("page", ["beacon.md", "operations.md", "api.md", "backup.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]*)(?:#[a-z-]+)?\)", text):
        if target and "://" not in target:
            assert (ROOT / "docs" / target).exists(), target
    for anchor in re.findall(r"\]\(#([a-z0-9-]+)\)", text):
        headings = [
            re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in text.splitlines()
            if line.startswith("#")
        ]
        assert anchor in headings, anchor
