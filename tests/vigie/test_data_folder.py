"""The data folder: made when missing, its secret made once and for its owner only."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.waiting import wait_for
from vigie.folders import Address, DataFolder, write_atomically
from vigie.locks import HeldError, Lock

HOLDER = """
import sys
from pathlib import Path
from vigie.locks import Lock

lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_all_who_ask_first_at_once_get_the_same_secret(tmp_path: Path) -> None:
    folders = [DataFolder(tmp_path / "data") for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(lambda folder: folder.secret(), folders * 4))
    assert len(secrets) == 1
    (secret,) = secrets
    assert len(secret) == 32
    assert DataFolder(tmp_path / "data").secret() == secret
    path = tmp_path / "data" / "secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().strip() == secret.hex()
    assert not list(path.parent.glob(".secret*")), "nothing half-written is left behind"


def test_a_damaged_secret_is_never_replaced_silently(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    (tmp_path / "secret").write_text("00ff\n")
    with pytest.raises(ValueError, match="should hold 64 hex digits"):
        folder.secret()


def test_what_is_made_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    made = (folder.root, folder.run, folder.journal, folder.store)
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}


def test_in_a_folder_open_to_all_personal_data_still_is_not(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    folder = DataFolder(tmp_path / "data")
    made = (folder.run, folder.journal, folder.store)
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}


def test_addresses_are_kept_side_by_side_and_usable_on_this_machine(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert folder.addresses() == {}
    folder.record_address("collector", Address("0.0.0.0", 8600))
    folder.record_address("console", Address("::1", 8601))
    assert {name: each.url for name, each in DataFolder(tmp_path).addresses().items()} == {
        "collector": "http://127.0.0.1:8600",
        "console": "http://[::1]:8601",
    }


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(IsADirectoryError):
        write_atomically(path, b"new")
    assert os.listdir(tmp_path) == ["taken"]


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "serve.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(HeldError) as caught:
        Lock(path)
    assert caught.value.pid == holder.pid
    holder.kill()
    holder.wait()
    holder.stdout.close()
    holder.stdin.close()

    def taken() -> Lock | None:
        try:
            return Lock(path)
        except HeldError:
            return None

    lock = wait_for(taken, "the lock of the killed holder")
    assert lock is not None
    lock.release()
    Lock(path).release()
