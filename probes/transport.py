"""A lean HTTP/1.1 transport for httpx: a fresh connection a request, every phase timed.

httpx stays the client's face (requests, redirects, cookies, authentication). Its own pool is no
place for a prober: at 1,000 checks in flight of a target that answers in 1.0 s it reported a
median of 3.2 s.
"""

from collections.abc import AsyncIterator

import httpx

from probes.dial import Connected, connect, start_tls
from probes.exchange import Exchange
from probes.failure import CheckFailedError
from probes.hop import Hop
from probes.outcome import Outcome
from probes.resolver import Resolver
from probes.stopwatch import Phase

PORTS = {"http": 80, "https": 443}
PIECE_BYTES = 4096
"""Of the body at a time: deflate makes a thousand times as much of it at most, and a body is given
up before the next."""


class LeanTransport(httpx.AsyncBaseTransport):
    """Sends each request on a connection of its own, and closes it with the response.

    Every request carries its Hop in `extensions["hop"]`. Raises CheckFailedError for whatever
    goes wrong; sets no time limit, which is the caller's to hold over the whole.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        hop: Hop = request.extensions["hop"]
        hop.start(*host_and_port(request.url))
        wire = await _wire(request)
        connected = await self._open(hop, secure=request.url.scheme == "https")
        try:
            status, headers = await connected.exchange.ask(
                connected.transport, wire, hop.watch, head_only=request.method == "HEAD"
            )
            _refuse_encodings_in_each_other(headers)
        except BaseException:
            connected.transport.abort()
            raise
        version = b"HTTP/" + connected.exchange.http_version.encode("ascii")
        return httpx.Response(
            status,
            headers=headers,
            stream=_Body(connected),
            extensions={"http_version": version},
        )

    async def _open(self, hop: Hop, *, secure: bool) -> Connected[Exchange]:
        found = await self._resolver.resolve(hop.host, hop.port, hop.watch, hop.family)
        addresses = hop.permitted(found)
        hop.watch.begin(Phase.CONNECT)
        try:
            connected = await connect(addresses, hop.port, Exchange)
            hop.address = connected.address
            hop.exchange = connected.exchange
            if secure:
                if hop.context is None:
                    connected.transport.abort()
                    raise CheckFailedError(Outcome.INTERNAL_ERROR, "there is no context for TLS")
                hop.watch.begin(Phase.TLS)
                await start_tls(connected, hop.context, hop.host)
                hop.certificate = connected.certificate()
        finally:
            hop.watch.end()
        return connected


class _Body(httpx.AsyncByteStream):
    """The body as it comes in; closing it closes the connection, at once."""

    def __init__(self, connected: Connected[Exchange]) -> None:
        self._connected = connected

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._connected.exchange.chunk()) is not None:
            for start in range(0, len(chunk), PIECE_BYTES):
                yield chunk[start : start + PIECE_BYTES]

    async def aclose(self) -> None:
        # abort, not close: nothing is left to send, and over TLS close() would keep the socket
        # for as long as the peer takes to answer the goodbye.
        self._connected.transport.abort()


def host_and_port(url: httpx.URL) -> tuple[str, int]:
    """Where a URL leads. Raises CheckFailedError for one of another scheme, or of none."""
    if url.scheme not in PORTS or not url.host:
        raise CheckFailedError(
            Outcome.PROTOCOL_ERROR, f"{url.scheme}://{url.host} is neither an http nor https URL"
        )
    return url.raw_host.decode("ascii"), url.port or PORTS[url.scheme]


def _refuse_encodings_in_each_other(headers: list[tuple[bytes, bytes]]) -> None:
    """Two of them turn 800 bytes into 400 MB; no server means it."""
    encodings = [
        coding
        for name, value in headers
        if name.lower() == b"content-encoding"
        for coding in value.lower().replace(b" ", b"").split(b",")
        if coding not in (b"", b"identity")
    ]
    if len(encodings) > 1:
        raise CheckFailedError(
            Outcome.PROTOCOL_ERROR, f"the body is encoded {len(encodings)} times over"
        )


async def _wire(request: httpx.Request) -> bytes:
    """The bytes of the request as they go out."""
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    if any(b"\n" in line or b"\r" in line for line in lines):
        raise CheckFailedError(Outcome.INTERNAL_ERROR, "a request header holds a line break")
    return b"\r\n".join([*lines, b"", await request.aread()])
