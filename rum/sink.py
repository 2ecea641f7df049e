"""Where the collector's records go; whoever runs the collector gives it one."""

from collections.abc import Callable
from typing import Protocol

from rum.records import Batch, Refusal, ReplayChunk

Kept = Callable[[OSError | None], None]
"""Told that a record is durable, by None, or why it could not be made so."""


class RefusalSink(Protocol):
    async def write(self, record: Batch | Refusal) -> None:
        """Return once the record is durable.

        Raises OSError when it cannot be: the flusher is dead, the disk is low, the backlog full.
        """


class BatchSink(RefusalSink, Protocol):
    def submit(self, record: Batch | Refusal, kept: Kept) -> None:
        """The same without waiting: `kept` is called once, in this loop, now or later."""

    def healthy(self) -> bool:
        """Whether a write begun now can succeed, as far as is known."""


class ReplaySink(Protocol):
    def held(self, chunk: ReplayChunk) -> dict[tuple[int, int], int]:
        """The bytes of each chunk that is kept of this one's session, by load and number.

        Whichever collector took them, and before its start too.
        """

    async def write_replay(self, record: ReplayChunk, packed: bytes) -> None:
        """Return once the chunk and its record are durable; writing it again changes nothing.

        Raises OSError when they cannot be.
        """
