"""Supervised processes: the dead one is started again, and all end together, by whatever way."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import alive
from tests.support.waiting import wait_for
from vigie.child import ChildPlan, Rhythm
from vigie.supervisor import Supervisor
from vigie.supervisor_status import ChildState, ChildStatus, SupervisorStatus, read_status

QUICK = Rhythm(first_wait_s=0.05, longest_wait_s=0.4, stop_limit_s=20)


def plan(name: str, code: str, *, stops_last: bool = False) -> ChildPlan:
    return ChildPlan(
        name=name,
        command=(sys.executable, "-u", "-c", textwrap.dedent(code)),
        stops_last=stops_last,
    )


OBEDIENT = """
    import signal, sys, time
    signal.signal(signal.SIGTERM, lambda *_: (print("ending"), sys.exit(0)))
    print("begun")
    while True:
        time.sleep(60)
"""
DEAF = OBEDIENT.replace('lambda *_: (print("ending"), sys.exit(0))', "signal.SIG_IGN")
DYING = "raise SystemExit(3)"


class Running:
    """A supervisor within the test's own loop."""

    def __init__(self, run: Path, plans: list[ChildPlan], rhythm: Rhythm = QUICK) -> None:
        self.lines: list[str] = []
        self.run = run
        self.stop = asyncio.Event()
        self.supervisor = Supervisor(plans, run, rhythm=rhythm, say=self.lines.append)

    def written(self, name: str) -> ChildStatus:
        """The child as supervisor.json has it."""
        status = read_status(self.run)
        assert status is not None
        return next(child for child in status.children if child.name == name)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        await asyncio.to_thread(wait_for, condition, what)


def test_a_child_killed_is_started_again_and_the_status_says_so(tmp_path: Path) -> None:
    async def script() -> None:
        running = Running(tmp_path, [plan("worker", OBEDIENT), plan("other", OBEDIENT)])
        task = asyncio.create_task(running.supervisor.run(running.stop))
        await running.until(lambda: len(running.lines) == 2, "both children to have begun")
        first = running.written("worker")
        assert first.pid is not None
        assert (first.state, first.restarts, first.last_exit) == (ChildState.RUNNING, 0, "")

        os.kill(first.pid, signal.SIGKILL)
        await running.until(
            lambda: running.written("worker").pid not in (None, first.pid), "another worker"
        )
        second = running.written("worker")
        assert second.state is ChildState.RUNNING
        assert second.restarts == 1
        assert second.last_exit == "killed by SIGKILL"
        assert second.last_exit_at is not None
        assert second.started is not None
        assert first.started is not None
        assert second.started > first.started
        assert running.written("other").restarts == 0
        await running.until(
            lambda: running.lines.count("worker | begun") == 2, "the second worker to speak"
        )

        running.stop.set()
        await task
        assert {running.written(name).state for name in ("worker", "other")} == {ChildState.STOPPED}
        assert running.lines.count("worker | ending") == 1
        assert running.lines.count("other  | ending") == 1
        assert not alive(second.pid or 0)

    asyncio.run(script())


def test_a_child_that_keeps_dying_is_tried_at_growing_intervals(tmp_path: Path) -> None:
    async def script() -> list[SupervisorStatus]:
        running = Running(tmp_path, [plan("dying", DYING)])
        seen: list[SupervisorStatus] = []
        task = asyncio.create_task(running.supervisor.run(running.stop))

        def restarted() -> bool:
            status = read_status(tmp_path)
            if status is not None and status.children[0].next_try is not None:
                seen.append(status)
            # A look between two tries may be missed, but not each of them.
            return bool(seen) and running.supervisor.status().children[0].restarts >= 3

        await running.until(restarted, "three restarts")
        running.stop.set()
        await task
        return seen

    seen = asyncio.run(script())
    assert seen, "the time of the next try was never shown"
    waits = {
        child.restarts: (child.next_try - child.last_exit_at).total_seconds()
        for status in seen
        for child in status.children
        if child.next_try and child.last_exit_at
    }
    assert all(child.last_exit == "exit code 3" for status in seen for child in status.children)
    for deaths, wait_s in waits.items():
        assert wait_s >= QUICK.wait_s(deaths + 1)


