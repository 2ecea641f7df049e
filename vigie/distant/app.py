"""The collector's doors for what is elsewhere: probers at other locations, and jobs that call."""

import hashlib
import logging
from collections.abc import Callable

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from probes.delivery import Delivery
from rum.body import BodyProblem, drain, read_body
from store.journal_writer import JournalWriter
from vigie.distant.calls import Calls
from vigie.distant.meant import meant_for
from vigie.distant.tokens import location_of
from vigie.distant.wire import (
    DELIVERY_BYTES_MAX,
    MONITORS_PATH,
    RECEIVED_HEADER,
    RESULTS_PATH,
    SENT_HEADER,
    MonitorsAnswer,
    Taken,
    delivery_problem,
)
from vigie.settings import Settings

RETRY_AFTER_S = 5

log = logging.getLogger("vigie.collector")

_decoder = msgspec.msgpack.Decoder(Delivery)


def distant_routes(
    settings: Callable[[], Settings],
    journal: JournalWriter,
    secret: bytes,
    clock_us: Callable[[], int],
) -> list[BaseRoute]:
    """Routes for the collector's application; `settings` gives those of the moment."""
    probers = ProberRoutes(settings, journal, clock_us)
    calls = Calls(settings, journal, secret, clock_us)
    methods = ["GET", "POST"]  # and HEAD, which comes with GET
    return [
        Route(MONITORS_PATH, probers.monitors, methods=["GET"]),
        Route(RESULTS_PATH, probers.results, methods=["POST"]),
        Route("/heartbeat/v1/{token}", calls.respond, methods=methods),
        Route("/heartbeat/v1/{token}/{call}", calls.respond, methods=methods),
    ]


class ProberRoutes:
    """Answers probers at other locations, each known by its token."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        journal: JournalWriter,
        clock_us: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._clock_us = clock_us
        self._turned_away = 0

    async def monitors(self, request: Request) -> Response:
        received_us = self._clock_us()
        location = self._location(request)
        asked = request.query_params.get("location", "")
        if location is None:
            return self._timed(_no_such_token(), received_us)
        if asked != location:
            return self._timed(_token_of_another(asked, location), received_us)
        monitors = meant_for(location, self._settings().monitors)
        body = msgspec.json.encode(MonitorsAnswer(location=location, monitors=monitors))
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"etag": tag, "cache-control": "private, no-cache"}
        if request.headers.get("if-none-match") == tag:
            return self._timed(Response(status_code=304, headers=headers), received_us)
        answer = Response(body, media_type="application/json", headers=headers)
        return self._timed(answer, received_us)

    async def results(self, request: Request) -> Response:
        received_us = self._clock_us()
        location = self._location(request)
        if location is None:
            # Some of the body is read first: an answer on unread bytes is lost with a reset.
            await drain(request.receive)
            return self._timed(_no_such_token(), received_us)
        timeout_s = self._settings().collector.body_timeout_s
        headers = dict(request.scope["headers"])
        body = await read_body(headers, request.receive, DELIVERY_BYTES_MAX, timeout_s)
        if body is None:
            return Response(status_code=400)  # nobody is there to read it
        if isinstance(body, BodyProblem):
            await drain(request.receive)
            detail = f"a delivery is at most {DELIVERY_BYTES_MAX} bytes, sent in {timeout_s:g} s"
            return self._timed(_error(body.status, body.reason, detail), received_us)
        return self._timed(await self._take(body, location, received_us), received_us)

    async def _take(self, body: bytes, location: str, received_us: int) -> Response:
        """The answer, once the delivery is durable or refused."""
        try:
            delivery = _decoder.decode(body)
        except msgspec.DecodeError as error:
            return _error(400, "malformed", f"not a delivery: {error}")
        if problem := delivery_problem(delivery, location):
            return _error(400, "malformed", problem)
        try:
            await self._journal.write(replace(delivery, received_us=received_us))
        except OSError as error:
            log.error("a delivery from %s cannot be kept: %s", location, error)
            answer = _error(503, "unavailable", "try again later")
            answer.headers["retry-after"] = str(RETRY_AFTER_S)
            return answer
        return Response(
            msgspec.json.encode(Taken(len(delivery.records))), media_type="application/json"
        )

    def _location(self, request: Request) -> str | None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            location = location_of(token.strip(), self._settings().locations)
            if location is not None:
                return location
        self._turned_away += 1
        if self._turned_away.bit_count() == 1:  # at 1, 2, 4, 8 ...: told, not flooded
            log.warning(
                "a prober showed no token of [[locations]]; %d requests turned away",
                self._turned_away,
            )
        return None

    def _timed(self, answer: Response, received_us: int) -> Response:
        """With when the request came and the answer went, from which the other side takes how far
        its clock is off."""
        answer.headers[RECEIVED_HEADER] = str(received_us)
        answer.headers[SENT_HEADER] = str(self._clock_us())
        return answer


def _no_such_token() -> Response:
    answer = _error(
        401,
        "unknown_token",
        "this token is of no location; compare its SHA-256 with token_sha256 in [[locations]], and"
        " restart vigie serve after changing it",
    )
    answer.headers["www-authenticate"] = "Bearer"
    return answer


def _token_of_another(asked: str, location: str) -> Response:
    return _error(
        403, "wrong_location", f"this token is of location {location!r}, not of {asked[:64]!r}"
    )


def _error(status: int, reason: str, detail: str) -> Response:
    return JSONResponse({"error": {"reason": reason, "detail": detail}}, status)
