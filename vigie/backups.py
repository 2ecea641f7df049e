"""Backups of one installation: made on a schedule or when asked, restored into scratch, expired."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from store.backup import back_up
from store.backup_files import Backup, backups_in, expire_backups
from store.database import Database
from store.restore import Problem, verify_backup
from store.tombstones import FILE_NAME as TOMBSTONES
from vigie.folders import DataFolder
from vigie.keeper import Job
from vigie.own_funnels import FUNNELS
from vigie.own_journeys import JOURNEYS
from vigie.own_monitors import MONITORS
from vigie.settings import BackupSettings, Settings

SETTINGS_NAME = "vigie.toml"
LATE_AND_MORE = 1.5
"""A backup is overdue after so many times its period."""
CHECK_EVERY_S = 600.0
OTHERS = ("secret", MONITORS.file, FUNNELS.file, JOURNEYS.file, TOMBSTONES)
"""Files of the data folder that are backed up too."""

log = logging.getLogger("vigie.backups")


class Stage(StrEnum):
    """What is being done."""

    IDLE = "idle"
    COPYING = "copying"
    VERIFYING = "verifying"


class BackupStatus(Struct, frozen=True, kw_only=True):
    """How far the backup under way is, or how the last one ended; `error` "" after a good one."""

    stage: Stage = Stage.IDLE
    folder: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    file: str = ""
    error: str = ""
    ended: int = 0
    """How many have ended since the console started."""


class BackupState(Struct, frozen=True, kw_only=True):
    """What is known of scheduled backups; `overdue` says in words what is wrong, "" when nothing
    is. `last` is unset while there is none, `verified_at` while none was restored well."""

    scheduled: bool
    folder: str = ""
    count: int = 0
    last: Backup | None = None
    verified_at: datetime | None = None
    overdue: str = ""


class Backups:
    """One backup at a time. Every method may be called from any thread."""

    def __init__(
        self, settings: Settings, folder: DataFolder, database: Database, config: Path | None
    ) -> None:
        """`config` is the settings file, which is backed up too."""
        self._settings = settings
        self._folder = folder
        self._database = database
        self._config = config
        self._working = threading.Lock()
        self._status = BackupStatus()

    def status(self) -> BackupStatus:
        return self._status

    def start(self, into: Path, clock: Callable[[], datetime], *, verify: bool) -> bool:
        """Begin a backup in a thread of its own; False when one is under way already."""
        if not self._working.acquire(blocking=False):
            return False
        threading.Thread(
            target=self._run_asked, args=(into, clock, verify), name="backup", daemon=True
        ).start()
        return True

    def make_due(self, now: datetime) -> str:
        """The job: back up, restore into scratch, expire; "" when nothing is due. Raises OSError,
        duckdb.Error and what else a backup may."""
        settings = self._settings.backup
        if not settings.folder or not self._working.acquire(blocking=False):
            return ""
        try:
            into, said = Path(settings.folder), []
            known = backups_in(into)
            if not known or now - known[-1].made_at >= timedelta(hours=settings.every_h):
                backup = self._make(into, now)
                said.append(f"backed up {backup.bytes:,} bytes")
                known = backups_in(into)
            verified = last_verified(known)
            if verified is None or now - verified >= timedelta(hours=settings.verify_every_h):
                self._verify(known[-1].folder, now)
                said.append("restored it into scratch: equal")
            expired = expire_backups(
                into,
                now,
                keep=settings.keep,
                retention_days=self._settings.store.retention_days,
            )
            if expired:
                said.append(f"removed {expired} expired")
            return ", ".join(said)
        finally:
            self._idle("")
            self._working.release()

    def jobs(self) -> list[Job]:
        """The line of the keeper's table, where backups are scheduled."""
        if not self._settings.backup.folder:
            return []
        return [
            Job(
                name="backup",
                description=f"Back up every {self._settings.backup.every_h:g} hours,"
                f" keep {self._settings.backup.keep}, restore into scratch to compare",
                period_s=CHECK_EVERY_S,
                run=self.make_due,
            )
        ]

    def _run_asked(self, into: Path, clock: Callable[[], datetime], verify: bool) -> None:
        error = ""
        try:
            backup = self._make(into, clock())
            if verify:
                self._verify(backup.folder, clock())
        except OSError as problem:  # no such folder, no right to write there, no room
            log.error("the backup into %s failed: %s", into, problem)
            error = f"{problem.filename or into}: {problem.strerror or problem}"[:1000]
        except Exception as problem:  # the edge of a thread: said to who asked
            log.exception("the backup into %s failed", into)
            error = f"{type(problem).__name__}: {problem}"[:1000]
        finally:
            self._idle(error)
            self._working.release()

    def _make(self, into: Path, now: datetime) -> Backup:
        self._status = BackupStatus(stage=Stage.COPYING, ended=self._status.ended)
        backup = back_up(
            self._database,
            into,
            now,
            more_files=more_files(self._folder, self._config),
            progress=self._note,
        )
        self._status = replace(self._status, folder=str(backup.folder))
        return backup

    def _verify(self, folder: Path, now: datetime) -> None:
        self._status = replace(self._status, stage=Stage.VERIFYING, folder=str(folder))
        problems = verify_backup(folder, now, self._note)
        if problems:
            raise BackupDiffersError(folder, problems)

    def _note(self, done: int, total: int, what: str) -> None:
        self._status = replace(self._status, done_bytes=done, total_bytes=total, file=what)

    def _idle(self, error: str) -> None:
        self._status = replace(
            self._status, stage=Stage.IDLE, error=error, ended=self._status.ended + 1
        )


class BackupDiffersError(Exception):
    """A backup that was restored does not hold what it should."""

    def __init__(self, folder: Path, problems: list[Problem]) -> None:
        listed = "; ".join(str(problem) for problem in problems[:5])
        super().__init__(f"{folder} cannot be relied on: {listed}; make another one")


def more_files(folder: DataFolder, config: Path | None) -> Mapping[str, Path]:
    """What a backup holds besides the store, by its name there."""
    files = {name: folder.root / name for name in OTHERS}
    return files if config is None else {SETTINGS_NAME: config, **files}


def last_verified(known: list[Backup]) -> datetime | None:
    """When one of them was last restored and found equal."""
    good = [each.verified for each in known if each.verified and not each.verified.problems]
    return max((each.verified_at for each in good), default=None)


def backup_state(settings: BackupSettings, now: datetime, since: datetime | None) -> BackupState:
    """What the console tells of scheduled backups; `since` is when the console started."""
    if not settings.folder:
        return BackupState(scheduled=False)
    known = backups_in(Path(settings.folder))
    last = known[-1] if known else None
    verified = last_verified(known)
    return BackupState(
        scheduled=True,
        folder=settings.folder,
        count=len(known),
        last=last,
        verified_at=verified,
        overdue=_overdue(settings, now, since or now, last, verified),
    )


def _overdue(
    settings: BackupSettings,
    now: datetime,
    since: datetime,
    last: Backup | None,
    verified: datetime | None,
) -> str:
    if last and last.verified and last.verified.problems:
        return f"The last backup cannot be relied on: {last.verified.problems[0]}"
    if now - (last.made_at if last else since) > timedelta(hours=LATE_AND_MORE * settings.every_h):
        return "The backup is overdue."
    late = timedelta(hours=LATE_AND_MORE * settings.verify_every_h)
    if now - (verified or since) > late:
        return "No backup was restored for comparison lately."
    return ""
