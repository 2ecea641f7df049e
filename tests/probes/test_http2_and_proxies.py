"""HTTP/2 and proxies: the same outcomes and phases, over connections of our own."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

from probes.outcome import Outcome, Verdict
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Given = Callable[..., Any]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Http2:
    """Answers every request of a connection with what was asked, after a while."""

    def __init__(self, wait_s: float = 0.0, transfer_s: float = 0.0) -> None:
        self._wait_s = wait_s
        self._transfer_s = transfer_s
        self.asked: list[dict[bytes, bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        writer.write(state.data_to_send())
        while data := await reader.read(65_536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.asked.append(dict(event.headers or ()))
                    await asyncio.sleep(self._wait_s)
                    state.send_headers(event.stream_id, [(":status", "200"), ("x-is", "two")])
                    writer.write(state.data_to_send())
                    await asyncio.sleep(self._transfer_s)
                    state.send_data(event.stream_id, b"hello", end_stream=True)
            writer.write(state.data_to_send())
            await writer.drain()


class Proxy:
    """A proxy for http and https that notes what it was asked, and who asked."""

    def __init__(self, refusal: bytes = b"") -> None:
        self.heads: list[bytes] = []
        self._refusal = refusal

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        method, target = head.split(b" ")[:2]
        if self._refusal:
            writer.write(self._refusal)
            await writer.drain()
            return
        where = target if method == b"CONNECT" else target.split(b"/")[2]
        host, port = where.decode().rsplit(":", 1)
        there, out = await asyncio.open_connection("127.0.0.1", int(port))
        assert host.endswith("example")
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            out.write(head)
        await asyncio.gather(_copy(reader, out), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return  # one side hung up
    finally:
        writer.close()


@pytest.fixture
async def trusting(checking: Checking, authority: Any) -> AsyncIterator[Check]:
    def loopback(host: str, port: int, **_: object) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    options = {"context": authority.client(), "make_context": authority.client}
    async with checking(getaddrinfo=loopback, **options) as check:
        yield check


@pytest.fixture
def tls(authority: Any) -> ssl.SSLContext:
    context: ssl.SSLContext = authority.server("DNS:shop.example")
    return context


async def test_http2_where_the_server_offers_it(
    trusting: Check, serve: Serve, tls: ssl.SSLContext
) -> None:
    tls.set_alpn_protocols(["h2", "http/1.1"])
    server = Http2(wait_s=0.2, transfer_s=0.1)
    async with serve(server, tls) as url:
        named = url.replace("127.0.0.1", "shop.example")
        result = await trusting(f"{named}/a?b=c", http_version="2", text="hello")
    assert (result.outcome, result.detail) == (Outcome.OK, "")
    assert result.http_version == "HTTP/2"
    assert (result.status, result.body_bytes, result.address) == (200, 5, "127.0.0.1")
    assert server.asked[0][b":path"] == b"/a?b=c"
    for phase_ms, least in (
        (result.dns_ms, 0),
        (result.connect_ms, 0),
        (result.tls_ms, 0),
        (result.wait_ms, 200),
        (result.transfer_ms, 100),
    ):
        assert phase_ms is not None
        assert phase_ms >= least
    assert result.certificate_names == ("shop.example",)


async def test_http11_where_it_does_not(
    trusting: Check, serve: Serve, answer: Given, tls: ssl.SSLContext
) -> None:
    async with serve(answer(OK), tls) as url:
        named = url.replace("127.0.0.1", "shop.example")
        result = await trusting(named, http_version="2", text="hello")
    assert (result.outcome, result.http_version) == (Outcome.OK, "HTTP/1.1")


async def test_faults_have_the_same_names_over_httpcore(
    trusting: Check, serve: Serve, answer: Given, authority: Any
) -> None:
    async with serve(answer(b"")) as url:
        closed = await trusting(url, http_version="2")
    refused = await trusting(url, http_version="2")
    async with serve(answer(b"gibberish\r\n\r\n")) as url:
        garbled = await trusting(url, http_version="2")
    async with serve(answer(60.0)) as url:
        silent = await trusting(url, http_version="2", timeout_s=1.0)
    async with serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", 60.0)) as url:
        stuck = await trusting(url, http_version="2", timeout_s=1.0)
    async with serve(answer(OK), authority.self_signed("DNS:shop.example")) as url:
        named = url.replace("127.0.0.1", "shop.example")
        untrusted = await trusting(named, http_version="2")
    assert closed.outcome is Outcome.CONNECTION_RESET
    assert refused.outcome is Outcome.CONNECT_REFUSED
    assert garbled.outcome is Outcome.PROTOCOL_ERROR
    assert silent.outcome is Outcome.WAIT_TIMEOUT
    assert silent.detail == "no answer within 1 s"
    assert stuck.outcome is Outcome.TRANSFER_TIMEOUT
    assert untrusted.outcome is Outcome.TLS_CERTIFICATE
    assert "self-signed" in untrusted.certificate_problem
    assert untrusted.certificate_expires_us is not None


async def test_through_a_proxy(
    trusting: Check, serve: Serve, answer: Given, tls: ssl.SSLContext
) -> None:
    proxy = Proxy()
    async with (
        serve(proxy) as proxy_url,
        serve(answer(OK)) as plain,
        serve(answer(OK), tls) as secure,
    ):
        by = proxy_url.replace("http://", "http://ops:pr0xy-pass@")
        plain = plain.replace("127.0.0.1", "shop.example")
        secure = secure.replace("127.0.0.1", "shop.example")
        over_http = await trusting(f"{plain}/a", proxy=by, text="hello")
        over_tls = await trusting(f"{secure}/a", proxy=by, text="hello")
    assert (over_http.outcome, over_http.detail) == (Outcome.OK, "")
    assert (over_tls.outcome, over_tls.detail) == (Outcome.OK, "")
    forwarded, tunnelled = proxy.heads
    assert forwarded.startswith(f"GET {plain}/a HTTP/1.1".encode())
    assert tunnelled.startswith(b"CONNECT shop.example:")
    wanted = base64.b64encode(b"ops:pr0xy-pass")
    assert all(wanted in head for head in proxy.heads)
    assert over_tls.tls_ms is not None
    assert over_tls.wait_ms is not None
    assert over_tls.certificate_names == ("shop.example",)


async def test_a_proxy_that_fails_says_nothing_of_the_target(
    trusting: Check, serve: Serve, answer: Given
) -> None:
    async with serve(Proxy(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")) as url:
        unknown = await trusting("https://shop.example/", proxy=url)
    gone = await trusting("https://shop.example/", proxy=url)
    async with serve(Proxy(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")) as url:
        unreached = await trusting("https://shop.example/", proxy=url)
    assert unknown.outcome is Outcome.PROXY_FAILED
    assert unknown.outcome.verdict is Verdict.UNKNOWN
    assert unknown.detail == "the proxy answered 407 Who are you"
    assert gone.outcome is Outcome.PROXY_FAILED
    assert gone.detail.startswith("proxy: 127.0.0.1:")
    assert unreached.outcome is Outcome.CONNECT_UNREACHABLE
    assert unreached.outcome.verdict is Verdict.BAD
