"""POST /rum/v1/replay: chunks of recordings, as a bare ASGI application.

A 204 means that the chunk is in a file, durable, and its record in the journal. 4xx is final.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from rum.answers import READABLE_BY_ANYONE, answer, error, preflight, readable_by
from rum.body import BodyProblem, drain, read_body
from rum.limits import Limits
from rum.records import Refusal
from rum.refusals import RefusalWriter
from rum.replay_intake import (
    ChunkRequest,
    RefusedChunk,
    ReplayIntake,
    ReplayLimits,
    TakenChunk,
    content_problem,
)
from rum.sink import ReplaySink
from rum.site import Site

IN_FLIGHT_MAX = 100
"""Requests at a time, a quarter of a megabyte each; more are told to come back."""
RETRY_AFTER_S = 5

log = logging.getLogger("vigie.collector")


def replay_routes(
    sites: Sequence[Site],
    limits: Limits,
    sink: ReplaySink | None,
    refusals: RefusalWriter,
    clock_us: Callable[[], int],
) -> list[Route]:
    """The route, when there is a sink to take the chunks."""
    if sink is None:
        return []
    intake = ReplayIntake(sites, ReplayLimits(late_h=limits.late_h))
    route = ReplayRoute(intake, sink, refusals, clock_us, limits.body_timeout_s)
    return [Route("/rum/v1/replay", route)]


class ReplayRoute:
    """Takes chunks of the sites that are recorded; see replay_intake.py for what is refused."""

    def __init__(
        self,
        intake: ReplayIntake,
        sink: ReplaySink,
        refusals: RefusalWriter,
        clock_us: Callable[[], int],
        body_timeout_s: float,
    ) -> None:
        self._intake = intake
        self._sink = sink
        self._refusals = refusals
        self._clock_us = clock_us
        self._body_timeout_s = body_timeout_s
        self._in_flight = 0
        self.counts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        if scope["method"] == "OPTIONS":
            await answer(send, 204, preflight(self._known(origin)))
            return
        if scope["method"] != "POST":
            await answer(send, 405, [(b"allow", b"POST, OPTIONS")], error("method", "POST only"))
            return
        if self._in_flight >= IN_FLIGHT_MAX:
            await self._unavailable("too many at once", origin, send, ended=False)
            await drain(receive)
            await send({"type": "http.response.body", "body": b""})
            return
        self._in_flight += 1
        try:
            await self._post(headers, origin, receive, send)
        finally:
            self._in_flight -= 1

    async def _post(
        self, headers: dict[bytes, bytes], origin: str, receive: Receive, send: Send
    ) -> None:
        bytes_max = self._intake.limits.body_bytes_max
        body = await read_body(headers, receive, bytes_max, self._body_timeout_s)
        if isinstance(body, BodyProblem):
            await self._refuse_body(body, origin, receive, send)
            return
        if body is None:
            self.counts["disconnected"] += 1
            return
        same_origin = headers.get(b"sec-fetch-site") == b"same-origin"
        taken = await self._take(ChunkRequest(body, origin, same_origin))
        if isinstance(taken, RefusedChunk):
            self._refusals.add([taken.refusal])
            said = error(taken.refusal.reason, taken.refusal.detail)
            await answer(send, taken.status, READABLE_BY_ANYONE, said)
            return
        try:
            await self._sink.write_replay(taken.record, taken.packed)
        except OSError as problem:
            await self._unavailable(str(problem), origin, send)
            return
        self._intake.tally.add(taken.record)
        self.counts["chunks"] += 1
        self.counts["bytes"] += taken.record.bytes
        await answer(send, 204, readable_by(origin))

    async def _take(self, request: ChunkRequest) -> TakenChunk | RefusedChunk:
        taken = self._intake.take(request, self._clock_us())
        if isinstance(taken, RefusedChunk):
            return taken
        problem = await asyncio.to_thread(
            content_problem, taken.packed, self._intake.limits.inflated_bytes_max
        )
        return taken if problem is None else self._intake.refused_content(request, taken, *problem)

    async def _refuse_body(
        self, problem: BodyProblem, origin: str, receive: Receive, send: Send
    ) -> None:
        refusal = Refusal(
            received_us=self._clock_us(),
            reason=problem.reason,
            detail=problem.detail,
            origin=origin[:200],
        )
        self._refusals.add([refusal])
        headers = [*READABLE_BY_ANYONE, (b"connection", b"close")]
        said = error(problem.reason, problem.detail)
        await answer(send, problem.status, headers, said, ended=False)
        await drain(receive)
        await send({"type": "http.response.body", "body": b""})

    async def _unavailable(self, why: str, origin: str, send: Send, *, ended: bool = True) -> None:
        self.counts["unavailable"] += 1
        if self.counts["unavailable"].bit_count() == 1:  # at 1, 2, 4, 8 ...: told, not flooded
            count = self.counts["unavailable"]
            log.error("chunks of recordings cannot be kept (%s); %d answered 503", why, count)
        retry = (b"retry-after", str(RETRY_AFTER_S).encode())
        headers = [*readable_by(self._known(origin)), retry]
        await answer(send, 503, headers, error("unavailable", "try again later"), ended=ended)

    def _known(self, origin: str) -> str:
        return origin if self._intake.knows_origin(origin) else ""
