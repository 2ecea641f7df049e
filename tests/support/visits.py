"""Visits that end in every way a visit can, and what should have arrived of each."""

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from string import ascii_lowercase

from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from tests.support.browsing import crash, visit
from tests.support.site import WebSite, document

EVENTS = 3


@dataclass
class Visit:
    """One visit: where, how it ended, and the names of its views and events in their order."""

    name: str
    ending: str
    context: BrowserContext
    views: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    @property
    def normal(self) -> bool:
        return self.ending != "crash"


def letters(number: int) -> str:
    """A name that no template takes for an id."""
    first, second = divmod(number, 26)
    return f"{ascii_lowercase[first]}-{ascii_lowercase[second]}"


def visits(chromium: Browser, site: WebSite, count: int, seed: int) -> Iterator[Visit]:
    """Makes `count` visits, every ending about as often, in an order of the seed's."""
    names = list(ENDINGS)
    planned = [names[number % len(names)] for number in range(count)]
    random.Random(seed).shuffle(planned)
    for number, ending in enumerate(planned):
        context = chromium.new_context()
        context.set_default_timeout(20_000)
        made = Visit(letters(number), ending, context)
        for path in _paths(made):
            site.pages[path] = document("<h1>Start</h1>")
        page = context.new_page()
        _arrive(made, page, site, "start")
        ENDINGS[ending](made, page, site)
        yield made


def _paths(made: Visit) -> tuple[str, str]:
    return f"/{made.name}/start", f"/{made.name}/next"


def _arrive(made: Visit, page: Page, site: WebSite, where: str) -> None:
    visit(page, f"{site.base}/{made.name}/{where}")
    made.views.append(f"/{made.name}/{where}")
    _act(made, page)


def _act(made: Visit, page: Page) -> None:
    for _ in range(EVENTS):
        name = f"{made.name}-{letters(len(made.events))}"
        page.evaluate("name => vigie('event', name)", name)
        made.events.append(name)


def _close(made: Visit, page: Page, site: WebSite) -> None:
    """Until it is closed: a crash of the next visit's ends what another page still has to say."""
    with page.expect_event("close"):
        page.close(run_before_unload=True)


def _navigate(made: Visit, page: Page, site: WebSite) -> None:
    page.goto("about:blank")


def _back(made: Visit, page: Page, site: WebSite) -> None:
    _arrive(made, page, site, "next")
    page.go_back(wait_until="commit")
    page.wait_for_function("window.vigie && vigie.ready && location.pathname.endsWith('/start')")
    made.views.append(f"/{made.name}/start")
    _act(made, page)
    _close(made, page, site)


def _reload(made: Visit, page: Page, site: WebSite) -> None:
    page.reload()
    page.wait_for_function("window.vigie && vigie.ready")
    made.views.append(f"/{made.name}/start")
    _act(made, page)
    _close(made, page, site)


def _offline(made: Visit, page: Page, site: WebSite) -> None:
    made.context.set_offline(True)
    _act(made, page)
    made.context.set_offline(False)
    _act(made, page)
    _close(made, page, site)


def _crash(made: Visit, page: Page, site: WebSite) -> None:
    """All other visits are over, and their pages closed."""
    crash(page)
    with contextlib.suppress(PlaywrightError):
        page.close()


ENDINGS: dict[str, Callable[[Visit, Page, WebSite], None]] = {
    "close": _close,
    "navigate": _navigate,
    "back": _back,
    "reload": _reload,
    "offline": _offline,
    "crash": _crash,
}
