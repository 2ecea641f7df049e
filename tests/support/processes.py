"""Processes that a test started: which live, and their end."""

import contextlib
import os
import signal
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie whose parent has yet to ask is dead all the same."""
    # It may end between two looks, and the last of them decides. Where there is no /proc, the only.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{pid}/stat").read_text()
        if status.rpartition(")")[2].split()[0] == "Z":
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end_group(leader: int, how: signal.Signals) -> None:
    """Signal the process group that `leader` began with a session of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, how)
