"""Whether a Vigie works on a data folder; what mends a store must be alone there."""

from collections.abc import Iterator
from contextlib import contextmanager

from store.database import DatabaseBusyError
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.locks import HeldError, Lock

SERVE_LOCK = "serve.lock"
CONSOLE_LOCK = "console.lock"


@contextmanager
def refuse_while_running(folder: DataFolder) -> Iterator[None]:
    """Hold the locks of `vigie serve` and of a console; collectors and prober may run, they write
    to the journal only. Raises CommandError when one is held."""
    held: list[Lock] = []
    try:
        for name in (SERVE_LOCK, CONSOLE_LOCK):
            held.append(Lock(folder.run / name))
        yield
    except HeldError as error:
        by = f" (process {error.pid})" if error.pid else ""
        raise CommandError(
            f"Vigie runs on {folder.root}{by}; stop it first: the store must be at rest"
        ) from error
    finally:
        for lock in held:
            lock.release()


def hold_console_lock(folder: DataFolder) -> Lock:
    """For as long as a console works. Raises DatabaseBusyError while a store is mended."""
    try:
        return Lock(folder.run / CONSOLE_LOCK)
    except HeldError as error:
        raise DatabaseBusyError(
            f"{folder.root} is being repaired or restored; wait for its end"
        ) from error
