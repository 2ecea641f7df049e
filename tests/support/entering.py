"""Entering things in the console's forms, as somebody who is signed in does."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import Browser, Page

from tests.support.console import RunningConsole


@contextmanager
def entering(console: RunningConsole) -> Iterator[httpx.Client]:
    """A reader whose forms are taken, and who is led where they lead."""
    with console.reader() as client:
        client.headers["origin"] = console.base
        client.follow_redirects = True
        yield client


@contextmanager
def entering_page(
    chromium: Browser, console: RunningConsole, file: str, *, javascript: bool
) -> Iterator[Page]:
    """A page signed in to a console that keeps nothing in `file`, with JavaScript or without."""
    (console.folder.root / file).unlink(missing_ok=True)
    context = chromium.new_context(base_url=console.base, java_script_enabled=javascript)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(console.link())
    yield page
    context.close()


def words(answer: httpx.Response) -> str:
    """What an answer says, without its tags."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", answer.text))
    return " ".join(text.replace("\u202f", " ").split())


def version_of(answer: httpx.Response) -> str:
    """The version that a form says it changes."""
    found = re.search(r'name="version" value="(\d+)"', answer.text)
    assert found
    return found[1]


def undone(client: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """The answer to Undo, where a page says what was just done."""
    said = answer.text.split('class="said"')[1].split("</section>")[0]
    action = re.search(r'action="([^"]+)"', said)
    version = re.search(r'name="version" value="(\d+)"', said)
    assert action, words(answer)
    return client.post(action[1], data={"version": version[1] if version else "0"})
