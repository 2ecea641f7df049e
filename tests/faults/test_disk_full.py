"""A full disk: beacons get 503 with Retry-After, and 204 again without a restart."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.beacons import beacon, post, view
from tests.support.collecting import collecting
from tests.support.site import KEY
from tests.support.waiting import wait_for

MNT_DETACH = 2
LIBC = ctypes.CDLL(None, use_errno=True)
ORIGIN = "https://shop.test"


def mount(folder: Path, flags: int, options: str) -> None:
    """Raises OSError where that is not allowed."""
    if LIBC.mount(b"tmpfs", str(folder).encode(), b"tmpfs", flags, options.encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mount(folder, 0, "size=1m")
    except OSError as error:
        pytest.skip(f"mounting is not allowed here ({error}); test_journal_faults limits the file")
    yield folder
    LIBC.umount2(str(folder).encode(), MNT_DETACH)


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
