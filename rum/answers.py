"""The collector's short answers, as bare ASGI: an error in JSON, and who may read what."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct
from starlette.types import Receive, Send

from rum.body import BodyProblem, drain
from rum.privacy import masked
from rum.records import Refusal

Header = tuple[bytes, bytes]
Headers = Sequence[Header]

PREFLIGHT_MAX_AGE_S = 86_400

# Of a refusal, which says only what was wrong with the sender's own beacon: a script that cannot
# read that it was refused takes it for a fault of the network, and sends the same again.
READABLE_BY_ANYONE: tuple[Header, ...] = (
    (b"vary", b"origin"),
    (b"access-control-allow-origin", b"*"),
)
READABLE_LATER: tuple[Header, ...] = (
    *READABLE_BY_ANYONE,
    (b"access-control-expose-headers", b"retry-after"),
)
"""With the time to come back at."""


class Answer(Struct, frozen=True, cache_hash=True):
    """An answer whole: `body` is JSON, or empty."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""


def readable_by(origin: str) -> tuple[Header, ...]:
    """Lets pages of this origin read the answer, of none when it is ""; never with credentials."""
    if not origin:
        return ((b"vary", b"origin"),)
    return (
        (b"vary", b"origin"),
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"retry-after"),
    )


@lru_cache(maxsize=256)
def accepted(origin: str) -> Answer:
    """To a beacon of a page of this origin that was taken."""
    return Answer(204, readable_by(origin))


def preflight(origin: str) -> Headers:
    """Of a preflight's answer to pages of this origin; of "", the origin of nobody's site."""
    if not origin:
        return readable_by("")
    return [
        *readable_by(origin),
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type, content-encoding"),
        (b"access-control-max-age", str(PREFLIGHT_MAX_AGE_S).encode()),
    ]


def error(reason: str, detail: str) -> bytes:
    return msgspec.json.encode({"error": {"reason": reason, "detail": detail}})


TRY_LATER = error("unavailable", "try again later")


def of_body(body: bytes) -> Headers:
    """The headers that say what an answer's body is; none when it is empty."""
    if not body:
        return ()
    return (
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    )


async def answer(
    send: Send, status: int, headers: Headers, body: bytes = b"", *, ended: bool = True
) -> None:
    """Send status, headers and body; not `ended`: an empty piece must follow."""
    said = [*headers, *of_body(body)]
    await send({"type": "http.response.start", "status": status, "headers": said})
    await send({"type": "http.response.body", "body": body, "more_body": not ended})


async def answer_early(
    send: Send, receive: Receive, status: int, headers: Headers, body: bytes
) -> None:
    """Send it before the request was read; then some of the rest is read and thrown away, because a
    connection closed on unread bytes is reset, and its answer lost with it."""
    await answer(send, status, headers, body, ended=False)
    await drain(receive)
    await send({"type": "http.response.body", "body": b""})


async def refuse_body(
    send: Send, receive: Receive, problem: BodyProblem, origin: str, now_us: int
) -> Refusal:
    """Answer a body that is not to be read on; the refusal to write down."""
    headers = [*READABLE_BY_ANYONE, (b"connection", b"close")]
    said = error(problem.reason, problem.detail)
    await answer_early(send, receive, problem.status, headers, said)
    return Refusal(
        received_us=now_us,
        reason=problem.reason,
        detail=problem.detail,
        origin=masked(origin[:200]),
    )
