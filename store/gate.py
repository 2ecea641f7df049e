"""A gate for writers: many at once, or none while the database file is rewritten."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Whoever closes it goes before writers that come later, or would wait for ever."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._passing = 0
        self._closed = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """As one of many; waits while the gate is closed. Not to be nested in one thread."""
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._passing += 1
        try:
            yield
        finally:
            with self._changed:
                self._passing -= 1
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Alone: waits for those that pass to be through, and holds up the others."""
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._closed = True
            while self._passing:
                self._changed.wait()
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()
