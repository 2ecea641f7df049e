"""HTTP/2 and proxies, spoken by httpcore over connections of our own: resolved, checked and timed
as everywhere else, and fresh for each request.

httpcore's interface has time-outs; ours is the one deadline over the check (hence the noqa).
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from probes.dial import Connected, connect, start_tls
from probes.failure import CheckFailedError, connection_failure
from probes.hop import Hop
from probes.outcome import Outcome
from probes.pipe import Pipe
from probes.resolver import Resolver
from probes.stopwatch import Phase
from probes.transport import host_and_port

_UNREACHED_BY_PROXY = ("502", "503", "504")
_CLOSED_EARLY = "Server disconnected"


class CoreTransport(httpx.AsyncBaseTransport):
    """As LeanTransport, in HTTP/2 where the server offers it, and through a proxy where one is
    given ("http://user:password@host:port").

    Through a proxy the address is the proxy's, and reaching the target is part of CONNECT.
    """

    def __init__(self, resolver: Resolver, *, http2: bool, proxy: str) -> None:
        self._resolver = resolver
        self._http2 = http2
        self._proxy = httpx.URL(proxy) if proxy else None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        hop: Hop = request.extensions["hop"]
        hop.start(*host_and_port(request.url))
        tunnelled = self._proxy is not None and request.url.scheme == "https"
        backend = _Backend(self._resolver, hop, proxied=self._proxy is not None)
        pool = httpcore.AsyncConnectionPool(
            ssl_context=hop.context,
            proxy=_proxy(self._proxy),
            http2=self._http2,
            retries=0,
            network_backend=backend,
        )
        try:
            with _failures_named(hop):
                response = await pool.handle_async_request(
                    httpcore.Request(
                        method=request.method,
                        url=httpcore.URL(
                            scheme=request.url.raw_scheme,
                            host=request.url.raw_host,
                            port=request.url.port,
                            target=request.url.raw_path,
                        ),
                        headers=request.headers.raw,
                        content=await request.aread(),
                        extensions={"trace": _Timing(hop, tunnelled=tunnelled)},
                    )
                )
        except BaseException:
            hop.watch.end()
            await _close(backend, pool)
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response, backend, pool, hop),
            extensions={"http_version": response.extensions.get("http_version", b"HTTP/1.1")},
        )


class _Timing:
    """Moves the stopwatch on as httpcore says what it does."""

    def __init__(self, hop: Hop, *, tunnelled: bool) -> None:
        self._hop = hop
        self._tunnelled = tunnelled

    async def __call__(self, name: str, info: dict[str, Any]) -> None:
        if self._tunnelled:
            # What is asked of the proxy belongs to CONNECT, until TLS with the target is up.
            self._tunnelled = not name.endswith("start_tls.complete")
        elif name.endswith("send_request_headers.started"):
            self._hop.watch.begin(Phase.WAIT)
        elif name.endswith("receive_response_headers.complete"):
            self._hop.watch.begin(Phase.TRANSFER)


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, resolver: Resolver, hop: Hop, *, proxied: bool) -> None:
        self._resolver = resolver
        self._hop = hop
        self._proxied = proxied
        self.stream: _Stream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        hop = self._hop
        if self._proxied and hop.guarded:
            raise CheckFailedError(
                Outcome.ADDRESS_FORBIDDEN, "a guarded monitor goes through no proxy"
            )
        try:
            found = await self._resolver.resolve(host, port, hop.watch, hop.family)
            addresses = hop.permitted(found)
            hop.watch.begin(Phase.CONNECT)
            connected = await connect(addresses, port, Pipe)
        except CheckFailedError as error:
            if not self._proxied:
                raise
            raise CheckFailedError(Outcome.PROXY_FAILED, f"proxy: {error.detail}") from None
        hop.address = connected.address
        self.stream = _Stream(connected, hop)
        return self.stream

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError("nothing is tried twice")


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, connected: Connected[Pipe], hop: Hop) -> None:
        self._connected = connected
        self._hop = hop

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        try:
            return await self._connected.exchange.read(max_bytes)
        except OSError as error:
            raise connection_failure(error, f"after {self._hop.progress()}") from None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if self._connected.transport.is_closing():
            raise CheckFailedError(
                Outcome.CONNECTION_RESET, f"the connection broke after {self._hop.progress()}"
            )
        self._connected.transport.write(buffer)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        self._hop.watch.begin(Phase.TLS)
        try:
            await start_tls(self._connected, ssl_context, server_hostname or self._hop.host)
        finally:
            self._hop.watch.end()
        self._hop.certificate = self._connected.certificate()
        return self

    async def aclose(self) -> None:
        self._connected.transport.abort()

    def get_extra_info(self, info: str) -> Any:
        return self._connected.transport.get_extra_info(info)


class _Body(httpx.AsyncByteStream):
    def __init__(
        self,
        response: httpcore.Response,
        backend: _Backend,
        pool: httpcore.AsyncConnectionPool,
        hop: Hop,
    ) -> None:
        self._response = response
        self._backend = backend
        self._pool = pool
        self._hop = hop

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _failures_named(self._hop):
            async for chunk in self._response.aiter_stream():
                yield chunk
        self._hop.watch.end()

    async def aclose(self) -> None:
        await _close(self._backend, self._pool)


async def _close(backend: _Backend, pool: httpcore.AsyncConnectionPool) -> None:
    """At once: nothing is left to say, and the deadline may have passed."""
    if backend.stream is not None:
        await backend.stream.aclose()
    with contextlib.suppress(Exception):
        await pool.aclose()


@contextlib.contextmanager
def _failures_named(hop: Hop) -> Iterator[None]:
    try:
        yield
    except httpcore.ProxyError as error:
        said = str(error)
        reached = not said.startswith(_UNREACHED_BY_PROXY)
        outcome = Outcome.PROXY_FAILED if reached else Outcome.CONNECT_UNREACHABLE
        raise CheckFailedError(outcome, f"the proxy answered {said.strip()}") from None
    except (httpcore.RemoteProtocolError, httpcore.LocalProtocolError) as error:
        closed = str(error).startswith(_CLOSED_EARLY)
        outcome = Outcome.CONNECTION_RESET if closed else Outcome.PROTOCOL_ERROR
        words = "the server closed the connection without an answer" if closed else str(error)
        raise CheckFailedError(outcome, words) from None
    except (httpcore.NetworkError, httpcore.ConnectionNotAvailable) as error:
        raise CheckFailedError(
            Outcome.CONNECTION_RESET, f"the connection broke after {hop.progress()}: {error}"
        ) from None


def _proxy(url: httpx.URL | None) -> httpcore.Proxy | None:
    if url is None:
        return None
    auth = (url.username, url.password) if url.username else None
    return httpcore.Proxy(str(url.copy_with(userinfo=b"")), auth=auth)
