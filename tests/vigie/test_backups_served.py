"""Backups of a running Vigie: on a schedule and by command, shown, and restored whole."""

import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from probes.monitor import Monitor
from store.backup_files import backups_in
from store.database import Database
from tests.support.beacons import beacon, post, view
from tests.support.serving import ORIGIN, SITE_KEY, serving
from tests.support.waiting import wait_for
from vigie.backups import backup_state
from vigie.console.access import one_time_link
from vigie.folders import DataFolder
from vigie.own_funnels import FUNNELS, SavedFunnel
from vigie.own_journeys import JOURNEYS
from vigie.own_monitors import MONITORS
from vigie.settings import BackupSettings, JourneySettings

NOW = datetime(2026, 3, 10, tzinfo=UTC)
MONITOR = Monitor(id="own", url="https://www.example.org/", paused=True)
FUNNEL = SavedFunnel(id="own", name="Own", site="shop", steps="page:/a,event:b")

JOURNEY = JourneySettings(id="own", name="Own", site="shop")


def vigie(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "vigie", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def events(data: Path) -> list[tuple[object, ...]]:
    database = Database(data / "store")
    try:
        return (
            database.cursor()
            .execute("SELECT session, batch, position FROM events ORDER BY ALL")
            .fetchall()
        )
    finally:
        database.close()


def test_scheduled_by_command_shown_and_restored(tmp_path: Path) -> None:
    scheduled, asked = tmp_path / "scheduled", tmp_path / "asked"
    settings = f'[backup]\nfolder = "{scheduled}"\n'
    with serving(tmp_path, more_settings=settings) as served:
        wait_for(
            lambda: bool(backups_in(scheduled) and backups_in(scheduled)[-1].verified),
            "the first scheduled backup, restored into scratch",
        )
        with httpx.Client(timeout=60) as client:
            for number in range(30):
                body = beacon(SITE_KEY, secrets.token_hex(16), number, [view("/")])
                assert post(client, served.collector, body, ORIGIN).status_code == 204
        MONITORS.add(DataFolder(served.data), MONITOR, NOW)
        FUNNELS.add(DataFolder(served.data), FUNNEL, NOW)
        JOURNEYS.add(DataFolder(served.data), JOURNEY, NOW)
        data = str(served.data)
        refused = vigie("restore", str(scheduled), "--data", data)
        assert refused.returncode == 1
        assert "stop it first" in refused.stderr
        assert vigie("repair", "--data", data).returncode == 1
        done = vigie("backup", str(asked), "--data", data, "--config", str(tmp_path / "none"))
        assert done.returncode == 0, done.stderr
        (made,) = backups_in(asked)
        assert str(made.folder) in done.stdout
        assert (made.folder / "data" / "vigie.toml").exists(), "the console knows its settings file"
        with httpx.Client(follow_redirects=True, timeout=60) as reader:
            reader.get(one_time_link(served.data / "run", served.console, datetime.now(UTC)))
            page = reader.get(f"{served.console}/data").text
        assert "Last restored and equal" in page
        assert "Backed up" in page
        unsigned = httpx.post(
            f"{served.console}/api/v1/backup", params={"folder": str(asked)}, timeout=60
        )
        assert unsigned.status_code == 401
        assert served.stop() == 0
    assert vigie("backup", str(asked), "--verify").returncode == 0
    again = tmp_path / "again"
    (served.data / "journal").rename(tmp_path / "journal")
    again.mkdir()
    (tmp_path / "journal").rename(again / "journal")
    done = vigie("restore", str(asked), "--data", str(again))
    assert done.returncode == 0, done.stderr
    assert events(again) == events(served.data)
    assert (again / "secret").read_text() == (served.data / "secret").read_text()
    assert len(events(again)) == 30
    for things in (MONITORS, FUNNELS, JOURNEYS):
        assert (again / things.file).read_bytes() == (served.data / things.file).read_bytes()
        assert len(things.read(DataFolder(again)).things) == 1
    assert vigie("restore", str(asked), "--data", str(again)).returncode == 1, "it is not empty now"


def test_what_is_late_is_said(tmp_path: Path) -> None:
    settings = BackupSettings(folder=str(tmp_path), every_h=24, verify_every_h=168)
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert backup_state(BackupSettings(), now, now).scheduled is False
    assert backup_state(settings, now, now).overdue == ""
    late = backup_state(settings, now + timedelta(hours=37), now)
    assert late.overdue == "The backup is overdue."
