"""Erasures of one installation: asked for on the terminal or in the console, done by a job."""

import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from rum.privacy import site_secret, user_key
from store.database import Database
from store.erasing_again import covered_quotes, covered_sessions
from store.erasure import Eraser, ErasureRequest, Waiting
from store.erasure_receipts import ErasureReceipt, receipt_of
from store.replays import erase_replays
from store.rewriting import rewrite_database
from store.tombstones import FILE_NAME, Subject, Tombstones, merge_tombstones
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.keeper import Job
from vigie.settings import Settings

JOB_PERIOD_S = 2.0
TRIES_MAX = 5
RETRY_S_MAX = 300
"""Each try may write the whole database anew: one that does not help is made ever less often."""
SESSION_RIGHT = "A session id is 32 digits, 0 to 9 and a to f; vigie('session', ...) tells it."
WORDS = {
    Waiting.JOURNAL_GROWS: "a collector is about to begin another segment of the journal",
    Waiting.FILES_IN_USE: "a report still reads a file that was replaced",
    Waiting.SET_ASIDE: "files that vigie repair set aside hold traces: remove store/damaged-*",
    Waiting.DISK_LOW: "there is no room on the disk to rewrite the database file",
    Waiting.TRACES_FOUND: "a trace was still found; all is done again",
}

_SESSION = re.compile(r"[0-9a-f]{32}")

log = logging.getLogger("vigie.erasures")


_NEEDS_MORE_THAN_TIME = frozenset({Waiting.SET_ASIDE, Waiting.DISK_LOW, Waiting.TRACES_FOUND})


class _Stuck(Struct, frozen=True):
    """How often an erasure came to nothing, and when it is tried next."""

    tries: int
    until: datetime

    def again(self, now: datetime) -> "_Stuck":
        wait_s = min(RETRY_S_MAX, JOB_PERIOD_S * 2**self.tries)
        return _Stuck(min(self.tries + 1, 10), now + timedelta(seconds=wait_s))


class Stage(StrEnum):
    """How far an erasure is."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    FINISHED = "finished"


class ErasureStatus(Struct, frozen=True, kw_only=True):
    """`why` says what is waited for, "" while at work; `done` is set once finished."""

    receipt: str
    stage: Stage
    why: str = ""
    done: ErasureReceipt | None = None


class ErasureProblem(Exception):  # noqa: N818 - not a fault: what somebody typed
    """What was asked cannot be erased: what is wrong, and what would be right."""

    def __init__(self, what: str, right: str) -> None:
        super().__init__(f"{what} {right}")
        self.what = what
        self.right = right


class Erasures:
    """Asks, does and tells. `ask` and `status` from any thread, `run_waiting` from one."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        database: Database,
        tombstones: Tombstones,
        clock: Callable[[], datetime],
        roll_journal: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._secret = folder.secret()
        self._database = database
        self._clock = clock
        self._why: dict[str, Waiting] = {}
        self._stuck: dict[str, _Stuck] = {}
        self._eraser = eraser_of(
            folder, database, tombstones, clock=clock, roll_journal=roll_journal
        )

    def ask(self, site: str, *, session: str = "", user: str = "") -> ErasureRequest:
        """Write a request down; the job does it. `user` is what the site calls its user.

        Raises ErasureProblem and OSError.
        """
        site = self._site(site)
        if bool(session) == bool(user):
            right = "Give a session or a user, not both."
            raise ErasureProblem("Whom to erase is not said.", right)
        if user:
            subject, value = Subject.USER, user_key(site_secret(self._secret, site), user)
        else:
            subject, value = Subject.SESSION, session.strip().lower().replace("-", "")
            if not _SESSION.fullmatch(value):
                raise ErasureProblem(f"{session!r} is not a session id.", SESSION_RIGHT)
        request = self._eraser.ask(site, subject, value, self._clock())
        log.info("erasure %s of a %s of %s was asked for", request.receipt, subject.value, site)
        return request

    def waiting(self) -> list[ErasureStatus]:
        """The requests not finished, oldest first. Raises OSError."""
        return [self._waiting_status(request.receipt) for request in self._eraser.waiting()]

    def status(self, receipt: str) -> ErasureStatus:
        if any(request.receipt == receipt for request in self._eraser.waiting()):
            return self._waiting_status(receipt)
        done = receipt_of(self._database, receipt)
        stage = Stage.UNKNOWN if done is None else Stage.FINISHED
        return ErasureStatus(receipt=receipt, stage=stage, done=done)

    def run_waiting(self, now: datetime) -> str:
        """The job: one go at every request; says which are finished, "" for none.

        Raises OSError and duckdb.Error; what is not finished is gone on with at the next call.
        """
        finished = []
        for request in self._eraser.waiting():
            stuck = self._stuck.get(request.receipt, _Stuck(0, now))
            if now < stuck.until:
                continue
            answer = self._eraser.run(request, self._clock())
            if isinstance(answer, Waiting):
                self._why[request.receipt] = answer
                if answer in _NEEDS_MORE_THAN_TIME:
                    self._stuck[request.receipt] = stuck.again(now)
            else:
                self._why.pop(request.receipt, None)
                self._stuck.pop(request.receipt, None)
                self._tell_backups()
                finished.append(request.receipt)
        return f"erased and scanned: {', '.join(finished)}" if finished else ""

    def job(self) -> Job:
        return Job(
            name="erase",
            description="Erase sessions and users as asked, and scan for what is left",
            period_s=JOB_PERIOD_S,
            run=self.run_waiting,
        )

    def _tell_backups(self) -> None:
        """Put the tombstones beside the scheduled backups too: with a lost disk, ours are lost."""
        backups = self._settings.backup.folder
        if not backups or not Path(backups).is_dir():
            return
        try:
            merge_tombstones(self._folder.root / FILE_NAME, Path(backups) / FILE_NAME)
        except (OSError, ValueError) as error:
            log.warning("tombstones could not be put beside the backups: %s", error)

    def _waiting_status(self, receipt: str) -> ErasureStatus:
        why = self._why.get(receipt)
        return ErasureStatus(
            receipt=receipt, stage=Stage.WAITING, why=WORDS[why] if why is not None else ""
        )

    def _site(self, site: str) -> str:
        known = [each.id for each in self._settings.sites]
        if not site and len(known) == 1:
            return known[0]
        if site not in known:
            what = f"There is no site {site!r}." if site else "No site is named."
            raise ErasureProblem(what, f"Give one of: {', '.join(known) or 'none are set'}.")
        return site


