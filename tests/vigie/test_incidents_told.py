"""What the console says of incidents that many monitors share, and of planned maintenance."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import MonitorDefinition
from store.times import microseconds
from tests.support.console import RunningConsole, check, running_console
from vigie.settings import MaintenanceSettings, Settings

MINUTE = timedelta(minutes=1)
NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = NOW - 120 * MINUTE
MONITORS = (
    Monitor(id="router", url="http://a.test/"),
    Monitor(id="shop", url="http://b.test/", parents=("router",)),
    Monitor(id="building", url="http://c.test/"),
    Monitor(id="nervous", url="http://d.test/"),
    Monitor(id="sentinel-1", url="http://e.test/", sentinel=True),
    Monitor(id="sentinel-2", url="http://f.test/", sentinel=True),
    Monitor(id="cut-off", url="http://g.test/"),
)
BAD_MINUTES = {
    "router": range(10, 20),
    "shop": range(10, 20),
    "building": range(40, 50),
    "nervous": [minute for minute in range(20, 50) if minute % 6 > 3],
    "sentinel-1": range(70, 80),
    "sentinel-2": range(70, 80),
    "cut-off": range(70, 80),
}
WORK = MaintenanceSettings(
    id="upgrade",
    monitors=("building",),
    start=(BEGAN + 35 * MINUTE).isoformat(),
    end=(BEGAN + 55 * MINUTE).isoformat(),
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root: Path = tmp_path_factory.mktemp("told")
    with running_console(root, Settings(monitors=MONITORS, maintenance=(WORK,))) as console:
        fill(console)
        with console.reader() as client:
            yield client


def fill(console: RunningConsole) -> None:
    console.load(
        MonitorDefinition(monitor=each, from_us=microseconds(BEGAN), location="local")
        for each in MONITORS
    )
    console.load(
        check(
            each.id,
            BEGAN + minute * MINUTE,
            Outcome.WRONG_STATUS if minute in BAD_MINUTES[each.id] else Outcome.OK,
        )
        for each in MONITORS
        for minute in range(120)
    )


def plain(text: str) -> str:
    """With ordinary blanks for those that do not break."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_the_incidents_page_says_why_nobody_was_told(told: httpx.Client) -> None:
    text = plain(told.get("/incidents").text)
    assert 'Held back: <a href="/monitors/router' in text
    assert text.count("Held back") == 1
    assert "Flapping: 3 outages, 6 min" in text
    assert "Our own network failed at local" in text
    assert "sentinel-1, sentinel-2 failed together" in text
    assert "(cut-off)" in text
    assert 'href="/monitors/cut-off' not in text
    assert 'href="/monitors/building' not in text


def test_maintenance_is_left_out_of_a_monitors_figures(told: httpx.Client) -> None:
    text = plain(told.get("/monitors/building?days=1").text)
    assert "No confirmed outage in this window." in text
    assert "20 min<small>maintenance and pauses" in text
    (row,) = told.get("/api/v1/reports/uptime?monitor=building&days=1").json()["monitors"]
    assert row["seconds"]["maintenance"] == 20 * 60
    assert row["uptime"] == 1
