"""`vigie probe`, `vigie location-token`, `vigie heartbeat`: what they say and what they refuse."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.distance import doors
from vigie.distant.tokens import heartbeat_token, token_sha256
from vigie.folders import DataFolder
from vigie.settings import LocationSettings, Settings


def run(
    *arguments: str | Path, cwd: Path, token: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100"}
    environment.pop("VIGIE_LOCATION_TOKEN", None)
    if token is not None:
        environment["VIGIE_LOCATION_TOKEN"] = token
    return subprocess.run(
        [sys.executable, "-m", "vigie", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_new_token_is_shown_once_and_only_its_hash_is_for_the_settings(tmp_path: Path) -> None:
    done = run("location-token", "paris", cwd=tmp_path)
    token = next(line for line in done.stdout.splitlines() if line.startswith("vigie-"))
    settings = done.stdout[done.stdout.index("[[locations]]") :]
    assert tomllib.loads(settings) == {
        "locations": [{"name": "paris", "token_sha256": token_sha256(token)}]
    }
    assert token not in settings


@pytest.mark.parametrize(
    ("arguments", "token", "words"),
    [
        (["--location", "a b", "--to", "http://127.0.0.1:1"], "t", "is no name of a location"),
        (["--location", "paris", "--to", "example.org"], "t", "is no URL such as"),
        (["--location", "paris", "--to", "http://127.0.0.1:1"], None, "holds no token"),
        (["--location", "paris", "--to", "http://127.0.0.1:1"], "a b", "holds no token"),
    ],
)
def test_what_is_asked_wrongly_is_said(
    tmp_path: Path, arguments: list[str], token: str | None, words: str
) -> None:
    done = run("probe", *arguments, cwd=tmp_path, token=token)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_token_ends_a_first_start_in_clear_words(tmp_path: Path) -> None:
    with doors(tmp_path, Settings()) as opened:
        done = run("probe", "--location", "paris", "--to", opened.base, cwd=tmp_path, token="wrong")
    assert done.returncode == 1
    assert "the collector answered 401: this token is of no location" in done.stderr


def test_a_data_folder_is_of_one_location(tmp_path: Path) -> None:
    (tmp_path / "probe-data").mkdir()
    (tmp_path / "probe-data" / "known.json").write_text('{"location": "oslo"}')
    token = tmp_path / "token"
    token.write_text("right\n")
    settings = Settings(
        locations=(LocationSettings(name="paris", token_sha256=token_sha256("right")),)
    )
    with doors(tmp_path, settings) as opened:
        asked = ("probe", "--location", "paris", "--to", opened.base, "--token-file", token)
        done = run(*asked, cwd=tmp_path)
    assert done.returncode == 2
    assert "is the data folder of location oslo, not paris" in done.stderr


def test_a_heartbeats_address_is_printed_and_only_of_heartbeats(tmp_path: Path) -> None:
    (tmp_path / "vigie.toml").write_text(
        'public_url = "https://vigie.test/"\n'
        '[[monitors]]\nid = "backup"\nkind = "heartbeat"\nperiod_s = 3600\n'
        '[[monitors]]\nid = "home"\nurl = "http://home.test"\n'
    )
    folder = DataFolder(tmp_path / "vigie-data")
    done = run("heartbeat", "backup", cwd=tmp_path)
    token = heartbeat_token(folder.secret(), "backup")
    assert done.stdout == f"https://vigie.test/heartbeat/v1/{token}\n"
    refused = run("heartbeat", "home", cwd=tmp_path)
    assert refused.returncode == 2
    assert '"home" is no heartbeat monitor; there are: backup' in refused.stderr
