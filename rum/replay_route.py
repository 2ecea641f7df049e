"""POST /rum/v1/replay: chunks of recordings, as a bare ASGI application.

A 204 means that the chunk is in a file, durable, and its record in the journal. 4xx is final.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from rum.answers import (
    READABLE_BY_ANYONE,
    READABLE_LATER,
    TRY_LATER,
    Headers,
    answer,
    answer_early,
    error,
    preflight,
    readable_by,
    refuse_body,
)
from rum.body import BodyProblem, read_body
from rum.erased import ErasedSessions
from rum.guard import Guard
from rum.limits import Limits
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

ClientOf = Callable[[Scope], str]
"""The client's address, of a request; "" when it cannot be told."""

log = logging.getLogger("vigie.collector")


def replay_routes(
    sites: Sequence[Site],
    limits: Limits,
    sink: ReplaySink | None,
    refusals: RefusalWriter,
    clock_us: Callable[[], int],
    client_of: ClientOf,
    erased: ErasedSessions,
) -> list[Route]:
    """The route, when there is a sink to take the chunks."""
    if sink is None:
        return []
    replay_limits = ReplayLimits(late_h=limits.late_h)
    intake = ReplayIntake(sites, replay_limits, Guard(limits), sink.held, erased)
    route = ReplayRoute(intake, sink, refusals, clock_us, client_of, limits.body_timeout_s)
    return [Route("/rum/v1/replay", route)]


class ReplayRoute:
    """Takes chunks of the sites that are recorded; see replay_intake.py for what is refused."""

    def __init__(
        self,
        intake: ReplayIntake,
        sink: ReplaySink,
        refusals: RefusalWriter,
        clock_us: Callable[[], int],
        client_of: ClientOf,
        body_timeout_s: float,
    ) -> None:
        self._intake = intake
        self._sink = sink
        self._refusals = refusals
        self._clock_us = clock_us
        self._client_of = client_of
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
            unavailable = self._unavailable("too many at once", origin)
            await answer_early(send, receive, 503, unavailable, TRY_LATER)
            return
        self._in_flight += 1
        try:
            await self._post(headers, origin, self._client_of(scope), receive, send)
        finally:
            self._in_flight -= 1

    async def _post(
        self,
        headers: dict[bytes, bytes],
        origin: str,
        client: str,
        receive: Receive,
        send: Send,
    ) -> None:
        bytes_max = self._intake.limits.body_bytes_max
        body = await read_body(headers, receive, bytes_max, self._body_timeout_s)
        if isinstance(body, BodyProblem):
            refusal = await refuse_body(send, receive, body, origin, self._clock_us())
            self._refusals.add([refusal])
            return
        if body is None:
            self.counts["disconnected"] += 1
            return
        same_origin = headers.get(b"sec-fetch-site") == b"same-origin"
        taken = await self._take(ChunkRequest(body, origin, same_origin), client)
        if isinstance(taken, RefusedChunk):
            await self._refuse(taken, send)
            return
        try:
            await self._sink.write_replay(taken.record, taken.packed)
        except OSError as problem:
            await answer(send, 503, self._unavailable(str(problem), origin), TRY_LATER)
            return
        self.counts["chunks"] += 1
        self.counts["bytes"] += taken.record.bytes
        await answer(send, 204, readable_by(origin))

    async def _refuse(self, refused: RefusedChunk, send: Send) -> None:
        self._refusals.add([refused.refusal])
        headers = READABLE_BY_ANYONE
        if refused.retry_after_s:
            headers = (*READABLE_LATER, (b"retry-after", str(refused.retry_after_s).encode()))
        said = error(refused.refusal.reason, refused.refusal.detail)
        await answer(send, refused.status, headers, said)

    async def _take(self, request: ChunkRequest, client: str) -> TakenChunk | RefusedChunk:
        taken = self._intake.take(request, self._clock_us())
        if isinstance(taken, RefusedChunk):
            return taken
        if (too_many := self._intake.too_many(request, taken, client)) is not None:
            return too_many
        problem = await asyncio.to_thread(
            content_problem, taken.packed, self._intake.limits.inflated_bytes_max
        )
        return taken if problem is None else self._intake.refused_content(request, taken, *problem)

    def _unavailable(self, why: str, origin: str) -> Headers:
        """Counts and tells of it; the headers of the 503."""
        self.counts["unavailable"] += 1
        if self.counts["unavailable"].bit_count() == 1:  # at 1, 2, 4, 8 ...: told, not flooded
            count = self.counts["unavailable"]
            log.error("chunks of recordings cannot be kept (%s); %d answered 503", why, count)
        return [
            *readable_by(self._known(origin)),
            (b"retry-after", str(RETRY_AFTER_S).encode()),
        ]

    def _known(self, origin: str) -> str:
        return origin if self._intake.knows_origin(origin) else ""
