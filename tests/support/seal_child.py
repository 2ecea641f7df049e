"""A process that loads, seals and rewrites, to be killed.

python -m tests.support.seal_child STORE JOURNAL ((load | seal | rewrite) STEP | work N)
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread

from store.database import Database
from store.loader import Loader
from store.rewriting import rewrite_database
from store.sealing import SealPolicy, days_due, seal_day, sweep_orphans
from tests.support.stored import NOON, Journal, Maker

POLICY = SealPolicy(site="shop", sample=0.2, keep=1.0)


def die_at(wanted: str) -> Callable[[str], None]:
    """A step hook that ends this process as a power cut would, after the named step."""

    def step(name: str) -> None:
        if name == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def never(name: str) -> None:
    """The step hook that does nothing."""


def load_and_seal(database: Database, loader: Loader, step: Callable[[str], None]) -> None:
    loader.load_once(NOON)
    for _, day in days_due(database, NOON, hot_days=0):
        seal_day(database, POLICY, day, NOON, step=step)


def work(database: Database, folder: Path, number: int) -> None:
    """Journal, load and seal until killed; each line printed acknowledges a batch."""
    sweep_orphans(database)
    loader, journal, make = Loader(database, folder), Journal(folder), Maker(number)
    while True:
        batches = [
            make.batch(time=NOON - timedelta(days=make.random.randrange(1, 4))) for _ in range(5)
        ]
        journal.write(*batches, start_us=number * 1_000_000)
        for batch in batches:
            print(batch.session, flush=True)
        load_and_seal(database, loader, never)
        rewrite_database(database, NOON)


def rewrite_while_loading(database: Database, loader: Loader, die: Callable[[str], None]) -> None:
    """Some is loaded and sealed before, the rest, a part at each step, while a copy is made."""
    loader.load_once(NOON, bytes_max=8_000)
    for _, day in days_due(database, NOON, hot_days=0):
        seal_day(database, POLICY, day, NOON)

    def step(name: str) -> None:
        if name in ("copied", "caught up"):
            thread = Thread(target=lambda: loader.load_once(NOON, bytes_max=8_000))
            thread.start()
            thread.join()
        die(name)

    rewrite_database(database, NOON, step=step)


def main(store: str, journal: str, mode: str, detail: str) -> None:
    database = Database(Path(store))
    if mode == "work":
        work(database, Path(journal), int(detail))
    if mode == "rewrite":
        rewrite_while_loading(database, Loader(database, Path(journal)), die_at(detail))
        return
    loading, sealing = (die_at(detail), never) if mode == "load" else (never, die_at(detail))
    load_and_seal(database, Loader(database, Path(journal), step=loading), sealing)


if __name__ == "__main__":
    main(*sys.argv[1:])
