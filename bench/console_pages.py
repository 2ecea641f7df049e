"""How long the console's pages take over a store, as whoever opens one waits.

Of each page, with the same store and settings:

- first: as cold, but nobody opened the page before since the store was opened: what it asks beyond
  its defaults, such as one vital of one page, is read from its days' rows, unless an earlier run on
  the same store kept it (`--anew` has all of it forgotten, and what pages ask by default read
  again).
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
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
from msgspec import Struct
from starlette.routing import Route

from analytics.reports.error_types import ErrorsReport
from bench.generated_rows import SITE
from store.database import Database
from tests.support.console import served
from vigie.console.access import one_time_link
from vigie.console.app import create_app, page_routes
from vigie.console.console import Console
from vigie.console.context import ConsoleContext
from vigie.console.journey_tabs import TABS
from vigie.folders import DataFolder
from vigie.prepared_answers import PreparedAnswers
from vigie.reporting.catalogue import run_report
from vigie.settings import Settings

ALL_DAYS = (date.min, date.max)
BUSIEST = "SELECT arg_max(session, views + clicks + requests) FROM summaries_in($files)"


class PageTimes(Struct, frozen=True, kw_only=True):
    """Seconds by address."""

    first: dict[str, float]
    cold: dict[str, float]
    restarted: dict[str, float]
    again: dict[str, float]


def pages_timed(store: Path, settings: Settings, steps: str) -> PageTimes:
    """Every page, one after the other."""
    times = PageTimes(first={}, cold={}, restarted={}, again={})
    with tempfile.TemporaryDirectory() as root:
        folder = DataFolder(Path(root))
        database = Database(store)
        prepare(settings, folder, database)
        asked = addresses(settings, steps, *_named(settings, database))
        with _console(settings, folder, database) as (console, client):
            for address in asked:
                console.answers.forget()
                times.first[address] = _asked(client, address)
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


def _named(settings: Settings, database: Database) -> tuple[str, str]:
    """The session that did most, and the fingerprint of the error that is met most."""
    with database.snapshot() as snapshot:
        ((session,),) = snapshot.rows(BUSIEST, {"files": snapshot.summary_files([SITE], *ALL_DAYS)})
        found = run_report("errors", {}, settings, snapshot, datetime.now(UTC))
    assert isinstance(found, ErrorsReport)
    return session.hex, found.rows[0].fingerprint


def addresses(settings: Settings, steps: str, session: str, error: str) -> list[str]:
    """Every page that takes no name of a thing, those of a journey, an error, a session and a page,
    and some with a question."""
    plain = [
        route.path
        for route in page_routes()
        if isinstance(route, Route)
        and "GET" in (route.methods or ())
        and "{" not in route.path
        and "/-" not in route.path
        and not route.path.startswith(("/sign", "/clicks/page"))
    ]
    journeys = [
        f"/journeys/{journey.id}{tab}"
        for journey in settings.journeys
        for tab in ("", *(f"/{name}" for name in TABS))
    ]
    page = settings.journeys[0].steps[0].page
    named = [f"/errors/{error}", f"/sessions/{session}", f"/speed?page={page}"]
    asked = [
        f"/funnels?steps={steps}&days=7",
        f"/funnels/-/sessions?steps={steps}&step=2&outcome=dropped",
        f"/paths?around=page:{page}",
        f"/clicks?page={page}",
        "/speed?level=novice",
        "/sessions?days=7",
    ]
    return [*dict.fromkeys([*plain, *journeys, *named, *asked])]


def _asked(client: httpx.Client, address: str) -> float:
    started = time.perf_counter()
    answer = client.get(address)
    taken = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return taken
