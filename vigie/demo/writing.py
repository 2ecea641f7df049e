"""Writes the demo's generated history as journal segments, in a process of its own.

Nothing here imports DuckDB, which the writing process does not need.
"""

import os
import signal
import threading
from datetime import datetime
from multiprocessing import parent_process
from pathlib import Path

from msgspec import Struct

from store.journal_writer import write_segments
from vigie.demo.checks import check_records, to_us
from vigie.demo.network import WATCHED
from vigie.demo.people import user_keys
from vigie.demo.sessions import day_batches, session_days
from vigie.demo.stories import CHECK_DAYS, SESSION_DAYS, Stories, plan_stories

CHECKS_WRITER = "demo-checks"
SESSIONS_WRITER = "demo-sessions"


class HistoryPlan(Struct, frozen=True, kw_only=True):
    """What history to make: everything in it follows from this and the data folder's secret."""

    now: datetime
    seed: int = 20
    check_days: int = CHECK_DAYS
    session_days: int = SESSION_DAYS

    @property
    def stories(self) -> Stories:
        return plan_stories(self.now)


def write_journal(journal: Path, plan: HistoryPlan, secret: bytes) -> int:
    """Write all of the history's records, as prober and collector would have; returns how many."""
    stories, keys = plan.stories, user_keys(secret)
    count = 0
    for number, watched in enumerate(WATCHED):
        records = check_records(stories, watched, days=plan.check_days, seed=plan.seed)
        start_us = to_us(plan.now) - len(WATCHED) + number
        count += write_segments(journal, CHECKS_WRITER, records, start_us=start_us)
    days = session_days(stories, days=plan.session_days)
    for number, day in enumerate(days):
        batches = day_batches(stories, day, days=plan.session_days, seed=plan.seed, keys=keys)
        start_us = to_us(plan.now) - len(days) + number
        count += write_segments(journal, SESSIONS_WRITER, batches, start_us=start_us)
    return count


def write_alone(journal: Path, plan: HistoryPlan, secret: bytes) -> None:
    """The writing process: a terminal's Ctrl-C is for its parent, which then ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    write_journal(journal, plan, secret)


def _end_with_parent() -> None:
    """Write nothing more once the parent was killed: the next start makes the history anew."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