def test_waits_double_up_to_the_longest() -> None:
    rhythm = Rhythm(first_wait_s=0.2, longest_wait_s=30)
    waits = [rhythm.wait_s(deaths) for deaths in range(1, 11)]
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]
    assert rhythm.wait_s(10_000) == 30


def test_a_child_that_was_healthy_begins_with_the_first_wait_again(tmp_path: Path) -> None:
    async def script() -> None:
        rhythm = Rhythm(first_wait_s=0.05, longest_wait_s=300, healthy_after_s=0)
        running = Running(tmp_path, [plan("dying", DYING)], rhythm)
        task = asyncio.create_task(running.supervisor.run(running.stop))
        # With doubling, the thirteenth try would come after more than three minutes.
        await running.until(
            lambda: running.supervisor.status().children[0].restarts >= 12, "twelve restarts"
        )
        running.stop.set()
        await task

    asyncio.run(script())


def test_a_child_that_will_not_end_is_killed_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def script() -> int:
        running = Running(tmp_path, [plan("deaf", DEAF)], Rhythm(stop_limit_s=0.3))
        task = asyncio.create_task(running.supervisor.run(running.stop))
        await running.until(lambda: running.lines, "the child to have begun")
        pid = running.written("deaf").pid
        assert pid is not None
        running.stop.set()
        await task
        assert running.written("deaf").last_exit == "killed by SIGKILL"
        return pid

    assert not alive(asyncio.run(script()))
    assert "deaf did not end within 0.3 s of SIGTERM; killing it with SIGKILL" in caplog.text


def test_those_that_stop_last_outlive_the_others(tmp_path: Path) -> None:
    async def script() -> list[str]:
        running = Running(
            tmp_path, [plan("keeper", OBEDIENT, stops_last=True), plan("writer", OBEDIENT)]
        )
        task = asyncio.create_task(running.supervisor.run(running.stop))
        await running.until(lambda: len(running.lines) == 2, "both children to have begun")
        running.stop.set()
        await task
        return running.lines[2:]

    assert asyncio.run(script()) == ["writer | ending", "keeper | ending"]


def test_one_that_is_dead_when_all_ends_is_run_once_more_to_put_things_away(
    tmp_path: Path,
) -> None:
    code = f"""
        import asyncio, pathlib, time
        from vigie.process import run_process

        marker = pathlib.Path({str(tmp_path / "died")!r})
        if not marker.exists():
            marker.touch()
            raise SystemExit(1)
        time.sleep(0.3)  # slow to start: it is told to end before it can listen

        async def main(stop):
            await stop.wait()
            print("put away")

        run_process(main, supervised=True, log_json=False)
    """

    async def script() -> tuple[list[str], ChildStatus]:
        keeper = ChildPlan(
            name="keeper",
            command=(sys.executable, "-u", "-c", textwrap.dedent(code)),
            stops_last=True,
            holds_signals=True,
        )
        running = Running(tmp_path, [keeper], Rhythm(first_wait_s=300, longest_wait_s=300))
        task = asyncio.create_task(running.supervisor.run(running.stop))
        await running.until(
            lambda: read_status(tmp_path) and running.written("keeper").next_try,
            "the keeper to be dead",
        )
        running.stop.set()
        await task
        return running.lines, running.written("keeper")

    lines, status = asyncio.run(script())
    assert lines == ["keeper | put away"]
    assert (status.state, status.last_exit) == (ChildState.STOPPED, "exit code 0")


