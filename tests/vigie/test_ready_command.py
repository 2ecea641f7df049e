"""`vigie ready` answers 0 only when a journey is watched well enough, and says what is missing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from probes.outcome import Outcome
from rum.records import Click
from store.columns import batch_tables, check_tables
from store.database import Database
from store.rows import insert
from store.snapshot import Snapshot
from tests.support.console import check
from tests.support.stored import Maker
from vigie.folders import DataFolder
from vigie.readiness import ReadyReport, readiness
from vigie.settings import ChannelSettings, JourneySettings, Settings, SiteSettings, StepSettings

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JOURNEY = JourneySettings(
    id="order",
    site="shop",
    name="Order",
    owner="Checkout",
    monitors=("front",),
    steps=(StepSettings(page="/listings/?"), StepSettings(event="mandate_signed")),
)
SETTINGS = Settings(
    sites=(SiteSettings(id="shop", key="k", origins=("https://shop.test",)),),
    journeys=(JOURNEY,),
    channels=(ChannelSettings(id="ops", kind="chat", default=True),),
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "store")
    tables = batch_tables([Maker().batch(time=NOW - 60 * MINUTE, release="2.0")])
    dues = [NOW - number * MINUTE for number in range(30, -1, -1)]
    tables |= check_tables([check("front", due, Outcome.OK) for due in dues])
    for table, rows in tables.items():
        insert(database.cursor(), table, rows)
    database.cursor().execute(
        "INSERT INTO source_maps VALUES ('shop', '2.0', '/app.js', 'a', '', 1, $now)",
        {"now": NOW.replace(tzinfo=None)},
    )
    yield database
    database.close()


def ask(
    database: Database, journey: JourneySettings = JOURNEY, settings: Settings = SETTINGS
) -> ReadyReport:
    def answer(snapshot: Snapshot) -> ReadyReport:
        return readiness(snapshot, settings, journey, NOW)

    with database.snapshot() as snapshot:
        return answer(snapshot)


def failing(report: ReadyReport) -> list[str]:
    return [each.check for each in report.checks if not each.passed]


def test_a_journey_that_is_watched_is_ready(database: Database) -> None:
    report = ask(database)
    assert failing(report) == []
    assert report.ready
    assert len(report.frame()) == len(report.checks) == 6


@pytest.mark.parametrize(
    ("lacking", "check"),
    [
        ({"monitors": ()}, "monitors"),
        ({"monitors": ("other",)}, "monitor other"),
        ({"steps": ()}, "steps"),
        ({"steps": (StepSettings(page="/never"),)}, "step 1 /never"),
        ({"owner": ""}, "owner"),
    ],
)
def test_what_is_missing_is_named(
    database: Database, lacking: dict[str, object], check: str
) -> None:
    report = ask(database, structs.replace(JOURNEY, **lacking))
    assert (failing(report), report.ready) == ([check], False)


def test_a_step_of_a_click_is_seen(database: Database) -> None:
    journey = structs.replace(JOURNEY, steps=(StepSettings(click="#buy"),))
    assert failing(ask(database, journey)) == ["step 1 #buy"]
    batch = Maker(3).batch(time=NOW - MINUTE, kinds=("click",), release="2.0")
    (event,) = batch.events
    clicked = structs.replace(batch, events=(structs.replace(event, click=Click(target="#buy")),))
    for table, rows in batch_tables([clicked]).items():
        insert(database.cursor(), table, rows)
    assert failing(ask(database, journey)) == []


def test_a_monitor_that_is_down_is_not_green(database: Database) -> None:
    cursor = database.cursor()
    cursor.execute("UPDATE checks SET verdict = 'bad' WHERE due >= $at", {"at": down_since()})
    assert failing(ask(database)) == ["monitor front"]


def down_since() -> datetime:
    return (NOW - 3 * MINUTE).replace(tzinfo=None)


def test_errors_must_be_readable_by_the_release_seen_last(database: Database) -> None:
    newer = Maker(2).batch(time=NOW - MINUTE, release="2.1")
    for table, rows in batch_tables([newer]).items():
        insert(database.cursor(), table, rows)
    (found,) = (each for each in ask(database).checks if not each.passed)
    assert found.said == "release 2.1 has none: vigie sourcemaps upload"


def test_somebody_must_be_told(database: Database) -> None:
    assert failing(ask(database, settings=structs.replace(SETTINGS, channels=()))) == ["channels"]


CONFIG = """
[[sites]]
id = "shop"
key = "k"
origins = ["https://shop.test"]

[[journeys]]
id = "order"
site = "shop"
owner = "Checkout"
steps = [{ page = "/cart" }, { event = "paid" }]
"""


@pytest.mark.parametrize(
    ("arguments", "code"), [(("order",), 1), (("order", "--json"), 1), (("nothing",), 2)]
)
def test_a_pipeline_is_told_by_the_exit_code(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    (tmp_path / "vigie.toml").write_text(CONFIG)
    Database(DataFolder(tmp_path / "data").store).close()
    done = subprocess.run(
        [sys.executable, "-m", "vigie", "ready", *arguments, "--data", "data"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    if "--json" in arguments:
        assert json.loads(done.stdout)["ready"] is False
    elif code == 1:
        assert "FAIL step 1 /cart: /cart was not seen in the last 24 h" in done.stdout
        assert done.stdout.endswith("order is not ready\n")
    else:
        assert "There is no journey 'nothing'" in done.stderr
