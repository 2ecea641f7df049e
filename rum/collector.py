"""The collector: the public application that serves rum.js and takes beacons.

A 204 means that every accepted event of the beacon is durable. 4xx is final; 503 asks to come back.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from rum.beacon_route import BEACON_PATH, BeaconRoute
from rum.erased import ErasedSessions
from rum.intake import Intake
from rum.limits import Limits
from rum.local_only import is_local
from rum.metrics_text import CONTENT_TYPE, Metric, rendered
from rum.refusals import RefusalWriter
from rum.replay_route import replay_routes
from rum.script_file import ScriptFile
from rum.server_events_route import server_events_route
from rum.shared_names import SharedNames
from rum.sink import BatchSink, ReplaySink
from rum.site import Site
from rum.visitor import DaySalts

SWEEP_EVERY_S = 600
SCRIPTS = ("rum.js", "rum-replay.js", "rum-stub.js")

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
    erased: ErasedSessions | None = None,
    names: SharedNames | None = None,
) -> Starlette:
    """The collector's application; run it with its lifespan, which writes the refusals down.

    `secret` keys the hashes of users. `static` holds SCRIPTS. `more_metrics` are added to /metrics;
    `app.state.figures()` gives all of them; `app.state.beacons` is the quick route for the server.
    Without `replays` no recording is taken. `salts` are those that storage-free sessions share with
    other collectors, and so are `names`, which are counted in memory without; of the sessions that
    are `erased` nothing is taken. The sinks stay the caller's to close, after the application has
    ended.
    """
    refusals = RefusalWriter(sink, clock_us)
    salts = salts or DaySalts()
    intake = Intake(sites, limits, secret, salts, erased)
    if names is not None:
        for rules in intake.sites.values():
            rules.events.names.share(names, rules.site.id)
    beacons = BeaconRoute(intake, sink, refusals, clock_us)
    recordings = replay_routes(
        sites, limits, replays, refusals, clock_us, beacons.client, intake.erased
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        refusals.start()
        sweeping = asyncio.create_task(_sweep_salts(salts, clock_us), name="salts")
        yield
        sweeping.cancel()
        await refusals.stop()

    def figures() -> list[Metric]:
        return [*beacons.metrics(), *more_metrics()]

    async def metrics(request: Request) -> Response:
        if not is_local(request):
            return PlainTextResponse("not found: metrics are for this machine only\n", 404)
        return PlainTextResponse(rendered(figures()), media_type=CONTENT_TYPE)

    app = Starlette(
        routes=[
            Route(BEACON_PATH, beacons),
            *_script_routes(static),
            *recordings,
            server_events_route(intake, sink, refusals, clock_us),
            *_health_routes(sink),
            Route("/metrics", metrics),
        ],
        lifespan=lifespan,
    )
    app.state.figures = figures
    app.state.beacons = beacons
    return app


def _health_routes(sink: BatchSink) -> list[Route]:
    """Whether beacons can be kept, and whether the process is there at all."""

    async def health(request: Request) -> Response:
        if sink.healthy():
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable", "reason": "journal_unavailable"}, 503)

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return [Route("/health", health), Route("/ready", health), Route("/live", live)]


def _script_routes(static: Path) -> list[Route]:
    """Each script under its name, and under the one with its hash."""
    return [
        Route(path, file.respond, methods=["GET", "HEAD"])
        for file in [ScriptFile(static / name) for name in SCRIPTS]
        for path in (f"/{file.name}", f"/{file.hashed_name}")
    ]


async def _sweep_salts(salts: DaySalts, clock_us: Callable[[], int]) -> None:
    """Destroy salts when their time is over, also where no storage-free beacon comes any more."""
    while True:
        try:
            salts.sweep(clock_us())
        except OSError as problem:
            log.error("an old salt of storage-free sessions cannot be removed: %s", problem)
        await asyncio.sleep(SWEEP_EVERY_S)
