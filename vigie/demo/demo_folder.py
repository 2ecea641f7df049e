"""The demo's data folder: whose it is, what history it holds, and the settings in it."""

import shutil
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from vigie.demo.history import History
from vigie.demo.writing import HistoryPlan
from vigie.failures import CommandError
from vigie.folders import DataFolder, write_atomically

MARKER = "demo.json"
VERSION = 3
"""Of the generated history; one made by another version is made again."""


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What `demo.json` says. A folder with it is the demo's own and may be emptied.

    `history` is None from before the first generated record until after the last.
    """

    version: int = VERSION
    plan: HistoryPlan
    history: History | None = None


class Held(StrEnum):
    """What a folder holds."""

    NOTHING = "nothing"
    FOREIGN = "foreign"
    """Files, but not a demo's."""
    UNFINISHED = "unfinished"
    """A demo whose history was interrupted, or was made by another version."""
    HISTORY = "history"


def held_by(root: Path) -> tuple[Held, Marker | None]:
    """What the folder at `root` holds; the marker where there is a history to use."""
    if not root.exists() or not any(root.iterdir()):
        return Held.NOTHING, None
    path = root / MARKER
    if not path.exists():
        return Held.FOREIGN, None
    try:
        marker = msgspec.json.decode(path.read_bytes(), type=Marker)
    except msgspec.DecodeError:
        return Held.UNFINISHED, None
    if marker.history is None or marker.version != VERSION:
        return Held.UNFINISHED, None
    return Held.HISTORY, marker


def claim(root: Path, plan: HistoryPlan) -> bool:
    """Make the folder a demo's, before anything is written into it; whether it held nothing.

    Raises CommandError when it holds something that is not a demo.
    """
    if root.exists() and not root.is_dir():
        raise CommandError(f"{root} is a file; name a folder for the demo with --data")
    held, _ = held_by(root)
    if held is Held.FOREIGN:
        raise CommandError(
            f"the folder {root} holds files that are not a demo's;"
            " name another, or an empty one, with --data"
        )
    if held is Held.NOTHING:
        root.mkdir(parents=True, exist_ok=True)
        _write(root, Marker(plan=plan))
    return held is Held.NOTHING


def begin(folder: DataFolder, plan: HistoryPlan) -> None:
    """Say that the history is unfinished, and remove what is there of an earlier one."""
    _write(folder.root, Marker(plan=plan))
    for place in (folder.journal, folder.store):
        shutil.rmtree(place)
        place.mkdir()


def finish(folder: DataFolder, plan: HistoryPlan, history: History) -> Marker:
    """Say that the history is whole."""
    marker = Marker(plan=plan, history=history)
    _write(folder.root, marker)
    return marker


def days_old(marker: Marker, now: datetime) -> float:
    return (now - marker.plan.now).total_seconds() / 86_400


def _write(root: Path, marker: Marker) -> None:
    text = msgspec.json.format(msgspec.json.encode(marker))
    write_atomically(root / MARKER, text + b"\n")
