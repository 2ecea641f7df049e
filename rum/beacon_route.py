"""POST /rum/v1/beacon: nearly all the traffic there is, so without a task each where that can be.

As a bare ASGI application it takes any beacon; as a quick route (see server.py) those that came
whole. What is judged, kept and answered is the same.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import asdict
from starlette.types import Receive, Scope, Send

from rum.answers import (
    READABLE_BY_ANYONE,
    READABLE_LATER,
    TRY_LATER,
    Answer,
    Headers,
    accepted,
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
from rum.metrics_text import Kind, Metric, by_label, counter
from rum.records import Reason
from rum.refusals import RefusalWriter
from rum.sink import BatchSink

BEACON_PATH = "/rum/v1/beacon"
RETRY_AFTER_S = 5

_COUNTED = {
    "batches": "Beacons accepted and on disk.",
    "events": "Events accepted and on disk, of beacons.",
    "unavailable": "Beacons answered 503, because they could not be made durable.",
    "disconnected": "Senders that went away amid their beacon.",
    "untrusted_proxy": "Requests with X-Forwarded-For from outside trusted_proxies.",
}

log = logging.getLogger("vigie.collector")


class Sender(Struct, frozen=True):
    """What a request's headers, and the address of its connection's other end, say of who sent it:
    the same of many requests."""

    origin: str
    same_origin: bool
    user_agent: str
    address: str
    """The client's; see rum.intake.BeaconRequest."""
    peer: str
    believed: bool
    """Not where X-Forwarded-For came from outside trusted_proxies."""


class BeaconRoute:
    """Takes beacons, and counts what became of them."""

    path = BEACON_PATH

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
            await self._post(scope, headers, origin, receive, send)

    def sender(self, headers: Headers, peer: str) -> Sender | None:
        """See QuickRoute. None for one that sends compressed."""
        if any(name == b"content-encoding" for name, _ in headers):
            return None
        return self._sender(headers, peer)

    def begin(self, sender: Sender, body: bytes, respond: Callable[[Answer], None]) -> bool:
        """Judge a POST whose body came whole; `respond` is called once, now or when it is durable.

        False, and nothing else, for what needs more than that: it is to come as any request.
        """
        if len(body) > self._intake.limits.body_bytes_max:
            return False
        self._take(sender, body, respond)
        return True

    def client(self, scope: Scope) -> str:
        """The client's address, as far as it is known."""
        sender = self._sender_of(scope)
        self._look_at_proxy(sender)
        return sender.address

    def _sender_of(self, scope: Scope) -> Sender:
        return self._sender(scope["headers"], scope["client"][0] if scope.get("client") else "")

    def _sender(self, headers: Headers, peer: str) -> Sender:
        last = dict(headers)
        said = [value for name, value in headers if name == b"x-forwarded-for"]
        return Sender(
            origin=last.get(b"origin", b"").decode("latin-1"),
            same_origin=last.get(b"sec-fetch-site") == b"same-origin",
            user_agent=last.get(b"user-agent", b"").decode("latin-1"),
            address=self._proxies.client(peer, b",".join(said).decode("latin-1")),
            peer=peer,
            believed=not said or self._proxies.trusts(peer),
        )

    def _look_at_proxy(self, sender: Sender) -> None:
        if sender.believed:
            return
        self._counts["untrusted_proxy"] += 1
        if self._counts["untrusted_proxy"].bit_count() == 1:  # at 1, 2, 4, 8 ...
            log.warning(
                "%d requests with X-Forwarded-For came from outside trusted_proxies, last from"
                " %s; a proxy of yours that is not listed is limited as one client",
                self._counts["untrusted_proxy"],
                cut_address(sender.peer) or "an unknown address",
            )

    async def _post(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        origin: str,
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
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def respond(said: Answer) -> None:
            if not answered.done():  # its task was cancelled meanwhile
                answered.set_result(said)

        self._take(self._sender_of(scope), body, respond)
        said = await answered
        await answer(send, said.status, said.headers, said.body)

    def _take(self, sender: Sender, body: bytes, respond: Callable[[Answer], None]) -> None:
        self._look_at_proxy(sender)
        origin = sender.origin
        request = BeaconRequest(body, origin, sender.same_origin, sender.user_agent, sender.address)
        try:
            taken = self._intake.take(request, self._clock_us())
        except OSError as problem:
            respond(self._unavailable(problem, origin))
            return
        if isinstance(taken, Rejected):
            respond(self._rejected(taken))
            return
        batch, refusals = taken.batch, taken.refusals
        events = 0 if batch is None else len(batch.events)

        def kept(problem: OSError | None) -> None:  # the batch is not held until then
            if problem is not None:
                respond(self._unavailable(problem, origin))
                return
            if events:
                self._counts["batches"] += 1
                self._counts["events"] += events
            if refusals:
                self._refusals.add(refusals)
            respond(accepted(origin))

        if batch is None:
            kept(None)
        else:
            self._sink.submit(batch, kept)

    def _rejected(self, taken: Rejected) -> Answer:
        self._refusals.add([taken.refusal])
        headers = READABLE_BY_ANYONE
        if taken.retry_after_s:
            headers = (*READABLE_LATER, (b"retry-after", str(taken.retry_after_s).encode()))
        return Answer(taken.status, headers, error(taken.reason, taken.detail))

    def _unavailable(self, problem: OSError, origin: str) -> Answer:
        self._counts["unavailable"] += 1
        if self._counts["unavailable"].bit_count() == 1:  # at 1, 2, 4, 8 ...: told, not flooded
            log.error(
                "beacons cannot be kept (%s); %d answered 503", problem, self._counts["unavailable"]
            )
        headers = (*self._cross_origin(origin), (b"retry-after", str(RETRY_AFTER_S).encode()))
        return Answer(503, headers, TRY_LATER)

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