def eraser_of(
    folder: DataFolder,
    database: Database,
    tombstones: Tombstones,
    *,
    clock: Callable[[], datetime],
    roll_journal: Callable[[], None] = lambda: None,
) -> Eraser:
    """What erases in a data folder."""
    return Eraser(
        database,
        folder.journal,
        tombstones,
        erase_replays=lambda site, sessions: erase_replays(database, site, sessions),
        rewrite_database=lambda: rewrite_database(database, clock()),
        roll_journal=roll_journal,
    )


def erase_again(folder: DataFolder, clock: Callable[[], datetime]) -> list[str]:
    """Erase what a restore or repair brought back; what was done, in lines. Nobody else may have
    the store. Raises OSError, duckdb.Error, ValueError, and CommandError when traces stay."""
    tombstones = tombstones_of(folder)
    said = []
    database = Database(folder.store)
    try:
        eraser = eraser_of(folder, database, tombstones, clock=clock)
        for site, sessions in covered_sessions(database, tombstones).items():
            eraser.ask_again(site, sorted(sessions), clock())
            said.append(f"erased {len(sessions):,} sessions of {site} again, erased before")
        quoted = covered_quotes(database, tombstones)
        for site, id_, user_erased_at in quoted:
            if user_erased_at is None:
                eraser.ask_again(site, [id_], clock())
            else:
                eraser.ask_again_of_user(site, id_, user_erased_at)
        if quoted:
            said.append(f"masked {len(quoted):,} ids erased before, which others quote")
        for _ in range(TRIES_MAX):
            answers = [eraser.run(request, clock()) for request in eraser.waiting()]
            waiting = [answer for answer in answers if isinstance(answer, Waiting)]
            if not waiting:
                return said
    finally:
        database.close()
    raise CommandError(f"what was erased before is not all gone again: {WORDS[waiting[0]]}")


def tombstones_of(folder: DataFolder) -> Tombstones:
    """Those of a data folder. Raises OSError and ValueError."""
    return Tombstones(folder.root / FILE_NAME, folder.secret())
