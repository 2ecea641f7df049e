"""Restoring a whole data folder from a backup, and loading what its journal holds besides."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from store.backup import DATA_FOLDER
from store.backup_files import Manifest, chosen_backup, read_manifest
from store.database import Database
from store.loader import Loader
from store.restore import (
    RESTORED,
    NotEmptyError,
    check_files,
    end_restore,
    refuse_unless_empty,
    restore_store,
)
from store.tombstones import FILE_NAME as TOMBSTONES
from store.tombstones import merge_tombstones
from vigie.backups import OTHERS, SETTINGS_NAME, BackupDiffersError
from vigie.erasures import erase_again, tombstones_of
from vigie.failures import CommandError
from vigie.folders import DataFolder, write_atomically
from vigie.processes_at_work import refuse_while_running

Show = Callable[[int, int, str], None]
EVER_H = 100_000.0
"""Journal segments are kept by whoever mends; the console removes them at their time."""


def restore_data(backup: Path, data: Path, show: Show) -> list[str]:
    """Restore into `data`; returns what was done, in lines.

    Raises CommandError, BackupUnreadableError and OSError.
    """
    chosen = chosen_backup(backup)
    manifest = read_manifest(chosen)
    problems = check_files(chosen, manifest, show)
    if problems:
        raise CommandError(str(BackupDiffersError(chosen, problems)))
    folder = DataFolder(data)
    with refuse_while_running(folder):
        _check_secret(chosen, folder)
        try:
            refuse_unless_empty(folder.store)
        except NotEmptyError as error:
            raise CommandError(
                f"{error}; or move it away, if it is to be replaced (vigie repair mends a damaged"
                " one)"
            ) from error
        # Before there is a store: who is killed meanwhile leaves none without its tombstones.
        others = _restore_others(chosen, folder)
        take_tombstones(chosen, folder)
        restore_store(chosen, folder.store, manifest, show)
        said = [f"restored {chosen} of {manifest.made_at:%Y-%m-%d %H:%M} UTC into {data}", *others]
        said += load_on_top(folder, manifest, show)
        said += finish_restore(folder)
    return said


def finish_restore(folder: DataFolder) -> list[str]:
    """Erase again what was erased since the backup, where a restore did not come so far.

    Returns what was done, in lines. Nobody else may have the store. Raises CommandError, OSError
    and duckdb.Error.
    """
    if not (folder.store / RESTORED).exists():
        return []
    said = erase_again(folder, lambda: datetime.now(UTC))
    end_restore(folder.store)
    return said


def take_tombstones(backup: Path, folder: DataFolder) -> None:
    """Those in a backup and those beside it: what was erased after it was made must stay so.

    Raises OSError and ValueError.
    """
    for source in (backup / DATA_FOLDER / TOMBSTONES, backup.parent / TOMBSTONES):
        merge_tombstones(source, folder.root / TOMBSTONES)


def load_on_top(folder: DataFolder, manifest: Manifest | None, show: Show) -> list[str]:
    """Load all of the journal that the store does not hold yet; returns what was done, in lines."""
    database = Database(folder.store)
    batches = checks = done = 0
    try:
        loader = Loader(
            database,
            folder.journal,
            segments_kept_h=EVER_H,
            repeats_h=EVER_H,
            tombstones=tombstones_of(folder),
        )
        while (loaded := loader.load_once(datetime.now(UTC))).bytes:
            batches, checks = batches + loaded.batches, checks + loaded.checks
            done += loaded.bytes
            show(done, done + loaded.backlog_bytes, "the journal")
    finally:
        database.close()
    said = f"loaded {batches:,} batches and {checks:,} checks from the journal"
    return [said] if manifest is None else [f"{said}, written after the backup"]


def _check_secret(chosen: Path, folder: DataFolder) -> None:
    """Another secret here would make other hashes of the same user: two stores in one."""
    there, here = chosen / DATA_FOLDER / "secret", folder.root / "secret"
    if there.exists() and here.exists() and there.read_text().strip() != here.read_text().strip():
        raise CommandError(
            f"{here} is not the secret of this backup; restore into a folder of its own,"
            " or move that file away"
        )


def _restore_others(chosen: Path, folder: DataFolder) -> list[str]:
    said = []
    for name in OTHERS:
        source, target = chosen / DATA_FOLDER / name, folder.root / name
        if source.exists() and not target.exists():
            write_atomically(target, source.read_bytes(), mode=0o600)
            said.append(f"restored {target}")
    settings = chosen / DATA_FOLDER / SETTINGS_NAME
    if settings.exists():
        said.append(f"its settings file is {settings}; compare it with yours")
    return said
