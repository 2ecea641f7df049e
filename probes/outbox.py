"""Records on their way to the sink: kept and tried again while it cannot take them."""

import asyncio
import logging
from collections import deque

from probes.result import CheckResult, MonitorDefinition
from probes.sink import ResultSink

Record = CheckResult | MonitorDefinition

BATCH_MAX = 256
"""Records offered to the sink at once, so that it can make them durable together."""
RETRY_S_MIN = 0.1
RETRY_S_MAX = 5.0

_log = logging.getLogger(__name__)


class Outbox:
    """Takes records without waiting and writes them in order.

    A sink that raises OSError is tried again, more and more slowly; what waits meanwhile is
    bounded, and beyond it the oldest is dropped and counted. A storage error is never a result.
    """

    def __init__(self, sink: ResultSink, records_max: int) -> None:
        self._sink = sink
        self._records_max = records_max
        self._waiting: deque[Record] = deque()
        self._failing = False
        self._more = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self.dropped = 0
        self.failures = 0
        """Writes that failed, every try counted."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, record: Record) -> None:
        if len(self._waiting) >= self._records_max:
            self._waiting.popleft()
            self.dropped += 1
            if self.dropped == 1:
                _log.error(
                    "over %d results cannot be written: the oldest are dropped", self._records_max
                )
        self._waiting.append(record)
        self._empty.clear()
        self._more.set()

    async def run(self) -> None:
        """Write what comes, until cancelled."""
        retry_s = RETRY_S_MIN
        while True:
            await self._more.wait()
            if await self._write_batch():
                retry_s = RETRY_S_MIN
            else:
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, RETRY_S_MAX)

    async def emptied(self) -> None:
        """Return when nothing waits any more; `run` must be running."""
        await self._empty.wait()

    async def _write_batch(self) -> bool:
        """Offer the oldest records to the sink; those it refuses go back to the front."""
        batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
        unwritten = batch
        try:
            ends = await asyncio.gather(
                *(self._sink.write(record) for record in batch), return_exceptions=True
            )
            unwritten = [record for record, end in zip(batch, ends, strict=True) if end is not None]
        finally:
            self._waiting.extendleft(reversed(unwritten))
            if not self._waiting:
                self._more.clear()
                self._empty.set()
        errors = [end for end in ends if end is not None]
        for error in errors:
            if not isinstance(error, OSError):
                raise error
        self._note(errors[0] if errors else None)
        self.failures += len(errors)
        return not errors

    def _note(self, error: BaseException | None) -> None:
        """Log the first failure and the recovery, not every try between them."""
        if error is not None and not self._failing:
            _log.error("results cannot be written and are kept in memory: %s", error)
        elif error is None and self._failing:
            _log.warning("results are written again")
        self._failing = error is not None
