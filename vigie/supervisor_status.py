"""What the supervisor last said of itself and its children; the console and tests read it."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from vigie.folders import write_atomically

FILE_NAME = "supervisor.json"


class ChildState(StrEnum):
    STARTING = "starting"
    """Not yet begun."""
    RUNNING = "running"
    WAITING = "waiting"
    """It died, and is started again at `next_try`."""
    STOPPING = "stopping"
    STOPPED = "stopped"


class ChildStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One child. `restarts` counts since the supervisor's start; times are UTC."""

    name: str
    state: ChildState
    pid: int | None = None
    """Of its running process; None while there is none."""
    started: datetime | None = None
    restarts: int = 0
    last_exit: str = ""
    """How its last process ended, in words: "killed by SIGKILL", "exit code 1"; "" before that."""
    last_exit_at: datetime | None = None
    next_try: datetime | None = None


class SupervisorStatus(msgspec.Struct, frozen=True, kw_only=True):
    pid: int
    started: datetime
    children: tuple[ChildStatus, ...]


def read_status(run: Path) -> SupervisorStatus | None:
    """The last status in the data folder's `run`; None when no supervisor ever wrote one."""
    try:
        return msgspec.json.decode((run / FILE_NAME).read_bytes(), type=SupervisorStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_status(run: Path, status: SupervisorStatus) -> None:
    """Replace the status. Raises OSError."""
    write_atomically(run / FILE_NAME, msgspec.json.format(msgspec.json.encode(status)))
