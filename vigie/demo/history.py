"""Makes the demo's history: generated records, through the journal, the loader and sealing."""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path

from msgspec import Struct

from store.database import Database
from store.error_groups import note_errors, resolve
from store.loader import Loader
from store.sealing import SealPolicy, days_due, seal_day
from vigie.demo import network
from vigie.demo.checks import all_check_counts
from vigie.demo.errors import BAD_RELEASE, DRAFT, DRAFT_FIXED
from vigie.demo.recorded import write_recordings
from vigie.demo.sessions import SESSIONS_A_DAY
from vigie.demo.writing import HistoryPlan, write_alone
from vigie.folders import DataFolder

EVENTS_A_SESSION = 14.2
"""Measured over the whole history; for the progress bar."""
LOAD_BYTES_MAX = 16 * 1024 * 1024
LOAD_WAIT_S = 0.02


class Stage(StrEnum):
    """What is being done, in order; the first two go on together with the writing."""

    CHECKS = "checks"
    SESSIONS = "sessions"
    SEALING = "sealing"


class History(Struct, frozen=True, kw_only=True):
    """What was made."""

    checks: int
    batches: int
    events: int
    days_sealed: int


Progress = Callable[[Stage, float], None]
"""Told how much of a stage is done, 0 to 1."""


def generate(
    folder: DataFolder,
    plan: HistoryPlan,
    policy: SealPolicy,
    *,
    hot_days: int,
    progress: Progress = lambda stage, share: None,
) -> History:
    """Write the history into an empty data folder: a second process writes the journal while this
    one loads it, then days are sealed as the console would have sealed them.

    Raises OSError and duckdb.Error; the folder is then of no use.
    """
    database = Database(folder.store)
    writing = get_context("spawn").Process(
        target=write_alone, args=(folder.journal, plan, folder.secret()), daemon=True
    )
    writing.start()
    try:
        write_recordings(folder, plan)
        loaded = _load(database, folder.journal, plan, writing, progress)
        _say_what_is_resolved(database, plan)
        sealed = _seal(database, policy, plan, hot_days, progress)
    finally:
        writing.terminate()
        writing.join()
        database.close()
    return History(
        checks=loaded.checks, batches=loaded.batches, events=loaded.events, days_sealed=sealed
    )


class _Sums(Struct):
    checks: int = 0
    batches: int = 0
    events: int = 0


def _load(
    database: Database,
    journal: Path,
    plan: HistoryPlan,
    writing: SpawnProcess,
    progress: Progress,
) -> _Sums:
    """Load what is written as it is written, until it all is."""
    loader = Loader(database, journal)
    sums = _Sums()
    checks_expected = all_check_counts(plan.stories, days=plan.check_days)
    events_expected = SESSIONS_A_DAY * plan.session_days * EVENTS_A_SESSION
    while True:
        written = not writing.is_alive()  # asked before loading: what was written by then is loaded
        loaded = loader.load_once(plan.now, LOAD_BYTES_MAX)
        sums.checks += loaded.checks
        sums.batches += loaded.batches
        sums.events += loaded.events
        progress(Stage.CHECKS, min(1.0, sums.checks / checks_expected))
        progress(Stage.SESSIONS, min(1.0, sums.events / events_expected))
        if written and not loaded.bytes:
            break
        if not loaded.bytes:
            writing.join(LOAD_WAIT_S)
    if writing.exitcode != 0:
        raise OSError(f"the history's writer ended with exit code {writing.exitcode}")
    progress(Stage.SESSIONS, 1.0)
    return sums


def _say_what_is_resolved(database: Database, plan: HistoryPlan) -> None:
    """As the team of the demo's site would have: two faults, one of which came back since."""
    releases = {release.name: release.start for release in plan.stories.releases}
    note_errors(database, plan.now)
    for fault, release in ((DRAFT, DRAFT_FIXED), (BAD_RELEASE, network.RELEASE_NOW)):
        with database.reading() as cursor:
            found = cursor.execute(
                "SELECT fingerprint FROM error_groups WHERE site = $site AND name = $name"
                " AND starts_with(culprit, $function)",
                {"site": network.SITE, "name": fault.name, "function": fault.frames[0][0]},
            ).fetchall()
        for (fingerprint,) in found:
            at = releases[release] + timedelta(hours=1)
            resolve(database, network.SITE, fingerprint, at, next_release=fault is DRAFT)
    note_errors(database, plan.now, again=True)


def _seal(
    database: Database,
    policy: SealPolicy,
    plan: HistoryPlan,
    hot_days: int,
    progress: Progress,
) -> int:
    due = days_due(database, plan.now, hot_days)
    for number, (_, day) in enumerate(due, start=1):
        seal_day(database, policy, day, plan.now)
        progress(Stage.SEALING, number / len(due))
    return len(due)
