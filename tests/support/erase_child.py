"""A process that erases, to be killed: python -m tests.support.erase_child FOLDER STEP."""

import sys
from pathlib import Path

from store.database import Database
from store.tombstones import Subject
from tests.support.erasing import ANNA, eraser_of, finished
from tests.support.seal_child import die_at
from tests.support.stored import NOON


def main(folder: Path, wanted: str) -> None:
    database = Database(folder / "store")
    eraser = eraser_of(database, folder, step=die_at(wanted))
    waiting = eraser.waiting()
    finished(eraser, waiting[0] if waiting else eraser.ask("shop", Subject.USER, ANNA, NOON))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
