"""kill -9 at each step of telling an outage: nothing is lost, and no second incident comes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.database import Database
from tests.support.alert_child import STEPS
from tests.support.receivers import http_receiver, pagerduty

ENVIRONMENT = {
    **os.environ,
    "VIGIE_TEST_SECRET": "secret",
    "VIGIE_TEST_KEY": "0123456789abcdef0123456789abcdef",
}


def child(*arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.alert_child", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def once(keys: list[str]) -> list[str]:
    """The keys in their order, repeats left out."""
    return list(dict.fromkeys(keys))


@pytest.mark.parametrize("step", STEPS)
def test_an_outage_and_its_end_are_each_told_once_whenever_power_goes(
    tmp_path: Path, step: str
) -> None:
    store = str(tmp_path / "store")
    with http_receiver() as hook, pagerduty() as pager:
        for phase in ("open", "close"):
            killed = child(store, hook.url, pager.url, phase, step)
            assert killed == -signal.SIGKILL, "the step was never reached"
        assert child(store, hook.url, pager.url, "nothing", "none") == 0
        told = [request.json() for request in hook.requests]
        repeats = [request.headers["idempotency-key"] for request in hook.requests]
        events = [request.json() for request in pager.requests]

    assert once([body["event"] for body in told]) == ["open", "close"]
    assert len({body["incident"]["id"] for body in told}) == 1
    assert len(once(repeats)) == 2, "a repeat has the key of what it repeats"
    assert once([event["event_action"] for event in events]) == ["trigger", "resolve"]
    assert len({event["dedup_key"] for event in events}) == 1
    if step != "delivered":
        assert len(told) == 2, "what was marked sent, or never sent, is not repeated"

    database = Database(tmp_path / "store")
    states = database.cursor().execute("SELECT key, state FROM outbox ORDER BY key").fetchall()
    incidents = database.cursor().execute("SELECT count(*) FROM incidents").fetchall()
    database.close()
    assert incidents == [(1,)]
    assert {state for _, state in states} == {"sent"}
    assert len(states) == 4
