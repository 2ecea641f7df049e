"""How `vigie backup` gets its backup: from the running console, or from the store itself."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from store.backup import back_up
from store.backup_files import Backup, backups_in, chosen_backup, read_manifest, read_verified
from store.database import (
    FILE_NAME,
    Database,
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseLimits,
)
from store.migration import NewerDatabaseError
from store.rehearsal import MigrationFailedError
from store.restore import verify_backup
from vigie.backups import BackupDiffersError, BackupStatus, Stage, more_files
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.report_source import TOKEN_FILE

POLL_S = 0.2
ANSWER_LIMIT_S = 30.0

Show = Callable[[int, int, str], None]
"""Given bytes done, bytes in all, and the file."""


def make_backup(
    into: Path, folder: DataFolder, config: Path, *, verify: bool, show: Show
) -> Backup:
    """A finished backup in `into`, compared after a restore into scratch when `verify`.

    Raises CommandError.
    """
    if not (folder.store / FILE_NAME).exists():
        raise CommandError(f"{folder.root} holds no store yet; start vigie serve first")
    made = _by_console(into.resolve(), folder, verify=verify, show=show)
    if made is None:
        return _by_itself(into.resolve(), folder, config, verify=verify, show=show)
    manifest = read_manifest(made)
    verified = read_verified(made)
    return Backup(folder=made, made_at=manifest.made_at, bytes=manifest.bytes, verified=verified)


def verify_here(folder: Path, show: Show) -> Path:
    """Restore a backup, or the newest in a folder, into scratch; its folder when all is equal.

    Needs no console. Raises BackupUnreadableError, BackupDiffersError, OSError.
    """
    backup = chosen_backup(folder)
    problems = verify_backup(backup, datetime.now(UTC), show)
    if problems:
        raise BackupDiffersError(backup, problems)
    return backup


def _by_console(into: Path, folder: DataFolder, *, verify: bool, show: Show) -> Path | None:
    """The folder of the backup that the running console made; None when none runs."""
    address = folder.addresses().get("console")
    token = folder.run / TOKEN_FILE
    if address is None or not token.exists():
        return None
    headers = {"authorization": f"Bearer {token.read_text('ascii').strip()}"}
    url = f"{address.url}/api/v1/backup"
    with httpx.Client(headers=headers, timeout=ANSWER_LIMIT_S, trust_env=False) as client:
        try:
            params = {"folder": str(into), "verify": "1" if verify else ""}
            answer = client.post(url, params=params)
        except httpx.ConnectError:
            return None
        if answer.status_code != 202:
            raise CommandError(f"the console at {address.url} says: {answer.text[:500]}")
        status = msgspec.json.decode(answer.content, type=BackupStatus)
        ended = status.ended
        while status.ended == ended:
            show(status.done_bytes, status.total_bytes, _doing(status))
            time.sleep(POLL_S)
            try:
                status = msgspec.json.decode(client.get(url).content, type=BackupStatus)
            except httpx.TransportError as error:
                raise CommandError(f"the console went away amid the backup: {error}") from error
    if status.error:
        raise CommandError(status.error)
    return Path(status.folder)


def _by_itself(into: Path, folder: DataFolder, config: Path, *, verify: bool, show: Show) -> Backup:
    try:
        database = Database(folder.store, DatabaseLimits())
    except (
        DatabaseBusyError,
        DatabaseDamagedError,
        MigrationFailedError,
        NewerDatabaseError,
    ) as error:
        raise CommandError(str(error)) from error
    try:
        more = more_files(folder, config)
        made = back_up(database, into, datetime.now(UTC), more_files=more, progress=show)
    finally:
        database.close()
    if verify:
        verify_here(made.folder, show)
    return next(each for each in backups_in(into) if each.folder == made.folder)


def _doing(status: BackupStatus) -> str:
    return f"{'checked' if status.stage is Stage.VERIFYING else 'copied'} {status.file}"
