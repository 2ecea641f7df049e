"""A full disk: 503 with Retry-After, and 204 again without a restart. A read-only one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.beacons import beacon, post, view
from tests.support.collecting import collecting
from tests.support.disk import MS_RDONLY, MS_REMOUNT, disk_at, mount
from tests.support.site import KEY
from tests.support.waiting import wait_for
from vigie.folders import DataFolder

ORIGIN = "https://shop.test"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB; without one, test_journal_faults limits the file."""
    with disk_at(tmp_path / "disk", "1m") as folder:
        yield folder


def send(client: httpx.Client, base: str, number: int) -> httpx.Response:
    return post(client, base, beacon(KEY, f"{number:032x}", 7 << 20, [view("/")]), ORIGIN)


def test_a_full_disk_is_503_and_room_is_204_again(small_disk: Path, tmp_path: Path) -> None:
    ballast = small_disk / "ballast"
    with collecting(small_disk, tmp_path) as collector, httpx.Client(timeout=20) as client:
        assert send(client, collector.base, 1).status_code == 204
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(bytes(2_000_000))
        taken: set[int] = {1}
        refused: set[int] = set()
        number = 1
        while not refused:
            number += 1
            answer = send(client, collector.base, number)
            (taken if answer.status_code == 204 else refused).add(number)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        ballast.unlink()
        wait_for(
            lambda: send(client, collector.base, 1_000).status_code == 204,
            "beacons taken again, without a restart",
        )
        kept = {int(batch.session, 16) for batch in collector.batches()}
    assert taken <= kept


@pytest.mark.parametrize("command", ["collector", "console"])
def test_a_read_only_disk_is_said_at_the_start(
    command: str, small_disk: Path, tmp_path: Path
) -> None:
    config = tmp_path / "vigie.toml"
    config.write_text("[collector]\nport = 0\n[console]\nport = 0\n")
    DataFolder(small_disk)
    mount(small_disk, MS_REMOUNT | MS_RDONLY, "")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "vigie", command),
            *("--data", str(small_disk), "--config", str(config)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr
