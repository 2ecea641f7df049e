"""The pictures in the docs, of the running demo; ./scripts/test --pictures takes them anew."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.pictures]

LINK = re.compile(r"http://\S+/sign-in\?token=\S+")
STORY_B = re.compile(r"http://\S+/journeys/\S+\?start=\S+")


def test_the_journey_on_the_day_of_the_broken_release(
    chromium: Browser, tmp_path: Path, project_root: Path
) -> None:
    command = (sys.executable, "-m", "vigie", "demo", "--data", str(tmp_path), "--port-base", "0")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C ends it" not in said:
            line = process.stdout.readline()
            assert line, f"the demo ended:\n{said}"
            said += line
        link, story = LINK.search(said), STORY_B.search(said)
        assert link
        assert story
        context = chromium.new_context(
            viewport={"width": 1280, "height": 860}, device_scale_factor=1.5
        )
        page = context.new_page()
        page.goto(link[0])
        page.goto(story[0])
        page.wait_for_selector("main svg")
        assert "Probes were green while people failed" in page.inner_text("main")
        page.screenshot(path=project_root / "docs" / "images" / "journey.png")
        context.close()
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 0
