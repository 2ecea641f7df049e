"""`vigie event`, `vigie event-token` and the examples post events that end up on disk."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from rum.bucket import bucket_of
from rum.records import Batch
from tests.support.collector import SITE, Collecting, collecting_in
from tests.support.ports import free_port
from vigie.distant.tokens import new_event_token, token_sha256

TOKEN = new_event_token()
SESSION = "ab" * 16


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collecting]:
    site = replace(SITE, event_tokens_sha256=(token_sha256(TOKEN),))
    with collecting_in(tmp_path, sites=(site,)) as collecting:
        yield collecting


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def event(folder: Path, *arguments: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "vigie", "event", *arguments)
    return run(folder, *command, VIGIE_EVENT_TOKEN=token)


def test_an_event_is_on_disk_when_the_command_ends(collector: Collecting, tmp_path: Path) -> None:
    done = event(
        tmp_path, "mandate_signed", "--value", "250000", "--currency", "EUR",
        "--attribute", "kind=exclusive", "--attribute", "rooms=4", "--session", SESSION,
        "--user", "jean", "--id", "mandate-7", "--to", collector.base,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "mandate_signed is on disk\n"), done.stderr
    (batch,) = collector.batches()
    (kept,) = batch.events
    assert (batch.session, len(batch.user), kept.value, kept.currency) == (
        SESSION, 32, 250_000, "EUR"
    )  # fmt: skip
    assert kept.attributes == {"kind": "exclusive", "rooms": "4"}
    again = event(
        tmp_path,
        "mandate_signed",
        "--session",
        SESSION,
        "--id",
        "mandate-7",
        "--to",
        collector.base,
    )
    assert again.returncode == 0
    assert len({(each.session, each.batch) for each in collector.batches()}) == 1


def test_a_deploy_is_an_event_of_its_release(collector: Collecting, tmp_path: Path) -> None:
    done = event(tmp_path, "deploy", "--release", "2.14", "--to", collector.base)
    assert done.returncode == 0, done.stderr
    (batch,) = collector.batches()
    assert (batch.release, batch.server, bucket_of(batch.session)) == ("2.14", True, 0)


def test_what_is_wrong_is_said(collector: Collecting, tmp_path: Path) -> None:
    there = ("--to", collector.base)
    for arguments, token, code, said in [
        (("a", *there), "wrong", 1, "unknown_token"),
        (("a", *there), " ", 2, "vigie event-token makes one"),
        (("a", "--time", "yesterday", *there), TOKEN, 1, "ISO 8601"),
        (("a", "--attribute", "x", *there), TOKEN, 2, "NAME=VALUE"),
        (("a", "--to", f"http://127.0.0.1:{free_port()}"), TOKEN, 1, "cannot be reached"),
        (("a",), TOKEN, 2, "--to URL"),
    ]:
        done = event(tmp_path, *arguments, token=token)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
        assert "Traceback" not in done.stderr
    assert collector.batches() == []


def test_the_token_and_its_hash_belong_together(tmp_path: Path) -> None:
    done = run(tmp_path, sys.executable, "-m", "vigie", "event-token")
    token = re.search(r"^vigie-event-\S+$", done.stdout, re.M)
    assert token is not None
    assert f'event_tokens_sha256 = ["{token_sha256(token[0])}"]' in done.stdout


@pytest.mark.parametrize(
    ("program", "file"), [("sh", "post.sh"), (sys.executable, "post.py"), ("php", "post.php")]
)
def test_the_examples_post_an_event_and_a_retry_is_the_same(
    collector: Collecting, tmp_path: Path, project_root: Path, program: str, file: str
) -> None:
    for needed in (program, *(("curl",) if program == "sh" else ())):
        if shutil.which(needed) is None:
            pytest.skip(f"needs {needed}")
    example = project_root / "examples" / "server-events" / file
    for _ in range(2):
        done = run(
            tmp_path, program, str(example), "77",
            VIGIE_URL=collector.base, VIGIE_EVENT_TOKEN=TOKEN,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert '"accepted":1' in done.stdout
    first, second = collector.batches()
    assert identity(first) == identity(second)
    (kept,) = first.events
    assert (kept.name, kept.value, kept.currency) == ("order_paid", 49.9, "EUR")


def identity(batch: Batch) -> tuple[str, int]:
    return batch.session, batch.batch
