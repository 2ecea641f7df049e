"""The collector: the public application that serves rum.js and takes beacons.

A 204 means that every accepted event of the beacon is durable. 4xx is final; 503 asks to come back.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import asdict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from rum.answers import (
    READABLE_BY_ANYONE,
    READABLE_LATER,
    TRY_LATER,
    Headers,
    answer,
    error,
    preflight,
    readable_by,
    refuse_body,
)
from rum.body import BodyProblem, read_body
from rum.client_address import TrustedProxies, cut_address
from rum.inflate import inflated
from rum.intake import BeaconRequest, Intake, Rejected
from rum.limits import Limits
from rum.local_only import is_local
from rum.metrics_text import CONTENT_TYPE, Kind, Metric, by_label, counter, rendered
from rum.records import Reason
from rum.refusals import RefusalWriter
from rum.replay_route import replay_routes
from rum.script_file import ScriptFile
from rum.server_events_route import server_events_route
from rum.sink import BatchSink, ReplaySink
from rum.site import Site
from rum.visitor import DaySalts

RETRY_AFTER_S = 5
SWEEP_EVERY_S = 600
SCRIPTS = ("rum.js", "rum-replay.js", "rum-stub.js")

_COUNTED = {
    "batches": "Beacons accepted and on disk.",
    "events": "Events accepted and on disk, of beacons.",
    "unavailable": "Beacons answered 503, because they could not be made durable.",
    "disconnected": "Senders that went away amid their beacon.",
    "untrusted_proxy": "Requests with X-Forwarded-For from outside trusted_proxies.",
}

log = logging.getLogger("vigie.collector")


def now_us() -> int:
    """The wall clock, in microseconds since the epoch."""
    return time.time_ns() // 1000


def create_app(
    sites: Sequence[Site],
    limits: Limits,
    sink: BatchSink,
    secret: bytes,
    static: Path,
    clock_us: Callable[[], int] = now_us,
    *,
    more_metrics: Callable[[], Sequence[Metric]] = tuple,
    replays: ReplaySink | None = None,
    salts: DaySalts | None = None,
) -> Starlette:
    """The collector's application; run it with its lifespan, which writes the refusals down.

    `secret` keys the hashes of users. `static` holds SCRIPTS. `more_metrics` are added to /metrics;
    `app.state.figures()` gives all of them.
    Without `replays` no recording is taken. `salts` are those that storage-free sessions share with
    other collectors. The sinks stay the caller's to close, after the
    application has ended.
    """
    refusals = RefusalWriter(sink, clock_us)
    salts = salts or DaySalts()
    intake = Intake(sites, limits, secret, salts)
    beacons = BeaconRoute(intake, sink, refusals, clock_us)
    scripts = [ScriptFile(static / name) for name in SCRIPTS]
    recordings = replay_routes(sites, limits, replays, refusals, clock_us, beacons.client)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        refusals.start()
        sweeping = asyncio.create_task(_sweep_salts(salts, clock_us), name="salts")
        yield
        sweeping.cancel()
        await refusals.stop()

    async def health(request: Request) -> Response:
        if sink.healthy():
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable", "reason": "journal_unavailable"}, 503)

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def figures() -> list[Metric]:
        return [*beacons.metrics(), *more_metrics()]

    async def metrics(request: Request) -> Response:
        if not is_local(request):
            return PlainTextResponse("not found: metrics are for this machine only\n", 404)
        return PlainTextResponse(rendered(figures()), media_type=CONTENT_TYPE)

    app = Starlette(
        routes=[
            Route("/rum/v1/beacon", beacons),
            *(
                Route(path, file.respond, methods=["GET", "HEAD"])
                for file in scripts
                for path in (f"/{file.name}", f"/{file.hashed_name}")
            ),
            *recordings,
            server_events_route(intake, sink, refusals, clock_us),
            Route("/health", health),
            Route("/ready", health),
            Route("/live", live),
            Route("/metrics", metrics),
        ],
        lifespan=lifespan,
    )
    app.state.figures = figures
    return app


async def _sweep_salts(salts: DaySalts, clock_us: Callable[[], int]) -> None:
    """Destroy salts when their time is over, also where no storage-free beacon comes any more."""
    while True:
        try:
            salts.sweep(clock_us())
        except OSError as problem:
            log.error("an old salt of storage-free sessions cannot be removed: %s", problem)
        await asyncio.sleep(SWEEP_EVERY_S)


class BeaconRoute:
    """POST /rum/v1/beacon, as a bare ASGI application: it is nearly all the traffic there is."""

    def __init__(
        self,
        intake: Intake,
        sink: BatchSink,
        refusals: RefusalWriter,
        clock_us: Callable[[], int],
    ) -> None:
        self._intake = intake
        self._sink = sink
        self._refusals = refusals
        self._clock_us = clock_us
        self._proxies = TrustedProxies(intake.limits.trusted_proxies)
        self._counts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        if scope["method"] == "OPTIONS":
            known = origin if self._intake.knows_origin(origin) else ""
            await answer(send, 204, preflight(known))
        elif scope["method"] != "POST":
            await answer(send, 405, [(b"allow", b"POST, OPTIONS")], error("method", "POST only"))
        else:
            await self._post(headers, origin, self.client(scope, headers), receive, send)

    def client(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        """The client's address, as far as it is known."""
        peer = scope["client"][0] if scope.get("client") else ""
        forwarded = b""
        if b"x-forwarded-for" in headers:  # of several, `headers` has but the last
            said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            forwarded = b",".join(said)
            if not self._proxies.trusts(peer):
                self._tell_of_proxy(peer)
        return self._proxies.client(peer, forwarded.decode("latin-1"))

    def _tell_of_proxy(self, peer: str) -> None:
        self._counts["untrusted_proxy"] += 1
        if self._counts["untrusted_proxy"].bit_count() == 1:  # at 1, 2, 4, 8 ...
            log.warning(
                "%d requests with X-Forwarded-For came from outside trusted_proxies, last from"
                " %s; a proxy of yours that is not listed is limited as one client",
                self._counts["untrusted_proxy"],
                cut_address(peer) or "an unknown address",
            )

    async def _post(
        self,
        headers: dict[bytes, bytes],
        origin: str,
        client: str,
        receive: Receive,
        send: Send,
    ) -> None:
        limits = self._intake.limits
        body = await read_body(headers, receive, limits.body_bytes_max, limits.body_timeout_s)
        if isinstance(body, bytes) and (encoding := headers.get(b"content-encoding")):
            body = inflated(body, encoding, limits.inflated_bytes_max)
        if isinstance(body, BodyProblem):
            refusal = await refuse_body(send, receive, body, origin, self._clock_us())
            self._refusals.add([refusal])
            return
        if body is None:
            self._counts["disconnected"] += 1
            return
        request = BeaconRequest(
            body,
            origin,
            headers.get(b"sec-fetch-site") == b"same-origin",
            headers.get(b"user-agent", b"").decode("latin-1"),
            client,
        )
        try:
            taken = self._intake.take(request, self._clock_us())
        except OSError as problem:
            await self._unavailable(problem, origin, send)
            return
        if isinstance(taken, Rejected):
            await self._reject(taken, send)
            return
        if taken.batch is not None:
            try:
                await self._sink.write(taken.batch)
            except OSError as problem:
                await self._unavailable(problem, origin, send)
                return
            self._counts["batches"] += 1
            self._counts["events"] += len(taken.batch.events)
        self._refusals.add(taken.refusals)
        await answer(send, 204, readable_by(origin))

    async def _reject(self, taken: Rejected, send: Send) -> None:
        self._refusals.add([taken.refusal])
        headers = READABLE_BY_ANYONE
        if taken.retry_after_s:
            headers = [*READABLE_LATER, (b"retry-after", str(taken.retry_after_s).encode())]
        await answer(send, taken.status, headers, error(taken.reason, taken.detail))

    async def _unavailable(self, problem: OSError, origin: str, send: Send) -> None:
        self._counts["unavailable"] += 1
        if self._counts["unavailable"].bit_count() == 1:  # at 1, 2, 4, 8 ...: told, not flooded
            log.error(
                "beacons cannot be kept (%s); %d answered 503", problem, self._counts["unavailable"]
            )
        headers = [*self._cross_origin(origin), (b"retry-after", str(RETRY_AFTER_S).encode())]
        await answer(send, 503, headers, TRY_LATER)

    def _cross_origin(self, origin: str) -> Headers:
        """As `readable_by`, when any site takes beacons from the origin."""
        return readable_by(origin if self._intake.knows_origin(origin) else "")

    def metrics(self) -> list[Metric]:
        """Counters since the start, and the limits that are kept."""
        totals = self._refusals.tally.totals
        limits = {
            name: float(value)
            for name, value in asdict(self._intake.limits).items()
            if isinstance(value, int | float)
        }
        return [
            *(
                counter(f"vigie_collector_{name}_total", help_, self._counts[name])
                for name, help_ in _COUNTED.items()
            ),
            by_label(
                "vigie_collector_refused_total",
                Kind.COUNTER,
                "Refused beacons, events and pieces of recordings, by reason.",
                "reason",
                {reason.value: totals[reason] for reason in Reason},
            ),
            by_label(
                "vigie_collector_limit",
                Kind.GAUGE,
                "Limits of intake as set, each in the unit its name ends in.",
                "limit",
                limits,
            ),
        ]
