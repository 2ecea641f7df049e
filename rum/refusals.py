"""Refusals on their way to the journal: the first few of each minute in full, the rest as counts.

Whoever sends rubbish must not be able to fill the disk with it, nor to go uncounted.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from rum.privacy import masked
from rum.records import Reason, Refusal
from rum.sink import RefusalSink
from rum.texts import cut

IN_FULL_A_MINUTE = 10
"""For each reason and site."""
WRITE_EVERY_S = 1.0
COUNTS_EVERY_ROUNDS = 10
DETAIL_CHARS_MAX = 300
ORIGIN_CHARS_MAX = 200

_MINUTE_US = 60_000_000

log = logging.getLogger("vigie.collector")


class RefusalTally:
    """What waits to be written. Bounded: by reasons x sites, and by what is written each second."""

    def __init__(self, in_full_a_minute: int = IN_FULL_A_MINUTE) -> None:
        self._in_full_a_minute = in_full_a_minute
        self._minute = 0
        self._given_in_full: Counter[tuple[Reason, str]] = Counter()
        self._in_full: list[Refusal] = []
        self._counted: Counter[tuple[Reason, str]] = Counter()
        self.totals: Counter[Reason] = Counter()
        """Refused since the start, by reason."""

    def add(self, refusal: Refusal) -> None:
        self.totals[refusal.reason] += refusal.count
        minute = refusal.received_us // _MINUTE_US
        if minute != self._minute:
            self._minute = minute
            self._given_in_full.clear()
        key = (refusal.reason, refusal.site)
        if self._given_in_full[key] < self._in_full_a_minute:
            self._given_in_full[key] += 1
            self._in_full.append(_masked(refusal))
        else:
            self._counted[key] += refusal.count

    def take_in_full(self) -> list[Refusal]:
        taken, self._in_full = self._in_full, []
        return taken

    def take_counts(self, now_us: int) -> list[Refusal]:
        """One refusal for each reason and site that was only counted."""
        counted, self._counted = self._counted, Counter()
        return [
            Refusal(received_us=now_us, reason=reason, site=site, count=count)
            for (reason, site), count in counted.items()
        ]

    def put_back(self, refusals: Iterable[Refusal]) -> None:
        """What could not be written is counted again; its details go, memory being bounded."""
        for refusal in refusals:
            self._counted[refusal.reason, refusal.site] += refusal.count


def _masked(refusal: Refusal) -> Refusal:
    """Whichever route refused, what its sender wrote into a detail or an origin is hidden."""
    return replace(
        refusal,
        detail=masked(cut(refusal.detail, DETAIL_CHARS_MAX)),
        origin=masked(cut(refusal.origin, ORIGIN_CHARS_MAX)),
    )


class RefusalWriter:
    """Writes the tally to the sink from a task of its own, so that no answer waits for it."""

    def __init__(self, sink: RefusalSink, clock_us: Callable[[], int]) -> None:
        self.tally = RefusalTally()
        self._sink = sink
        self._clock_us = clock_us
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, refusals: Iterable[Refusal]) -> None:
        for refusal in refusals:
            self.tally.add(refusal)

    def start(self) -> None:
        """Begin writing, in the running loop."""
        self._task = asyncio.create_task(self._run(), name="refusals")

    async def stop(self) -> None:
        """Write all that waits, and end. What cannot be written is logged, and lost."""
        self._stopping.set()
        if self._task is not None:
            await self._task
        await self.write(counts=True)
        if lost := sum(refusal.count for refusal in self.tally.take_counts(0)):
            log.error("the counts of %d refusals could not be written", lost)

    async def write(self, *, counts: bool) -> None:
        """Write what waits in full, and the `counts` too when asked."""
        waiting = self.tally.take_in_full()
        if counts:
            waiting += self.tally.take_counts(self._clock_us())
        written = await asyncio.gather(*map(self._write_one, waiting))
        self.tally.put_back(
            refusal for refusal, done in zip(waiting, written, strict=True) if not done
        )

    async def _write_one(self, refusal: Refusal) -> bool:
        try:
            await self._sink.write(refusal)
        except OSError:
            return False
        return True

    async def _run(self) -> None:
        rounds = 0
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), WRITE_EVERY_S)
            rounds += 1
            await self.write(counts=rounds % COUNTS_EVERY_ROUNDS == 0)
