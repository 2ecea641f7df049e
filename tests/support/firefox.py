"""A real Firefox, driven over WebDriver BiDi by a small program of node's."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DRIVER = Path(__file__).resolve().parent.parent / "browser" / "firefox" / "drive.mjs"
ANSWER_WITHIN_S = 60.0


class Driver:
    """The program, and its answers in order."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answers: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="firefox answers")
        self._reader.start()
        self.version: str = self._next()

    def ask(self, tab: int, call: str, *given: Any) -> Any:
        """What the call gives; AssertionError when it fails or nothing comes."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"tab": tab, "call": call, "with": given}) + "\n")
        self._process.stdin.flush()
        return self._next()

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._answers.put(line)
        self._answers.put("")

    def _next(self) -> Any:
        line = self._answers.get(timeout=ANSWER_WITHIN_S)
        assert line, "Firefox's driver ended; its error is above"
        answer = json.loads(line)
        assert "error" not in answer, answer
        return answer["value"]


class FirefoxTab:
    """One tab of Firefox; all tabs share a profile, as a visitor's do."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._number: int = driver.ask(-1, "open")

    def visit(self, url: str) -> None:
        """Open a page and wait until rum.js is at work in it."""
        self._driver.ask(self._number, "goto", url)
        self._driver.ask(self._number, "waitForFunction", "window.vigie && window.vigie.ready")

    def goto(self, url: str) -> None:
        self._driver.ask(self._number, "goto", url)

    def evaluate(self, expression: str) -> Any:
        return self._driver.ask(self._number, "evaluate", expression)

    def click(self, selector: str) -> None:
        self._driver.ask(self._number, "click", selector)

    def back(self, path: str) -> None:
        """Go back to the page of this path. Puppeteer's goBack waits for a load, and a page that
        comes from the back-forward cache has none."""
        self.evaluate("void setTimeout(() => history.back())")
        self._driver.ask(self._number, "waitForFunction", f"location.pathname === '{path}'")

    def close(self) -> None:
        self._driver.ask(self._number, "close")

    def said(self) -> list[str]:
        """Errors and warnings of its console, and what its page threw."""
        return list(self._driver.ask(self._number, "said"))


@contextmanager
def firefox_driver(firefox: str) -> Iterator[Driver]:
    process = subprocess.Popen(
        ["node", str(DRIVER), firefox], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    driver = Driver(process)
    try:
        yield driver
    finally:
        driver.end()
