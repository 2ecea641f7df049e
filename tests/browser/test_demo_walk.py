"""A real browser on the running demo: a walk is counted at every step, and what is broken shows."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct
from playwright.sync_api import Page, Response

from vigie.demo import network
from vigie.demo.break_it import Fault
from vigie.folders import DataFolder

pytestmark = pytest.mark.browser

STEPS = network.journey_settings().steps
STEPS_ASKED = ",".join(f"page:{s.page}" if s.page else f"event:{s.event}" for s in STEPS)
COUNTED_WITHIN_S = 2.0
SEEN_WITHIN_S = 10.0
PATIENCE = 15
"""The promises above are for a machine of its own; a busy one gets so many times as long."""


class RunningDemo(Struct, frozen=True):
    """A demo's addresses, and its API."""

    site: str
    console: str
    token: str

    def report(self, name: str, **params: str) -> Any:
        answer = httpx.get(
            f"{self.console}/api/v1/reports/{name}",
            params=params,
            headers={"Authorization": f"Bearer {self.token}"},
            trust_env=False,
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def break_it(self, fault: Fault) -> None:
        answer = httpx.post(
            f"{self.site}/break-it", data={"fault": fault}, trust_env=False, timeout=60
        )
        assert answer.status_code == 303

    def states(self) -> dict[str, str]:
        report = self.report("uptime", days="1")
        return {row["monitor"]: row["state"] for row in report["monitors"]}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    root = tmp_path_factory.mktemp("walk") / "demo"
    options = ("--data", str(root), "--port-base", "0", "--days", "1")
    with subprocess.Popen(
        (sys.executable, "-m", "vigie", "demo", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    ) as process:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C ends it" not in said:
            line = process.stdout.readline()
            assert line, f"the demo ended:\n{said}{log_of(root)}"
            said += line
        addresses = DataFolder(root).addresses()
        yield RunningDemo(
            site=addresses["site"].url,
            console=addresses["console"].url,
            token=(root / "run" / "console-token").read_text().strip(),
        )
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 0, log_of(root)


def log_of(root: Path) -> str:
    log = root / "demo.log"
    return log.read_text()[-4000:] if log.exists() else ""


def seconds_until(met: Callable[[], bool], promised_s: float) -> float:
    """How long it takes until `met`, asked again and again. Fails well after the promise."""
    begun = time.monotonic()
    while not met():
        waited_s = time.monotonic() - begun
        assert waited_s < PATIENCE * promised_s, f"not yet after {waited_s:.1f} s"
        time.sleep(0.1)
    return time.monotonic() - begun


def is_beacon_with(text: str) -> Callable[[Response], bool]:
    return lambda response: (
        response.url.endswith("/rum/v1/beacon") and text in (response.request.post_data or "")
    )


def sign_in(page: Page, demo: RunningDemo, adviser: str) -> None:
    page.goto(f"{demo.site}/")
    page.click(f"button[value={adviser}]")
    page.wait_for_url("**/listings")


def test_a_novices_walk_is_counted_at_every_step(page: Page, demo: RunningDemo) -> None:
    start = datetime.now(UTC).isoformat()
    sign_in(page, demo, "nora")
    page.click("a[href='/listings/131']")
    page.click("article a.button")
    page.click("#step button")
    page.wait_for_url(f"**{network.PROPERTY}")
    page.click("#step button")
    page.wait_for_url(f"**{network.TERMS}")
    with page.expect_response(is_beacon_with(network.MANDATE_SIGNED), timeout=60_000) as beacon:
        page.click("#step button")
        page.wait_for_url(f"**{network.SIGNED}")
    assert beacon.value.status == 204

    def novices() -> list[int]:
        report = demo.report("funnel", steps=STEPS_ASKED, start=start, sample="1")
        levels = {segment["level"]: segment for segment in report["levels"]}
        return [step["reached"] for step in levels["novice"]["steps"]]

    took_s = seconds_until(lambda: novices() == [1] * len(STEPS), COUNTED_WITHIN_S)
    print(f"the walk was counted {took_s:.2f} s after its last beacon's 204")
    report = demo.report("funnel", steps=STEPS_ASKED, start=start, sample="1")
    assert report["everyone"]["entered"] == 1
    assert report["basis"]["generated"] is False


def test_down_shows_in_the_console_and_goes_away_when_undone(demo: RunningDemo) -> None:
    watched = [each.id for each in network.WATCHED]
    seconds_until(lambda: demo.states() == dict.fromkeys(watched, "up"), SEEN_WITHIN_S)
    demo.break_it(Fault.DOWN)
    took_s = seconds_until(lambda: demo.states() == dict.fromkeys(watched, "down"), SEEN_WITHIN_S)
    demo.break_it(Fault.NONE)
    undone_s = seconds_until(lambda: demo.states() == dict.fromkeys(watched, "up"), SEEN_WITHIN_S)
    print(f"down was seen after {took_s:.1f} s, its end after {undone_s:.1f} s")
    incidents = {
        row["monitor"]: row["incidents"][-1]["outcome"]
        for row in demo.report("uptime", days="1")["monitors"]
    }
    assert incidents == dict.fromkeys(watched, "connection_reset")


def test_wrong_content_shows_as_what_it_is(demo: RunningDemo) -> None:
    watched = [each.id for each in network.WATCHED]
    demo.break_it(Fault.CONTENT)
    took_s = seconds_until(lambda: demo.states() == dict.fromkeys(watched, "down"), SEEN_WITHIN_S)
    demo.break_it(Fault.NONE)
    undone_s = seconds_until(lambda: demo.states() == dict.fromkeys(watched, "up"), SEEN_WITHIN_S)
    print(f"wrong content was seen after {took_s:.1f} s, its end after {undone_s:.1f} s")
    rows = demo.report("uptime", days="1")["monitors"]
    assert {row["incidents"][-1]["outcome"] for row in rows} == {"wrong_content"}


def test_slow_degrades_the_patient_monitor_and_fails_the_others(demo: RunningDemo) -> None:
    others = [each.id for each in network.WATCHED if each.id != "listings"]
    expected = dict.fromkeys(others, "down") | {"listings": "degraded"}
    demo.break_it(Fault.SLOW)
    took_s = seconds_until(lambda: demo.states() == expected, SEEN_WITHIN_S)
    demo.break_it(Fault.NONE)
    undone_s = seconds_until(lambda: set(demo.states().values()) == {"up"}, SEEN_WITHIN_S)
    print(f"slowness was seen after {took_s:.1f} s, its end after {undone_s:.1f} s")


def test_the_sign_error_shows_among_people_while_probes_stay_green(
    page: Page, demo: RunningDemo
) -> None:
    start = datetime.now(UTC).isoformat()
    demo.break_it(Fault.SIGN)
    sign_in(page, demo, "nora")
    page.goto(f"{demo.site}{network.PROPERTY}")
    with page.expect_response(is_beacon_with("TypeError"), timeout=60_000) as beacon:
        page.click("#step button")
        page.wait_for_selector("#refused:visible")
    assert beacon.value.status == 204
    assert page.url.endswith(network.PROPERTY)

    def errors() -> int:
        report = demo.report("journey", journey=network.JOURNEY, start=start)
        return sum(slot["errors"] for slot in report["slots"])

    took_s = seconds_until(lambda: errors() > 0, SEEN_WITHIN_S)
    assert set(demo.states().values()) == {"up"}
    demo.break_it(Fault.NONE)
    page.reload()
    page.click("#step button")
    page.wait_for_url(f"**{network.TERMS}")
    print(f"the error was seen {took_s:.1f} s after its beacon's 204, probes green")
