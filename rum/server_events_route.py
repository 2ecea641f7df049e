"""POST /events/v1: events from a site's own servers, who show a secret token.

A 200 means that every event it says is accepted is durable. No page of the web may read or send
here: a token in a browser is no secret, so there is no CORS at all.
"""

import hashlib
import hmac
import logging
import math
from collections.abc import Callable

import msgspec
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from rum.answers import answer, answer_early, error
from rum.body import BodyProblem, read_body
from rum.inflate import inflated
from rum.intake import DETAIL_CHARS_MAX, Intake, SiteRules
from rum.privacy import masked, masked_part
from rum.rate_limit import TokenBuckets
from rum.records import Reason, Refusal
from rum.refusals import RefusalWriter
from rum.server_events import (
    Malformed,
    RefusedEvent,
    TakenEvents,
    event_part,
    take_server_events,
)
from rum.sink import BatchSink
from rum.texts import cut

PATH = "/events/v1"
RETRY_AFTER_S = 5
RETRY_AFTER_MAX_S = 60

log = logging.getLogger("vigie.collector")


class Taken(msgspec.Struct, frozen=True):
    """The answer: of a 200, and of a 400 when not one event was accepted."""

    accepted: int
    refused: list[RefusedEvent]
    left_out: list[RefusedEvent]
    """Parts of accepted events."""


def server_events_route(
    intake: Intake, sink: BatchSink, refusals: RefusalWriter, clock_us: Callable[[], int]
) -> Route:
    return Route(PATH, ServerEventsRoute(intake, sink, refusals, clock_us))


class ServerEventsRoute:
    """A bare ASGI application, as the beacons' is."""

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
        self._requests = TokenBuckets(intake.limits.server_requests_per_s)
        self._by_token = {
            token: rules
            for rules in intake.sites.values()
            for token in rules.site.event_tokens_sha256
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await answer(send, 405, [(b"allow", b"POST")], error("method", "POST only"))
            return
        headers = dict(scope["headers"])
        rules = self._site_of(headers.get(b"authorization", b""))
        if rules is None:
            detail = "this token is of no site; see event_tokens_sha256 in [[sites]]"
            said = error(Reason.UNKNOWN_TOKEN, detail)
            self._refuse(Reason.UNKNOWN_TOKEN, "a token of no site", "")
            await answer_early(send, receive, 401, [(b"www-authenticate", b"Bearer")], said)
            return
        if wait_s := self._requests.wait_s(rules.site.id, self._clock_us()):
            await self._later(rules, wait_s, receive, send)
            return
        self._requests.take(rules.site.id, self._clock_us())
        body = await self._body(headers, receive)
        if body is None:
            return
        if isinstance(body, BodyProblem):
            self._refuse(body.reason, body.detail, rules.site.id)
            said = error(body.reason, body.detail)
            await answer_early(send, receive, body.status, [(b"connection", b"close")], said)
            return
        key = headers.get(b"idempotency-key", b"").decode("latin-1").strip()
        await self._take(rules, body, key, send)

    async def _later(self, rules: SiteRules, wait_s: float, receive: Receive, send: Send) -> None:
        """Too many for now; the same request may come again."""
        detail = "more requests of the site's servers than may come in the time"
        self._refuse(Reason.TOO_MANY_REQUESTS, detail, rules.site.id)
        after_s = min(RETRY_AFTER_MAX_S, max(1, math.ceil(wait_s)))
        headers = [(b"retry-after", str(after_s).encode())]
        said = error(Reason.TOO_MANY_REQUESTS, detail)
        await answer_early(send, receive, 429, headers, said)

    def _site_of(self, authorization: bytes) -> SiteRules | None:
        """The site whose token is shown. Takes as long whichever it is."""
        kind, _, token = authorization.partition(b" ")
        if kind.lower() != b"bearer":
            return None
        shown = hashlib.sha256(token.strip()).hexdigest()
        found = None
        for known, rules in self._by_token.items():
            if hmac.compare_digest(shown, known):
                found = rules
        return found

    async def _body(
        self, headers: dict[bytes, bytes], receive: Receive
    ) -> bytes | BodyProblem | None:
        limits = self._intake.limits
        body = await read_body(headers, receive, limits.body_bytes_max, limits.body_timeout_s)
        encoding = headers.get(b"content-encoding", b"")
        if isinstance(body, bytes) and encoding:
            return inflated(body, encoding, limits.inflated_bytes_max)
        return body

    async def _take(self, rules: SiteRules, body: bytes, key: str, send: Send) -> None:
        taken = take_server_events(
            rules, self._intake.limits, body, key, self._clock_us(), self._intake.erased
        )
        if isinstance(taken, Malformed):
            part = masked_part(body, self._intake.limits.part_chars_max)
            self._refuse(taken.reason, taken.detail, rules.site.id, part)
            await answer(send, 400, [], error(taken.reason, taken.detail))
            return
        for batch in taken.batches:
            try:
                await self._sink.write(batch)
            except OSError as problem:
                log.error("events from servers cannot be kept: %s", problem)
                headers = [(b"retry-after", str(RETRY_AFTER_S).encode())]
                await answer(send, 503, headers, error("unavailable", "try again later"))
                return
        for each in (*taken.refused, *taken.left_out):
            part = self._part(each, body)
            self._refuse(each.reason, f"event {each.event}: {each.detail}", rules.site.id, part)
        await answer(send, 200 if taken.accepted else 400, [], _said(taken))

    def _part(self, each: RefusedEvent, body: bytes) -> str:
        """What is shown of it: nothing of somebody erased."""
        if each.reason is Reason.ERASED:
            return ""
        return event_part(body, each.event, self._intake.limits.part_chars_max)

    def _refuse(self, reason: Reason, detail: str, site: str, part: str = "") -> None:
        """The detail names what was sent, so it is masked as the part is."""
        refusal = Refusal(
            received_us=self._clock_us(),
            reason=reason,
            site=site,
            detail=masked(cut(detail, DETAIL_CHARS_MAX)),
            part=part,
        )
        self._refusals.add([refusal])


def _said(taken: TakenEvents) -> bytes:
    return msgspec.json.encode(Taken(taken.accepted, taken.refused, taken.left_out))
