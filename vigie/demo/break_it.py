"""The demo's Break it control: ways its site can fail, for real, and their undoing."""

import asyncio
import socket
import struct
from enum import StrEnum

from msgspec import Struct
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONTROL_PATH = "/break-it"
SLOW_S = 3.0
_TRANSPORT = "demo_transport"
_WRONG_CONTENT = (
    b"<!doctype html><html lang=en><title>It works!</title><h1>It works!</h1>"
    b"<p>This server has been set up, but nobody has put a site on it yet.</p></html>"
)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """What is wrong with the demo site. One at a time."""

    NONE = "none"
    DOWN = "down"
    """Every connection is reset."""
    SLOW = "slow"
    """Every answer comes three seconds late."""
    CONTENT = "content"
    """Every page answers 200 with a page that is not the site's."""
    SIGN = "sign"
    """Step 2 of the mandate form throws an error and refuses novices; all else is well."""


class FaultInfo(Struct, frozen=True):
    """How a fault is called on the control, and what to look for in Vigie."""

    fault: Fault
    title: str
    state: str
    does: str
    look: str


FAULTS = (
    FaultInfo(
        Fault.DOWN,
        "Take it down",
        "down",
        "Every connection is reset, for people and probes alike.",
        "All monitors go down within seconds; an incident opens.",
    ),
    FaultInfo(
        Fault.SLOW,
        "Slow it down",
        "slow",
        "Every answer comes 3 seconds late.",
        "Listings is allowed 3.8 s and turns degraded; the others wait 1.8 s and go down.",
    ),
    FaultInfo(
        Fault.CONTENT,
        "Wrong content",
        "wrong content",
        "Every page answers 200, with a page that is not the site's.",
        "Monitors say wrong content: a status code alone would have said all is well.",
    ),
    FaultInfo(
        Fault.SIGN,
        "Break step 2 for novices",
        "step 2 refuses novices",
        "Property, step 2 of the mandate form, throws an error and refuses to go on. Novices only.",
        "Monitors stay up while errors rise and novices stop signing: sign in as a novice and try.",
    ),
)


class BreakIt:
    """The fault of the moment, and the middleware that brings it about. The control is exempt."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.fault = Fault.NONE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PATH):
            await self._app(scope, receive, send)
            return
        if self.fault is Fault.DOWN:
            await _reset(scope, receive)
            return
        if self.fault is Fault.CONTENT:
            await _answer_wrong_content(send)
            return
        if self.fault is Fault.SLOW:
            await asyncio.sleep(SLOW_S)
        await self._app(scope, receive, send)


class ResettableProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, with each request told its connection so that it can be reset."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][_TRANSPORT] = self.transport


async def _reset(scope: Scope, receive: Receive) -> None:
    """Close the connection with a TCP reset, without an answer."""
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
    message: Message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()


async def _answer_wrong_content(send: Send) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(_WRONG_CONTENT)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _WRONG_CONTENT})
