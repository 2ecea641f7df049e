"""The collector's short answers, as bare ASGI: an error in JSON, and who may read what."""

import msgspec
from starlette.types import Receive, Send

from rum.body import BodyProblem, drain
from rum.privacy import masked
from rum.records import Refusal

Headers = list[tuple[bytes, bytes]]

PREFLIGHT_MAX_AGE_S = 86_400

# Of a refusal, which says only what was wrong with the sender's own beacon: a script that cannot
# read that it was refused takes it for a fault of the network, and sends the same again.
READABLE_BY_ANYONE: Headers = [(b"vary", b"origin"), (b"access-control-allow-origin", b"*")]
READABLE_LATER: Headers = [
    *READABLE_BY_ANYONE,
    (b"access-control-expose-headers", b"retry-after"),
]
"""With the time to come back at."""


def readable_by(origin: str) -> Headers:
    """Lets pages of this origin read the answer, of none when it is ""; never with credentials."""
    if not origin:
        return [(b"vary", b"origin")]
    return [
        (b"vary", b"origin"),
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"retry-after"),
    ]


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


async def answer(
    send: Send, status: int, headers: Headers, body: bytes = b"", *, ended: bool = True
) -> None:
    """Send status, headers and body; not `ended`: an empty piece must follow."""
    if body:
        headers = [
            *headers,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
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
