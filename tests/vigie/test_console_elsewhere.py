"""Pages say when a location fell silent, when its clock is wrong, and what a job calls."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from analytics.reports.heard import LocationHeard
from probes.delivery import Delivery
from probes.monitor import Monitor
from probes.outcome import Outcome
from store.times import microseconds
from tests.support.console import SETTINGS, RunningConsole, check, running_console
from vigie.console.elsewhere import location_line
from vigie.distant.tokens import heartbeat_token
from vigie.settings import LocationSettings

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MONITORS = (
    Monitor(id="slow", url="http://a.test", interval_s=300),
    Monitor(id="quick", url="http://b.test", interval_s=10, timeout_s=5, locations=("oslo",)),
    Monitor(id="backup", kind="heartbeat", period_s=86_400, grace_s=1800),
)


def heard(ago_s: float, behind_s: float | None = None) -> LocationHeard:
    last = NOW - timedelta(seconds=ago_s)
    return LocationHeard(location="x", last_result=last, received=last, clock_behind_s=behind_s)


@pytest.mark.parametrize(
    ("name", "last", "silent"),
    [
        ("oslo", heard(50), False),
        ("oslo", heard(60), True),
        ("rome", heard(60), False),
        ("rome", heard(650), True),
        ("rome", None, True),
    ],
)
def test_a_location_is_silent_once_its_quickest_monitor_should_have_been_heard(
    name: str, last: LocationHeard | None, silent: bool
) -> None:
    assert location_line(name, MONITORS, last, NOW).silent is silent


def test_a_location_without_monitors_is_not_silent() -> None:
    assert not location_line("oslo", (MONITORS[2],), None, NOW).silent


def test_only_a_clock_that_is_off_is_shown() -> None:
    shown = [
        location_line("oslo", MONITORS, heard(5, behind), NOW).clock_behind_s
        for behind in (None, 0.4, -90.0)
    ]
    assert shown == [None, None, -90.0]


def delivered(console: RunningConsole, location: str, at: datetime, behind_s: float) -> None:
    console.load(
        [
            Delivery(
                location=location,
                spool=f"ab/{location}",
                start=0,
                positions=(100,),
                records=(replace(check("front", at, Outcome.OK), location=location),),
                clock_offset_us=round(behind_s * 1e6),
                received_us=microseconds(at),
            )
        ]
    )


def test_the_pages_show_locations_and_the_jobs_address(tmp_path: Path) -> None:
    settings = replace(
        SETTINGS,
        public_url="https://vigie.test",
        monitors=(*SETTINGS.monitors, MONITORS[2]),
        locations=tuple(
            LocationSettings(name=name, token_sha256="0" * 64) for name in ("oslo", "rome", "bonn")
        ),
    )
    now = datetime.now(UTC)
    with running_console(tmp_path, settings) as console:
        delivered(console, "oslo", now - timedelta(hours=2), 0.0)
        delivered(console, "rome", now - timedelta(seconds=90), 90.0)
        with console.reader() as client:
            for page in ("/monitors", "/data"):
                text = client.get(page).text
                assert text.count("Silent since") == 1
                assert text.count("Never heard") == 1
                assert "slow<span" in text
            page = client.get("/monitors/backup").text
            token = heartbeat_token(console.folder.secret(), "backup")
            assert f"https://vigie.test/heartbeat/v1/{token}" in page
            assert "A job of yours calls every" in page
            assert "heartbeat/v1" not in client.get("/monitors/front").text
