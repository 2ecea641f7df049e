"""Answers to questions just asked: a report is computed once for all who ask it at once."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from store.database import Database
from store.snapshot import Snapshot

Answer = TypeVar("Answer")

ANSWERS_MAX = 256
COMPUTED_AT_ONCE_MAX = 4
HELPERS = 2
"""Threads that answer some of a page's questions while its own answers others."""
FRESH_S = 1.0
"""An answer this young is served again without looking: live pages ask every few seconds."""
UNCHANGED_S = 10.0
"""While nothing new was loaded an answer may stand this long; time itself still moves states."""


class Answers:
    """A bounded cache in front of the store. Every method may be called from any thread."""

    def __init__(
        self,
        database: Database,
        version: Callable[[], Hashable],
        monotonic: Callable[[], float] = time.monotonic,
        settings: Callable[[], Hashable] = lambda: None,
    ) -> None:
        """`version` gives a value that changes whenever new data was committed, `settings` one that
        changes with what else all answers depend on."""
        self._database = database
        self._version = version
        self._monotonic = monotonic
        self._settings = settings
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._computing = threading.BoundedSemaphore(COMPUTED_AT_ONCE_MAX)
        self._helpers = ThreadPoolExecutor(HELPERS, "answers")

    def ask(
        self, question: Hashable, compute: Callable[[Snapshot], Answer], fresh_s: float = FRESH_S
    ) -> Answer:
        """The answer to `question`: a fresh one known already, or `compute` on a new snapshot.

        `question` must hold everything the answer depends on besides data, settings and time.
        `fresh_s` is longer for what costs much and changes little.
        """
        asked = (self._settings(), question)
        with self._lock:
            slot = self._answers.setdefault(asked, _Slot())
            self._answers.move_to_end(asked)
            while len(self._answers) > ANSWERS_MAX:
                self._answers.popitem(last=False)
        with slot.lock:
            version = self._version()
            age_s = self._monotonic() - slot.computed_at
            if age_s < (max(UNCHANGED_S, fresh_s) if version == slot.version else fresh_s):
                known: Answer = slot.answer
                return known
            started = self._monotonic()
            with self._computing, self._database.snapshot() as snapshot:
                answer = compute(snapshot)
            slot.answer, slot.computed_at, slot.version = answer, started, version
            return answer

    def soon(self, task: Callable[[], Answer]) -> Callable[[], Answer]:
        """Have a task that asks done beside what the caller goes on with, where a helper is free;
        calling what is returned waits for its answer, or does it. Raises what the task raises."""
        begun = self._helpers.submit(task)

        def answer() -> Answer:
            # One that no helper came to is done here: a helper may itself wait for such a one.
            return task() if begun.cancel() else begun.result()

        return answer

    def forget(self) -> None:
        """Forget every answer: each question is answered anew."""
        with self._lock:
            self._answers.clear()


class _Slot:
    """One question's latest answer; its lock makes simultaneous askers wait for one computation."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.computed_at = float("-inf")
        self.version: Hashable = None
        self.answer: Any = None
