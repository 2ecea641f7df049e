"""Erasing one session, or one user with all their sessions, from everywhere they are kept.

    asked      a request file, durable, in store/erasing/: it holds whom to erase until it is done
    found      their sessions, in hot rows, sealed files and the journal
    buried     tombstones: the loader takes no more of them
    erased     journal, hot rows, sealed files, recordings, refused parts; and what others quote of
               them is masked
    rewritten  the database file, in which deleted values stay readable otherwise
    scanned    every byte of every file, for every form in which an id is written
    finished   a receipt, and the request file is removed

Each step may be done again, so an erasure that was interrupted anywhere is simply begun anew. What
aggregates count stays: they hold nothing of anybody's.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rum.records import Refusal
from store.database import Database
from store.erasing_journal import (
    erase_from_journal,
    sessions_in_journal,
    sessions_of_other_sites,
)
from store.erasing_quotes import mask_rows, mask_sealed, quoted_ids
from store.erasing_replays import mask_replays
from store.erasing_rows import erase_rows, erase_sealed, sealed_files_of, sessions_of_user
from store.erasing_scan import Scan, rows_left, scan, sessions_elsewhere
from store.erasure_receipts import ErasureReceipt, Removed, write_receipt
from store.quoted import IsErased, any_of
from store.records import Record
from store.rehearsal import remove_copies
from store.repair import ASIDE
from store.retention import unlink_dropped
from store.rewriting import Rewritten
from store.sealed_files import sync_file
from store.segment import sync_folder
from store.times import microseconds
from store.tombstones import Subject, Tombstones

REQUESTS_FOLDER = "erasing"
RECEIPT_DIGITS = 16
PASSES_MAX = 5
"""Rounds of looking for sessions that came in while their user was being erased."""
STEPS = (
    "asked",
    "found",
    "buried",
    "journal written",
    "journal replaced",
    "journal erased",
    "rows erased",
    "sealed file copied",
    "sealed file renamed",
    "sealed file listed",
    "recordings erased",
    "rows masked",
    "recording written",
    "recording replaced",
    "all masked",
    "unlinked",
    "rewritten",
    "scanned",
    "receipt written",
)
"""The steps, in order; a kill after any of them leaves an erasure that can be done again."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVER = datetime(9998, 1, 1, tzinfo=UTC)
_log = logging.getLogger(__name__)


class ErasureRequest(Struct, frozen=True, kw_only=True):
    """`value` is a session id, or a user key as the store holds it: 32 hex digits each."""

    receipt: str
    site: str
    subject: Subject
    value: str
    asked_us: int
    sessions: tuple[str, ...] = ()
    """Found so far; kept here, for once their rows are gone nothing else tells whose they were."""
    removed: Removed = Removed()

    @property
    def asked_at(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.asked_us)


class Waiting(StrEnum):
    """Why an erasure is not finished yet. It goes on by itself."""

    JOURNAL_GROWS = "journal_grows"
    """A collector still writes to a segment that holds records to erase; it soon begins another."""
    FILES_IN_USE = "files_in_use"
    """A report still reads files that were replaced."""
    SET_ASIDE = "set_aside"
    """Damaged files that a repair kept hold traces: somebody has to remove them."""
    DISK_LOW = "disk_low"
    """No room to rewrite the database file without what was deleted."""
    TRACES_FOUND = "traces_found"
    """The last scan still found something; all steps are done again."""


