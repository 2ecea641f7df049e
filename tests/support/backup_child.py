"""A process that backs up or restores, to be killed.

python -m tests.support.backup_child FOLDER (backup | restore | data) STEP
"""

import sys
from pathlib import Path

from store.backup import back_up
from store.backup_files import chosen_backup, read_manifest
from store.database import Database
from store.restore import restore_store
from tests.support.seal_child import die_at
from tests.support.stored import NOON
from vigie.restoring import restore_data


def main(folder: Path, what: str, wanted: str) -> None:
    """`wanted` is a step, or "file N": after as many files."""
    die = die_at(wanted)
    files = 0

    def progress(done: int, total: int, name: str) -> None:
        nonlocal files
        files += 1
        die(f"file {files}")
        die(name)

    backups = folder / "backups"
    if what == "backup":
        database = Database(folder / "store")
        more = {"tombstones": folder / "tombstones"}
        back_up(database, backups, NOON, more_files=more, progress=progress, step=die)
    elif what == "restore":
        chosen = chosen_backup(backups)
        into = folder / "again" / "store"
        restore_store(chosen, into, read_manifest(chosen), progress, step=die)
    else:
        restore_data(backups, folder / "again", progress)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
