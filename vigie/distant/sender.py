"""The sender of a prober elsewhere: delivers its spool in order, for as long as it takes."""

import asyncio
import logging
import random

from msgspec.structs import replace

from vigie.distant.link import Fault, Link, Problem
from vigie.distant.spool import BYTES_AT_ONCE, Piece, Spool

LOOK_S = 1.0
"""Between looks at a spool that is delivered."""
RETRY_S_MIN = 1.0
RETRY_S_MAX = 60.0

log = logging.getLogger("vigie.probe")


class Sender:
    """Delivers a piece at a time, and goes on only after the collector has it for good."""

    def __init__(self, spool: Spool, link: Link) -> None:
        self._spool = spool
        self._link = link
        self._bytes_max = BYTES_AT_ONCE
        self._failures = 0
        self.delivered = 0
        """Records, since the start."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                problem = await self.deliver_all()
            except OSError as error:
                problem = Problem(Fault.DOWN, f"the spool cannot be read: {error}")
            await asyncio.sleep(LOOK_S if problem is None else self._wait_s(problem))

    async def deliver_all(self) -> Problem | None:
        """All that the spool holds now, or up to the first problem. Raises OSError."""
        while (piece := await asyncio.to_thread(self._spool.next, self._bytes_max)) is not None:
            problem = await self._deliver(piece)
            if problem is not None and problem.fault is Fault.TOO_LARGE and self._smaller(piece):
                continue
            if problem is not None:
                self._say(problem)
                return problem
            await asyncio.to_thread(self._spool.delivered, piece)
            if self._failures:
                log.warning("results are delivered again")
                self._failures = 0
        return None

    async def _deliver(self, piece: Piece) -> Problem | None:
        if piece.delivery is None:
            return None
        delivery = piece.delivery
        clock = self._link.clock()
        if clock is not None:
            delivery = replace(
                delivery, clock_offset_us=clock.offset_us, clock_error_us=clock.error_us
            )
        problem = await self._link.deliver(delivery)
        if problem is None:
            self.delivered += len(delivery.records)
        return problem

    def _smaller(self, piece: Piece) -> bool:
        """Whether less can be tried at once."""
        if piece.delivery is None or len(piece.delivery.records) == 1:
            return False
        self._bytes_max = max(1, self._bytes_max // 2)
        return True

    def _say(self, problem: Problem) -> None:
        self._failures += 1
        if self._failures.bit_count() == 1:  # at 1, 2, 4, 8 ...: told, not flooded
            log.error("results are kept here until they can be delivered: %s", problem.detail)

    def _wait_s(self, problem: Problem) -> float:
        """Twice as long each time, and never all locations at once."""
        wait_s = min(RETRY_S_MAX, RETRY_S_MIN * 2.0 ** min(self._failures - 1, 10))
        return max(problem.retry_after_s, wait_s * random.uniform(0.5, 1.0))
