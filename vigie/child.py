"""One supervised process: started, its lines passed on, and started again when it dies."""

import asyncio
import contextlib
import logging
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from vigie.supervisor_status import ChildState, ChildStatus

LINE_BYTES_MAX = 65_536
TOLD_TO_END = {signal.SIGTERM, signal.SIGINT}

log = logging.getLogger("vigie.supervisor")


class ChildPlan(Struct, frozen=True, kw_only=True):
    """What to run. Its standard input ends when we do, by whatever way.

    `descriptors` are inherited: listening sockets, which outlive its restarts so that no connection
    is refused meanwhile. `stops_last` children end only after all others have; one that is dead at
    that moment is run once more, told at once to end, so that it can put everything away.
    `holds_signals` children are started with SIGTERM and SIGINT held, and let them come once they
    can act on them (process.run_process): told to end while they start, they end in good order.
    """

    name: str
    command: tuple[str, ...]
    descriptors: tuple[int, ...] = ()
    stops_last: bool = False
    holds_signals: bool = False


class Rhythm(Struct, frozen=True, kw_only=True):
    """When a dead child is started again: waits double from the first to the longest, and begin
    anew after it was healthy for a while. `stop_limit_s` is what it has to end by itself."""

    first_wait_s: float = 0.2
    longest_wait_s: float = 30.0
    healthy_after_s: float = 60.0
    stop_limit_s: float = 25.0

    def wait_s(self, deaths: int) -> float:
        """After `deaths` deaths in a row, at least one."""
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(deaths - 1, 30))


class Child:
    """Runs one plan until told to stop. `changed` is called after each change of `status`;
    `say` gets each line the process writes."""

    def __init__(
        self,
        plan: ChildPlan,
        rhythm: Rhythm,
        *,
        changed: Callable[[], None],
        say: Callable[[str], None],
        clock: Callable[[], datetime],
    ) -> None:
        self.plan = plan
        self.status = ChildStatus(name=plan.name, state=ChildState.STARTING)
        self._rhythm = rhythm
        self._changed = changed
        self._say = say
        self._clock = clock
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until stop() was called and the process has ended."""
        starts = deaths = 0
        while not self._stopping.is_set():
            begun = asyncio.get_running_loop().time()
            starts += 1
            exit_words = await self._run_once(starts)
            if self._stopping.is_set():
                break
            lived_s = asyncio.get_running_loop().time() - begun
            deaths = 1 if lived_s >= self._rhythm.healthy_after_s else deaths + 1
            await self._wait_after(exit_words, self._rhythm.wait_s(deaths))
            if self._stopping.is_set() and self.plan.stops_last:
                await self._run_once(starts + 1)
        self._set(state=ChildState.STOPPED, pid=None, next_try=None)

    def stop(self) -> None:
        self._stopping.set()

    async def _run_once(self, starts: int) -> str:
        """Start the process and see it to its end; how it ended, in words."""
        try:
            process = await self._start()
        except OSError as error:
            log.error("cannot start %s: %s", self.plan.name, error)
            self._set(last_exit=f"did not start: {error}", last_exit_at=self._clock())
            return self.status.last_exit
        self._set(
            state=ChildState.RUNNING,
            pid=process.pid,
            started=self._clock(),
            restarts=starts - 1,
            next_try=None,
        )
        lines = asyncio.create_task(self._pass_lines(process))
        ended = asyncio.create_task(process.wait())
        await self._watch(process, ended)
        await self._drained(lines)
        exit_words = _exit_words(process.returncode or 0)
        self._set(pid=None, last_exit=exit_words, last_exit_at=self._clock())
        return exit_words

    async def _start(self) -> Process:
        # The mask is inherited; create_subprocess_exec forks before it first waits.
        held = TOLD_TO_END if self.plan.holds_signals else set()
        signal.pthread_sigmask(signal.SIG_BLOCK, held)
        try:
            return await asyncio.create_subprocess_exec(
                *self.plan.command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=STDOUT,
                pass_fds=self.plan.descriptors,
                start_new_session=True,  # a terminal's Ctrl-C reaches us alone; we tell the child
                limit=LINE_BYTES_MAX,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, held)

    async def _watch(self, process: Process, ended: asyncio.Task[int]) -> None:
        """Until the process has ended: by itself, or because it was told to stop."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if not ended.done():
            await self._end(process, ended)

    async def _end(self, process: Process, ended: asyncio.Task[int]) -> None:
        self._set(state=ChildState.STOPPING)
        _signal_process(process, signal.SIGTERM)
        done, _ = await asyncio.wait({ended}, timeout=self._rhythm.stop_limit_s)
        if not done:
            log.error(
                "%s did not end within %g s of SIGTERM; killing it with SIGKILL",
                self.plan.name,
                self._rhythm.stop_limit_s,
            )
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await ended

    async def _wait_after(self, exit_words: str, wait_s: float) -> None:
        log.warning("%s ended (%s); starting it again in %g s", self.plan.name, exit_words, wait_s)
        self._set(state=ChildState.WAITING, next_try=self._clock() + timedelta(seconds=wait_s))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait_s)

    async def _pass_lines(self, process: Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    self._say(error.partial.decode("utf-8", "replace"))
                return
            except asyncio.LimitOverrunError as error:
                line = await process.stdout.readexactly(max(1, error.consumed))
            self._say(line.decode("utf-8", "replace").rstrip("\r\n"))

    async def _drained(self, lines: asyncio.Task[None]) -> None:
        """Take the last lines; a grandchild that keeps the pipe open cannot hold us up."""
        done, _ = await asyncio.wait({lines}, timeout=1.0)
        if not done:
            lines.cancel()

    def _set(self, **changes: object) -> None:
        merged = {name: getattr(self.status, name) for name in ChildStatus.__struct_fields__}
        self.status = ChildStatus(**{**merged, **changes})
        self._changed()


def _signal_process(process: Process, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(sign)


def _exit_words(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
