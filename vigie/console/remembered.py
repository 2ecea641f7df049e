"""One value that is dear to make, shared for a while by all who ask."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Safe to use from any thread; while one makes it anew, the others wait for that."""

    def __init__(self, for_s: float, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._for_s = for_s
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._made: tuple[float, T] | None = None

    def get(self, make: Callable[[], T]) -> T:
        """The value, made `for_s` ago at most. Raises what `make` does."""
        with self._lock:
            now_s = self._monotonic_s()
            if self._made is None or now_s - self._made[0] >= self._for_s:
                self._made = (now_s, make())
            return self._made[1]
