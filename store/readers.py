"""Who is reading the store, so that a file goes only when no reader that could see it is left."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Readers:
    """Counts readers in the order they began. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._reading: set[int] = set()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Register a reader; enter before its transaction begins, leave after it ended."""
        with self._lock:
            number = self._next
            self._next += 1
            self._reading.add(number)
        try:
            yield
        finally:
            with self._lock:
                self._reading.discard(number)

    @property
    def count(self) -> int:
        """How many are reading now."""
        with self._lock:
            return len(self._reading)

    def mark(self) -> int:
        """A mark between the readers that began so far and those to come."""
        with self._lock:
            return self._next

    def any_before(self, mark: int) -> bool:
        """Whether a reader that began before `mark` is still at it."""
        with self._lock:
            return any(number < mark for number in self._reading)
