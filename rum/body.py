"""Reading a request's body within a size and a time, which the server underneath does not do."""

import asyncio

from msgspec import Struct
from starlette.types import Receive

from rum.records import Reason

DRAIN_BYTES_MAX = 1024 * 1024
DRAIN_TIMEOUT_S = 1.0


class BodyProblem(Struct, frozen=True):
    """Why a body was not read to its end, and the status of the answer."""

    status: int
    reason: Reason
    detail: str


async def read_body(
    headers: dict[bytes, bytes], receive: Receive, bytes_max: int, timeout_s: float
) -> bytes | BodyProblem | None:
    """The whole body; or what is wrong with it; or None when the client went away.

    Over `bytes_max` nothing more is read, and nothing at all where Content-Length says so before.
    `timeout_s` is for the whole body: a sender that trickles is no better than a silent one.
    """
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > bytes_max:
        return _too_large(bytes_max)
    try:
        async with asyncio.timeout(timeout_s):
            return await _read(receive, bytes_max)
    except TimeoutError:
        detail = f"the body did not arrive within {timeout_s:g} s"
        return BodyProblem(408, Reason.BODY_TOO_SLOW, detail)


async def _read(receive: Receive, bytes_max: int) -> bytes | BodyProblem | None:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > bytes_max:
            return _too_large(bytes_max)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def drain(receive: Receive) -> None:
    """Read on to the end, or for a little while, keeping nothing."""
    size = 0
    try:
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            while size < DRAIN_BYTES_MAX:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _too_large(bytes_max: int) -> BodyProblem:
    return BodyProblem(413, Reason.BODY_TOO_LARGE, f"a beacon is at most {bytes_max} bytes")
