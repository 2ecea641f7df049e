"""What an erasure removed: a receipt, kept in table `erasures`, that names nobody."""

from datetime import UTC, datetime

import duckdb
from msgspec import Struct
from msgspec.structs import asdict

from store.database import Database
from store.times import naive
from store.tombstones import Subject


class Removed(Struct, frozen=True, kw_only=True):
    """Rows removed; but sealed `files` written anew, chunks of `replays`, `frames` of the journal,
    and rows, frames and chunks of others in which an id was `masked`.

    At least these: what a killed run had removed is not counted again.
    """

    events: int = 0
    summaries: int = 0
    files: int = 0
    replays: int = 0
    frames: int = 0
    refused: int = 0
    masked: int = 0


class ErasureReceipt(Struct, frozen=True, kw_only=True):
    """What an erasure removed, and what was read at its end without finding a trace. Holds nobody's
    id: `digest` is the tombstone's keyed hash."""

    receipt: str
    site: str
    subject: Subject
    digest: str
    asked_at: datetime
    finished_at: datetime
    sessions: int
    removed: Removed
    scanned_files: int
    scanned_bytes: int


def write_receipt(database: Database, receipt: ErasureReceipt) -> None:
    """Into table `erasures`, once. Raises duckdb.Error."""
    with database.transaction() as cursor:
        values = asdict(receipt)
        values |= asdict(values.pop("removed"))
        values |= {"asked_at": naive(receipt.asked_at), "finished_at": naive(receipt.finished_at)}
        cursor.execute(
            "INSERT OR IGNORE INTO erasures VALUES ($receipt, $site, $subject, $digest, $asked_at,"
            " $finished_at, $sessions, $events, $summaries, $files, $replays, $frames, $refused,"
            " $scanned_files, $scanned_bytes, $masked)",
            {**values, "subject": receipt.subject.value},
        )


def receipts(database: Database, since: datetime, until: datetime) -> list[ErasureReceipt]:
    """Erasures finished from `since` to before `until`, oldest first. Raises duckdb.Error."""
    with database.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM erasures WHERE finished_at >= $since AND finished_at < $until"
            " ORDER BY finished_at, receipt",
            {"since": naive(since), "until": naive(until)},
        )
        return _receipts(rows)


def receipt_of(database: Database, receipt: str) -> ErasureReceipt | None:
    """The receipt of that number; None while there is none. Raises duckdb.Error."""
    with database.reading() as cursor:
        rows = cursor.execute("SELECT * FROM erasures WHERE receipt = $it", {"it": receipt})
        return next(iter(_receipts(rows)), None)


def _receipts(rows: duckdb.DuckDBPyConnection) -> list[ErasureReceipt]:
    names = [column[0] for column in rows.description or ()]
    found = []
    for row in rows.fetchall():
        values = dict(zip(names, row, strict=True))
        removed = Removed(**{name: values.pop(name) for name in Removed.__struct_fields__})
        values["subject"] = Subject(values["subject"])
        for name in ("asked_at", "finished_at"):
            values[name] = values[name].replace(tzinfo=UTC)
        found.append(ErasureReceipt(**values, removed=removed))
    return found
