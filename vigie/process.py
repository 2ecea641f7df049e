"""What every long-running process of Vigie has in common: its loop, and how it is told to end."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import uvicorn
import uvloop
from starlette.types import ASGIApp

from vigie.logs import set_up_logs

STOP_LIMIT_S = 10
"""For requests in flight to finish after the process was told to end."""
ORPHAN_LIMIT_S = 20.0
"""For the whole process to end by itself after its supervisor went away."""
LISTEN_BACKLOG = 2048
GARBAGE_AFTER = 20_000
"""New containers before they are looked through for cycles. Python's own 700 is less than a few
hundred requests in flight hold, and took a twelfth of the collector's processor time."""


def run_process(
    main: Callable[[asyncio.Event], Awaitable[None]], *, supervised: bool, log_json: bool
) -> None:
    """Run `main` until it returns. SIGTERM and SIGINT set the event it is given.

    With `supervised`, standard input is the supervisor's lifeline: its end, by whatever way the
    supervisor went, counts as SIGTERM, and the process is gone ORPHAN_LIMIT_S later at most.
    """
    set_up_logs(as_json=log_json)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_stopped(main, supervised))


def private_config(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn is to run an application for few, trusted readers."""
    return uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="auto",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=STOP_LIMIT_S,
    )


async def serve_app(config: uvicorn.Config, listening: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then finish the requests in flight. Raises OSError when the
    application does not start."""
    gc.freeze()  # what is there by now stays
    gc.set_threshold(GARBAGE_AFTER)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await serving
    if not stop.is_set():
        raise OSError("the web application ended by itself; its log says why")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError, naming the address, when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(LISTEN_BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise OSError(
            error.errno, f"cannot listen on {host}, port {port}: {error.strerror}"
        ) from error
    return listening


def inherit_or_listen(descriptor: int | None, host: str, port: int) -> socket.socket:
    """The inherited listening socket, where there is one; else a new one. Raises OSError."""
    return listen(host, port) if descriptor is None else socket.socket(fileno=descriptor)


def end_with_standard_input() -> None:
    """From now on, the end of standard input is a SIGTERM, and soon after that the end."""
    threading.Thread(target=_watch_lifeline, name="lifeline", daemon=True).start()


def yield_processors(niceness: int) -> None:
    """Let processes of less niceness come first where processors are short."""
    os.nice(niceness)
    # Linux shares time between sessions first, and a supervised process has one of its own: see
    # sched(7), "The autogroup feature".
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(niceness))


def yield_to_threads(niceness: int) -> None:
    """Let this process's other threads come before this one, and before those that it begins from
    here on, where processors are short. Only Linux has a niceness of each thread."""
    if sys.platform == "linux":
        os.nice(niceness)


class _Server(uvicorn.Server):
    """A uvicorn that leaves signals to run_process, which has more to end than requests."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _until_stopped(
    main: Callable[[asyncio.Event], Awaitable[None]], supervised: bool
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    told_to_end = {signal.SIGTERM, signal.SIGINT}
    for each in told_to_end:
        loop.add_signal_handler(each, stop.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, told_to_end)  # a supervisor may have held them
    if supervised:
        end_with_standard_input()
    await main(stop)


def _watch_lifeline() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_LIMIT_S)
    os._exit(1)