def test_a_command_that_cannot_start_is_said_and_tried_again(tmp_path: Path) -> None:
    async def script() -> None:
        missing = ChildPlan(name="missing", command=(str(tmp_path / "no-such-program"),))
        running = Running(tmp_path, [missing])
        task = asyncio.create_task(running.supervisor.run(running.stop))
        await running.until(
            lambda: read_status(tmp_path) and running.written("missing").last_exit,
            "the failure to be shown",
        )
        assert "no-such-program" in running.written("missing").last_exit
        running.stop.set()
        await task

    asyncio.run(script())


def test_a_line_of_any_length_or_bytes_is_passed_on(tmp_path: Path) -> None:
    async def script() -> list[str]:
        code = """
            import sys, time
            sys.stdout.buffer.write(b"x" * 200_000 + b"\\n" + b"\\xff[bold]\\n" + b"no end")
            sys.stdout.flush()
        """
        running = Running(tmp_path, [plan("loud", code)])
        task = asyncio.create_task(running.supervisor.run(running.stop))
        await running.until(
            lambda: any("no end" in line for line in list(running.lines)), "the last line"
        )
        running.stop.set()
        await task
        return running.lines

    lines = asyncio.run(script())
    upto = next(number for number, line in enumerate(lines) if "[bold]" in line)
    assert sum(line.count("x") for line in lines[:upto]) == 200_000
    assert lines[upto] == "loud | \ufffd[bold]"
    assert lines[upto + 1] == "loud | no end"


def test_lines_as_json_are_one_object_each_with_their_process(tmp_path: Path) -> None:
    async def script() -> list[str]:
        code = """
            import logging
            from vigie.logs import set_up_logs
            set_up_logs(as_json=True)
            logging.getLogger("vigie.test").info("all [well]", extra={"count": 3})
            raise RuntimeError("boom")
        """
        lines: list[str] = []
        stop = asyncio.Event()
        supervisor = Supervisor(
            [plan("speaker", code)], tmp_path, rhythm=QUICK, as_json=True, say=lines.append
        )
        task = asyncio.create_task(supervisor.run(stop))
        await asyncio.to_thread(
            wait_for, lambda: any("boom" in line for line in list(lines)), "its last words"
        )
        stop.set()
        await task
        return lines

    lines = [json.loads(line) for line in asyncio.run(script())]
    assert {line["process"] for line in lines} == {"speaker"}
    first = lines[0]
    assert (first["level"], first["logger"], first["count"]) == ("info", "vigie.test", 3)
    assert first["message"] == "all [well]"
    assert any(line["message"] == "RuntimeError: boom" for line in lines)


ORPHANS = """
import asyncio, sys
from pathlib import Path
from vigie.child import ChildPlan
from vigie.supervisor import supervise

child = '''
import asyncio
from vigie.process import run_process

async def main(stop):
    print("begun", flush=True)
    await stop.wait()
    print("ending", flush=True)

run_process(main, supervised=True, log_json=False)
'''
plans = [ChildPlan(name="child", command=(sys.executable, "-c", child))]
asyncio.run(supervise(plans, Path(sys.argv[1])))
"""


def supervised_child(run: Path) -> tuple[subprocess.Popen[bytes], int]:
    process = subprocess.Popen([sys.executable, "-c", ORPHANS, str(run)], stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline() == b"child | begun\n"
    pid = json.loads((run / "supervisor.json").read_text())["children"][0]["pid"]
    assert alive(pid)
    return process, pid


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    process, child = supervised_child(tmp_path)
    process.kill()
    process.communicate(timeout=60)
    wait_for(lambda: not alive(child), "the orphan to end by itself")


def test_sigterm_ends_supervisor_and_children_with_exit_code_0(tmp_path: Path) -> None:
    for sign in (signal.SIGTERM, signal.SIGINT):
        process, child = supervised_child(tmp_path)
        process.send_signal(sign)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0
        assert said == b"child | ending\n"
        assert not alive(child)
