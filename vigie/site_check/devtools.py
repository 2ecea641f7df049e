"""A Chromium of this machine, driven by its own DevTools protocol.

The protocol needs no package of its own: uvicorn brings the websocket client already, and a
visitor's browser is all there is to install. https://chromedevtools.github.io/devtools-protocol/
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
STARTED_WITHIN_S = 30.0
ANSWERED_WITHIN_S = 30.0
ENDED_WITHIN_S = 10.0
MESSAGE_BYTES_MAX = 64_000_000
MESSAGES_MAX = 20_000
"""Kept of one page; a page that never rests must not fill the memory."""

_ARGUMENTS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
)


class BrowserError(Exception):
    """The browser did not start, ended, or refused a command; the text says which."""


def find_browser() -> str:
    """The path of a browser that speaks DevTools; "" where none is installed."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), "")


class Tab:
    """One tab. `messages` are the protocol's events so far, in their order."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._session = ""
        self._number = 0
        self.messages: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer of a command. Raises BrowserError."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        try:
            self._connection.send(msgspec.json.encode(message).decode())
            deadline = time.monotonic() + ANSWERED_WITHIN_S
            while True:
                answer = self._receive(deadline - time.monotonic())
                if answer is None:
                    raise BrowserError(f"the browser did not answer {method}")
                if answer.get("id") == self._number:
                    break
        except WebSocketException as error:
            raise BrowserError(f"the browser ended: {error}") from error
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error'].get('message', '')}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, method: str, seconds: float) -> bool:
        """Whether such an event came, before or within the time."""
        deadline = time.monotonic() + seconds
        while not any(message["method"] == method for message in self.messages):
            try:
                if self._receive(deadline - time.monotonic()) is None:
                    return False
            except WebSocketException as error:
                raise BrowserError(f"the browser ended: {error}") from error
        return True

    def evaluate(self, expression: str) -> Any:
        """The value of an expression or of its promise; None where it threw."""
        answer = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        return answer["result"].get("value") if "exceptionDetails" not in answer else None

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        """The next message; None when the time is over. An event is kept as well."""
        if seconds <= 0:
            return None
        try:
            message: dict[str, Any] = msgspec.json.decode(self._connection.recv(seconds))
        except TimeoutError:
            return None
        if "method" in message and len(self.messages) < MESSAGES_MAX:
            self.messages.append(message)
        return message


@contextmanager
def open_tab(browser: str, agent: str) -> Iterator[Tab]:
    """A tab of a fresh browser with an empty profile, both gone afterwards. Raises BrowserError.

    `agent` is the User-Agent of all it sends.
    """
    with tempfile.TemporaryDirectory(
        prefix="vigie-browser-", ignore_cleanup_errors=True
    ) as profile:
        # Chromium refuses its own sandbox to the superuser.
        more = ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            process = subprocess.Popen(
                [
                    browser,
                    *_ARGUMENTS,
                    *more,
                    f"--user-agent={agent}",
                    f"--user-data-dir={profile}",
                    "about:blank",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise BrowserError(f"{browser} cannot be run: {error.strerror}") from error
        try:
            address = _address(process, Path(profile) / "DevToolsActivePort", browser)
            with connect(address, max_size=MESSAGE_BYTES_MAX, proxy=None) as connection:
                yield Tab(connection)
        except (WebSocketException, OSError) as error:
            raise BrowserError(f"{browser} does not answer: {error}") from error
        finally:
            _end(process)


def _address(process: subprocess.Popen[bytes], file: Path, browser: str) -> str:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BrowserError(f"{browser} ended at once, with code {process.returncode}")
        lines = file.read_text().split() if file.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise BrowserError(f"{browser} did not start within {STARTED_WITHIN_S:g} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
