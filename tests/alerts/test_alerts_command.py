"""`vigie alerts test` sends one marked message and says plainly what came of it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.receivers import http_receiver

SETTINGS = """
[[channels]]
id = "hook"
kind = "webhook"
url = "{url}"
secret_env = "VIGIE_TEST_SECRET"
"""


def alerts(
    folder: Path, url: str, channel: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    config = folder / "vigie.toml"
    config.write_text(SETTINGS.format(url=url))
    return subprocess.run(
        [sys.executable, "-m", "vigie", "alerts", "test", channel, "--config", str(config)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_what_the_receiver_answered_is_said_and_decides_the_exit_code(tmp_path: Path) -> None:
    with http_receiver((200, {}, ""), (403, {}, {"error": "who are you"})) as receiver:
        good = alerts(tmp_path, receiver.url, "hook", VIGIE_TEST_SECRET="hidden")
        bad = alerts(tmp_path, receiver.url, "hook", VIGIE_TEST_SECRET="hidden")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout == "hook (webhook): sent: answered 200 OK\n"
    assert bad.returncode == 1
    assert "refused" in bad.stdout
    assert "who are you" in bad.stdout
    assert "hidden" not in good.stdout + bad.stdout
    body = receiver.requests[0].json()
    assert (body["event"], body["incident"]) == ("test", None)
    assert body["title"].startswith("Test: ")


def test_a_missing_secret_and_an_unknown_channel_are_named(tmp_path: Path) -> None:
    missing = alerts(tmp_path, "http://127.0.0.1:1/", "hook", VIGIE_TEST_SECRET="")
    assert missing.returncode == 1
    assert "the environment variable VIGIE_TEST_SECRET is not set" in missing.stdout
    unknown = alerts(tmp_path, "http://127.0.0.1:1/", "hok")
    assert unknown.returncode == 2
    assert '"hok" is no channel' in unknown.stderr
    assert '"hook"' in unknown.stderr
