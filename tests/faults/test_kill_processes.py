"""kill -9 of each process in turn, under a load of beacons: nothing acknowledged is lost."""

import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from store.database import Database
from tests.support.beacons import RetryingClient
from tests.support.serving import ORIGIN, SITE_KEY, Serving, serving
from tests.support.waiting import wait_for

CLIENTS = 4
MONITOR = """
[[monitors]]
id = "self"
url = "http://127.0.0.1:{collector}/health"
interval_s = 1
timeout_s = 0.5
"""


def acknowledged_total(clients: list[RetryingClient]) -> int:
    return sum(len(client.acknowledged) for client in clients)


def kill_under_load(served: Serving, clients: list[RetryingClient], names: list[str]) -> None:
    for name in names:
        before = acknowledged_total(clients)
        wait_for(
            lambda before=before: acknowledged_total(clients) >= before + 40,  # type: ignore[misc]
            "more beacons acknowledged before the next kill",
        )
        served.kill(name)


def stored(data: Path) -> tuple[Counter[tuple[str, int]], int]:
    """How many rows each (session, batch) has, and how many distinct identities there are."""
    database = Database(data / "store")
    rows = (
        database.cursor()
        .execute("SELECT session::VARCHAR, batch, position, count(*) FROM events GROUP BY ALL")
        .fetchall()
    )
    database.close()
    counts: Counter[tuple[str, int]] = Counter()
    for session, batch, _position, times in rows:
        assert times == 1, "an event is stored twice"
        counts[(session.replace("-", ""), batch)] += 1
    return counts, len(rows)


@pytest.mark.parametrize(
    "rounds", [1, pytest.param(12, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_every_acknowledged_beacon_is_stored_exactly_once(tmp_path: Path, rounds: int) -> None:
    stop = threading.Event()
    order = random.Random(20261121)
    with serving(tmp_path, more_settings=MONITOR) as served:
        clients = [RetryingClient(served.collector, SITE_KEY, ORIGIN, stop) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        try:
            names = [name for _ in range(rounds) for name in ("collector", "console", "prober")]
            order.shuffle(names)
            kill_under_load(served, clients, [*names, "collector", "console"])
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        restarts = {name: child["restarts"] for name, child in served.children().items()}
        assert served.stop() == 0, served.log.read_text()
    assert restarts["prober"] == rounds
    assert restarts["collector"] == rounds + 1
    assert restarts["console"] == rounds + 1

    counts, _ = stored(served.data)
    acknowledged = [row for client in clients for row in client.acknowledged]
    assert len(acknowledged) > 200
    for session, batch, events in acknowledged:
        assert counts[(session, batch)] == events
    assert sum(client.retries for client in clients) > 0, "no kill was ever felt by a client"
