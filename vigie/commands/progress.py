"""A bar on the terminal for what takes long; nothing where nobody looks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn


@contextmanager
def shown(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """Yields what to call with bytes done, bytes in all, and the file they are of."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int, file: str) -> None:
            bar.update(task, completed=done, total=total or None, description=what)

        yield show
