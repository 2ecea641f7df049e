"""How long the console's pages take over a store: cold, and when the same was just asked."""

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from starlette.routing import Route

from store.database import Database
from tests.support.console import served
from vigie.console.access import one_time_link
from vigie.console.app import create_app, page_routes
from vigie.console.context import ConsoleContext
from vigie.folders import DataFolder
from vigie.prepared_answers import PreparedAnswers
from vigie.settings import Settings


def pages_timed(
    store: Path, settings: Settings, steps: str
) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by address: of the first time anybody asks in a console's life, and of the second."""
    with tempfile.TemporaryDirectory() as root:
        folder = DataFolder(Path(root))
        database = Database(store)
        prepare(settings, folder, database)
        context = ConsoleContext(settings=settings, folder=folder, database=database)
        cold, again = {}, {}
        for address in addresses(settings, steps):
            with (
                served(create_app(context)) as base,
                httpx.Client(base_url=base, trust_env=False, timeout=60) as client,
            ):
                client.get(one_time_link(folder.run, base, datetime.now(UTC)))
                cold[address], again[address] = _asked(client, address), _asked(client, address)
        database.close()
    return cold, again


def prepare(settings: Settings, folder: DataFolder, database: Database) -> None:
    """As the keeper's job does after a seal: whoever opens a console finds it done."""
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
