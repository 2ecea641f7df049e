"""Ending a process and all it started."""

import contextlib
import os
import signal


def end_group(leader: int, how: signal.Signals) -> None:
    """Signal the process group that `leader` began with a session of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, how)