class Eraser:
    """Does what request files ask, for one data folder. One thread at a time."""

    def __init__(
        self,
        database: Database,
        journal_folder: Path,
        tombstones: Tombstones,
        *,
        erase_replays: Callable[[str, Sequence[str]], int],
        rewrite_database: Callable[[], Rewritten],
        roll_journal: Callable[[], None] = lambda: None,
        step: Callable[[str], None] = lambda name: None,
    ) -> None:
        """`erase_replays` takes a site and sessions and counts the chunks it removed;
        `rewrite_database` leaves no deleted value in the database's files; `roll_journal` asks
        writers to begin new segments. `step` is called with the name of each of STEPS after it,
        for tests that stop there.
        """
        self._database = database
        self._journal = journal_folder
        self._tombstones = tombstones
        self._erase_replays = erase_replays
        self._rewrite_database = rewrite_database
        self._roll_journal = roll_journal
        self._step = step

    @property
    def requests(self) -> Path:
        return self._database.folder / REQUESTS_FOLDER

    def ask(self, site: str, subject: Subject, value: str, now: datetime) -> ErasureRequest:
        """Write the request down, durably; `run` does it. Raises OSError."""
        return self._ask(site, subject, value, (), now)

    def ask_again(self, site: str, sessions: Sequence[str], now: datetime) -> ErasureRequest:
        """The same for sessions that were erased before and are back. Raises OSError."""
        return self._ask(site, Subject.SESSION, sessions[0], tuple(sessions), now)

    def ask_again_of_user(self, site: str, user: str, erased_at: datetime) -> ErasureRequest:
        """The same for a user whom others quote, as of when they were erased. Raises OSError."""
        return self._ask(site, Subject.USER, user, (), erased_at)

    def _ask(
        self, site: str, subject: Subject, value: str, sessions: tuple[str, ...], now: datetime
    ) -> ErasureRequest:
        request = ErasureRequest(
            receipt=secrets.token_hex(RECEIPT_DIGITS // 2),
            site=site,
            subject=subject,
            value=value,
            asked_us=microseconds(now),
            sessions=sessions,
        )
        self._save(request)
        self._step("asked")
        return request

    def waiting(self) -> list[ErasureRequest]:
        """The requests not finished, oldest first. Raises OSError, and ValueError for a file that
        is none."""
        paths = self.requests.glob("*.json") if self.requests.is_dir() else ()
        found = [msgspec.json.decode(path.read_bytes(), type=ErasureRequest) for path in paths]
        return sorted(found, key=lambda request: request.asked_us)

    def run(self, request: ErasureRequest, now: datetime) -> ErasureReceipt | Waiting:
        """Do all steps of one request; safe to call again, whatever came between.

        Raises OSError and duckdb.Error: the request stays, to be done again.
        """
        request = self._bury(request)
        request, growing = self._erase(request, now)
        if growing:
            self._roll_journal()
            return Waiting.JOURNAL_GROWS
        with self._database.files_lock:
            _, in_use = unlink_dropped(self._database)
        self._step("unlinked")
        if in_use:
            return Waiting.FILES_IN_USE
        if self._rewrite_database().refusal is not None:
            return Waiting.DISK_LOW
        self._step("rewritten")
        remove_copies(self._database.folder)
        if not scan(self._set_aside(), request.sessions, self._users(request)).clean:
            return Waiting.SET_ASIDE
        found = self._scan(request)
        self._step("scanned")
        if not found.clean:
            _log.warning("erasure %s: traces in %s; again", request.receipt, found.words())
            return Waiting.TRACES_FOUND
        return self._finish(request, found, now)

    def _bury(self, request: ErasureRequest) -> ErasureRequest:
        """Find the sessions and make their tombstones, until no further one comes up."""
        if request.subject is Subject.USER:
            self._make_tombstones(request, Subject.USER, [request.value])
        for _ in range(PASSES_MAX):
            found = set(request.sessions) | self._sessions(request)
            if found != set(request.sessions):
                request = replace(request, sessions=tuple(sorted(found)))
                self._save(request)
            self._step("found")
            site = request.site
            new = [s for s in found if not self._tombstones.covers_session(site, s)]
            self._make_tombstones(request, Subject.SESSION, sorted(new))
            self._step("buried")
            if not new:
                break
        return request

    def _make_tombstones(
        self, request: ErasureRequest, subject: Subject, values: Iterable[str]
    ) -> None:
        self._tombstones.add(
            subject,
            request.site,
            values,
            erased_us=request.asked_us,
            receipt=request.receipt,
        )

    def _sessions(self, request: ErasureRequest) -> set[str]:
        if request.subject is Subject.SESSION:
            return {request.value, *request.sessions}
        site, user = request.site, request.value
        return sessions_of_user(self._database, site, user, request.asked_at) | sessions_in_journal(
            self._journal, site, user, request.asked_us
        )

    def _erase(
        self, request: ErasureRequest, now: datetime
    ) -> tuple[ErasureRequest, tuple[str, ...]]:
        """Remove what is stored. Also the journal's segments that could not be touched yet."""
        site, sessions, done = request.site, list(request.sessions), request.removed
        belongs, quoted = _belonging(site, frozenset(sessions)), self._quoted(request)
        journal = erase_from_journal(
            self._journal, belongs, quoted, lock=self._database.segments_lock, step=self._step
        )
        self._step("journal erased")
        with self._database.files_lock:
            rows = erase_rows(self._database, site, sessions, now)
            self._step("rows erased")
            sealed = erase_sealed(self._database, site, sessions, now, step=self._step)
        replays = self._erase_replays(site, sessions)
        self._step("recordings erased")
        masked, anew = self._mask(quoted, now)
        removed = Removed(
            events=done.events + rows.events + sealed.events,
            summaries=done.summaries + sealed.summaries,
            files=done.files + sealed.files + anew,
            replays=done.replays + replays,
            frames=done.frames + journal.frames,
            refused=done.refused + rows.refused,
            masked=done.masked + journal.masked + masked,
        )
        if removed != done:
            request = replace(request, removed=removed)
            self._save(request)
        return request, journal.growing

    def _mask(self, quoted: IsErased, now: datetime) -> tuple[int, int]:
        """Mask what others quote: rows and chunks changed, sealed files written anew."""
        with self._database.files_lock:
            rows = mask_rows(self._database, quoted, now)
            self._step("rows masked")
            sealed, files = mask_sealed(self._database, quoted, now, step=self._step)
        chunks = mask_replays(self._database, quoted, step=self._step)
        self._step("all masked")
        return rows + sealed + chunks, files

    def _quoted(self, request: ErasureRequest) -> IsErased:
        return any_of([*request.sessions, *self._users(request)])

    def _scan(self, request: ErasureRequest) -> Scan:
        """Look for traces in every file, and by query in what is compressed.

        Bytes do not tell what is there by right: then only queries are asked for that.
        """
        found = self._scan_files(request.sessions, self._users(request))
        if not found.clean:
            shared, back = self._shared(request), self._is_back(request)
            if shared or back:
                alone = [each for each in request.sessions if each not in shared]
                found = self._scan_files(alone, () if back else self._users(request))
        files = [str(path) for path in sealed_files_of(self._database, request.site)]
        if rows_left(self._database.cursor(), request.site, files, request.sessions):
            found = replace(found, places=(*found.places, "rows or sealed files"))
        elif quoted_ids(self._database, self._quoted(request)):
            found = replace(found, places=(*found.places, "what others quote"))
        return found

    def _scan_files(self, sessions: Sequence[str], users: Sequence[str]) -> Scan:
        folders = [self._database.folder, self._journal]
        return scan(folders, sessions, users, leave_out=[self.requests])

    def _shared(self, request: ErasureRequest) -> set[str]:
        """Sessions that another site has too: two sites of one origin share them."""
        site, sessions = request.site, request.sessions
        return sessions_elsewhere(
            self._database.cursor(), site, sessions
        ) | sessions_of_other_sites(self._journal, site, sessions)

    def _is_back(self, request: ErasureRequest) -> bool:
        """Whether the user came again since: what was received by then is not there any more."""
        if request.subject is not Subject.USER:
            return False
        site, user = request.site, request.value
        return bool(
            sessions_of_user(self._database, site, user, _EVER)
            or sessions_in_journal(self._journal, site, user, microseconds(_EVER))
        )

    def _users(self, request: ErasureRequest) -> list[str]:
        return [request.value] if request.subject is Subject.USER else []

    def _set_aside(self) -> list[Path]:
        return sorted(self._database.folder.glob(f"{ASIDE}*"))

    def _finish(self, request: ErasureRequest, found: Scan, now: datetime) -> ErasureReceipt:
        receipt = ErasureReceipt(
            receipt=request.receipt,
            site=request.site,
            subject=request.subject,
            digest=self._tombstones.digest(request.subject, request.site, request.value),
            asked_at=request.asked_at,
            finished_at=now,
            sessions=len(request.sessions),
            removed=request.removed,
            scanned_files=found.files,
            scanned_bytes=found.bytes,
        )
        write_receipt(self._database, receipt)
        self._step("receipt written")
        self._path(request).unlink(missing_ok=True)
        sync_folder(self.requests)
        return receipt

    def _save(self, request: ErasureRequest) -> None:
        self.requests.mkdir(mode=0o700, exist_ok=True)
        path = self._path(request)
        new = path.with_suffix(".new")
        new.touch(0o600)
        new.write_bytes(msgspec.json.encode(request))
        sync_file(new)
        new.rename(path)
        sync_folder(self.requests)

    def _path(self, request: ErasureRequest) -> Path:
        return self.requests / f"{request.receipt}.json"


def _belonging(site: str, sessions: frozenset[str]) -> Callable[[Record], bool]:
    """Whether a record of the journal is one of these sessions'."""

    def belongs(record: Record) -> bool:
        if isinstance(record, Refusal):
            return any(s in record.part or s in record.detail for s in sessions)
        return getattr(record, "session", "") in sessions and getattr(record, "site", "") == site

    return belongs
