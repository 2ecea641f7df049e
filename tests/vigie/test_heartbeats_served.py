"""A heartbeat under a real `vigie serve`: in time, late, recovered; and silent locations."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from msgspec.structs import replace

from analytics.question import Window
from analytics.reports.types import State
from analytics.reports.uptime import uptime
from probes.outcome import Outcome
from store.database import Database
from store.loader import Loader
from tests.support.console import check
from tests.support.serving import serving
from tests.support.stored import Journal
from tests.support.waiting import wait_for
from vigie.distant.tokens import heartbeat_address
from vigie.folders import DataFolder

MONITORS = """
[[monitors]]
id = "job"
kind = "heartbeat"
period_s = 4
grace_s = 2
"""


def test_a_job_is_up_then_late_then_up_again(tmp_path: Path) -> None:
    with serving(tmp_path, more_settings=MONITORS) as served:
        address = heartbeat_address(served.collector, DataFolder(served.data).secret(), "job")

        def state() -> str:
            report = served.get("/api/v1/reports/uptime", monitor="job", days="1").json()
            return str(report["monitors"][0]["state"])

        called: list[tuple[float, float]] = []

        def called_until(wanted: str) -> bool:
            before = time.time()
            assert httpx.get(address, timeout=60).status_code == 200
            called.append((before, time.time()))
            return state() == wanted

        wait_for(lambda: state() == "unknown", "the job to be known and not judged")
        wait_for(lambda: called_until("up"), "the job to be up")
        first, last = called[-1]
        wait_for(lambda: state() == "down", "the job to be late")
        served.kill("collector")
        wait_for(lambda: called_until("up"), "the job to be up again")
        report = served.get("/api/v1/reports/uptime", monitor="job", days="1").json()
        incidents = report["monitors"][0]["incidents"]
        late = datetime.fromisoformat(incidents[0]["start"]).timestamp()
        assert served.stop() == 0, served.log.read_text()
    # A call half a second after another is not counted.
    assert first + 6 - 0.6 <= late <= last + 6, "lateness is not dated from when it was due"
    assert incidents[0]["outcome"] == "heartbeat_late"
    database = Database(served.data / "store")
    outcomes = database.cursor().execute(
        "SELECT DISTINCT outcome FROM checks WHERE monitor = 'job' ORDER BY 1"
    )
    assert outcomes.fetchall() == [("heartbeat_late",), ("ok",)], "the prober left it alone"
    database.close()


def test_time_in_which_a_location_is_silent_is_not_observed(tmp_path: Path) -> None:
    """Of one location: unknown. Of two, the other one decides."""
    start = datetime(2026, 5, 4, 12, tzinfo=UTC)
    database = Database(tmp_path / "store")
    journal = Journal(tmp_path / "journal")

    for monitor, location, minutes in (
        ("alone", "paris", 30),
        ("shared", "paris", 30),
        ("shared", "oslo", 60),
    ):
        times = (start + timedelta(minutes=each) for each in range(minutes))
        good = (replace(check(monitor, at, Outcome.OK), location=location) for at in times)
        journal.write(*good, writer=f"{monitor}-{location}")
    Loader(database, journal.folder).load_once(start)
    end = start + timedelta(hours=1)
    with database.snapshot() as snapshot:
        report = uptime(snapshot, ["alone", "shared"], Window(start, end), end)
    database.close()
    alone, shared = report.monitors
    assert [(each.state, each.start) for each in alone.intervals] == [
        (State.UP, start),
        (State.UNKNOWN, start + timedelta(minutes=30)),
    ]
    assert alone.observed_share == 0.5
    assert alone.uptime == 1.0
    assert {each.state for each in shared.intervals} == {State.UP}
