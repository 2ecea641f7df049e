"""Runs Vigie's processes: restarts the one that dies, and ends them all together."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from vigie.child import Child, ChildPlan, Rhythm
from vigie.supervisor_status import SupervisorStatus, write_status

log = logging.getLogger("vigie.supervisor")


def utc_now() -> datetime:
    return datetime.now(UTC)


def print_line(line: str) -> None:
    """To standard error, where logs go; a reader that went away is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


class Supervisor:
    """Runs `plans` until told to stop, writing `run/supervisor.json` at each change.

    `say` gets every line a child writes, its name before it; with `as_json` each is an object,
    the child's own with its name put in as "process".
    """

    def __init__(
        self,
        plans: Sequence[ChildPlan],
        run: Path,
        *,
        rhythm: Rhythm | None = None,
        as_json: bool = False,
        say: Callable[[str], None] = print_line,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._run_folder = run
        self._started = clock()
        width = max((len(plan.name) for plan in plans), default=0)
        self._children = [
            Child(
                plan,
                rhythm or Rhythm(),
                changed=self._write,
                say=_named(say, plan.name, width, as_json),
                clock=clock,
            )
            for plan in plans
        ]

    def status(self) -> SupervisorStatus:
        return SupervisorStatus(
            pid=os.getpid(),
            started=self._started,
            children=tuple(child.status for child in self._children),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set and every child has ended, those that stop last after the others."""
        runs = {child: asyncio.create_task(child.run()) for child in self._children}
        stopping = asyncio.create_task(stop.wait())
        try:
            # A child's run ends only when told to, or by a fault of ours: then all must end.
            await asyncio.wait({stopping, *runs.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            for last in (False, True):
                turn = [child for child in self._children if child.plan.stops_last is last]
                for child in turn:
                    child.stop()
                await asyncio.gather(*(runs[child] for child in turn))

    def _write(self) -> None:
        try:
            write_status(self._run_folder, self.status())
        except OSError as error:
            log.error("cannot write the supervisor's status: %s", error)


async def supervise(plans: Sequence[ChildPlan], run: Path, *, as_json: bool = False) -> None:
    """Run `plans` until SIGTERM or SIGINT, and until every child has ended."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    await Supervisor(plans, run, as_json=as_json).run(stop)


def _named(
    say: Callable[[str], None], name: str, width: int, as_json: bool
) -> Callable[[str], None]:
    """A `say` that tells whose line it is."""

    def say_json(line: str) -> None:
        if line.startswith("{") and line.endswith("}"):
            say(f'{{"process":"{name}",{line[1:]}')
        else:  # what an interpreter prints as it dies
            say(msgspec.json.encode({"process": name, "message": line}).decode())

    return say_json if as_json else lambda line: say(f"{name:{width}} | {line}")
