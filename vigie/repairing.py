"""Repairing a data folder: the store, then what its journal brings back."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from store.database import DatabaseBusyError
from store.repair import Source, repair_store
from store.segment import segments
from vigie.erasures import erase_again
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.processes_at_work import refuse_while_running
from vigie.restoring import Show, load_on_top

ENDINGS = {
    Source.SOUND: "the database is sound; it was left as it is",
    Source.LOG_TRIMMED: "repaired: the end of the write-ahead log was lost",
    Source.LOG_DISCARDED: "repaired: the write-ahead log was lost",
    Source.BACKUP: "repaired: rebuilt from the backup",
    Source.NOTHING: "repaired: rebuilt from nothing but the journal and what could be read",
}
NOT_JOURNALED = (
    "incidents and messages noted since are noticed anew from the checks; one may be told again"
)


def repair_data(
    data: Path, backups: Path | None, say: Callable[[str], None], show: Show
) -> Iterator[str]:
    """Repair the store below `data`; `say` is told each step, and what is yielded sums it up.

    Raises CommandError and OSError.
    """
    folder = DataFolder(data)
    with refuse_while_running(folder):
        now = datetime.now(UTC)
        listed = segments(folder.journal)
        begins_us = min((segment.start_us for segment in listed), default=None)
        begins = None
        if begins_us is not None:
            with contextlib.suppress(OverflowError, ValueError):
                begins = datetime.fromtimestamp(begins_us / 1_000_000, UTC)
        try:
            done = repair_store(folder.store, begins, now, backups, say)
        except (DatabaseBusyError, duckdb.Error) as error:
            raise CommandError(f"the repair failed: {error}") from error
        yield ENDINGS[done.source]
        if done.source is Source.SOUND:
            return
        yield from load_on_top(folder, None, show)
        yield from erase_again(folder, lambda: now)
        if begins is None:
            yield "the journal is empty: what came after that state is lost"
        elif done.source in (Source.BACKUP, Source.NOTHING):
            yield f"the journal at hand begins at {begins:%Y-%m-%d %H:%M} UTC"
        for table in done.salvaged.unreadable:
            yield f"not all of {table} could be read"
        yield NOT_JOURNALED
