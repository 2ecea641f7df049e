"""How long the console's pages take over a store, as whoever opens one waits.

Of each page, with the same store and settings:

- cold: a console that runs and remembers no answer to anything a page asks. What sealed days said
  to what pages ask by default is on the disk, and what past hours of hot days said in memory: the
  console's own job asked for it before. Every page was opened once before, so that templates are
  compiled, and DuckDB has in memory what it keeps there.
- restarted: the console was started just now, and nothing is in memory: neither what past hours
  said, nor which sessions are hot, nor templates. The database is opened anew for each page. What
  sealed days said is on the disk, and the operating system's cache of files is warm.
- again: the same was just asked.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from msgspec import Struct
from starlette.routing import Route

from store.database import Database
from tests.support.console import served
from vigie.console.access import one_time_link
from vigie.console.app import create_app, page_routes
from vigie.console.console import Console
from vigie.console.context import ConsoleContext
from vigie.folders import DataFolder
from vigie.prepared_answers import PreparedAnswers
from vigie.settings import Settings


class PageTimes(Struct, frozen=True, kw_only=True):
    """Seconds by address."""

    cold: dict[str, float]
    restarted: dict[str, float]
    again: dict[str, float]


def pages_timed(store: Path, settings: Settings, steps: str) -> PageTimes:
    """Every page, one after the other."""
    asked = addresses(settings, steps)
    times = PageTimes(cold={}, restarted={}, again={})
    with tempfile.TemporaryDirectory() as root:
        folder = DataFolder(Path(root))
        database = Database(store)
        prepare(settings, folder, database)
        with _console(settings, folder, database) as (console, client):
            for address in asked:
                _asked(client, address)
            for address in asked:
                console.answers.forget()
                times.cold[address] = _asked(client, address)
                times.again[address] = _asked(client, address)
        database.close()
        for address in asked:
            database = Database(store)
            with _console(settings, folder, database) as (_, client):
                times.restarted[address] = _asked(client, address)
            database.close()
    return times


@contextmanager
def _console(
    settings: Settings, folder: DataFolder, database: Database
) -> Iterator[tuple[Console, httpx.Client]]:
    """One that was asked nothing, and somebody signed in to it."""
    context = ConsoleContext(settings=settings, folder=folder, database=database)
    app = create_app(context)
    with (
        served(app) as base,
        httpx.Client(base_url=base, trust_env=False, timeout=60) as client,
    ):
        client.get(one_time_link(folder.run, base, datetime.now(UTC)))
        yield app.state.console, client


def prepare(settings: Settings, folder: DataFolder, database: Database) -> None:
    """As the keeper's job does after a seal, and after a start: once for what is on the disk and
    what is in memory."""
    job = PreparedAnswers(lambda: settings, folder, database).job()
    started = time.perf_counter()
    while job.run(datetime.now(UTC)):
        pass
    print(f"answers of days kept  {time.perf_counter() - started:>10,.1f} s", flush=True)


def addresses(settings: Settings, steps: str) -> list[str]:
    """Every page that takes no name of a thing, the journey's, and some with a question."""
    plain = [
        route.path
        for route in page_routes()
        if isinstance(route, Route)
        and "GET" in (route.methods or ())
        and "{" not in route.path
        and "/-" not in route.path
        and not route.path.startswith(("/sign", "/clicks/page"))
    ]
    journeys = [f"/journeys/{journey.id}" for journey in settings.journeys]
    asked = [f"/funnels?steps={steps}&days=7", "/speed?level=novice", "/sessions?days=7"]
    return [*dict.fromkeys([*plain, *journeys, *asked])]


def _asked(client: httpx.Client, address: str) -> float:
    started = time.perf_counter()
    answer = client.get(address)
    taken = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return taken
