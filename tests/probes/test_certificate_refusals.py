"""Certificates that do not verify, made by an authority of the tests' own."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import pytest

from probes.certificate import read_certificate
from probes.outcome import Outcome
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
async def trusting(checking: Checking, authority: Any) -> AsyncIterator[Check]:
    """Checks by a prober that trusts the tests' authority; names resolve to loopback."""

    def loopback(host: str, port: int, **_: object) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    async with checking(context=authority.client(), getaddrinfo=loopback) as check:
        yield check


async def test_a_good_certificate(
    trusting: Check, serve: Serve, answer: Answer, authority: Any
) -> None:
    tls = authority.server("IP:127.0.0.1", "DNS:shop.example")
    async with serve(answer(OK), tls) as url:
        by_address = await trusting(url, text="hello")
        by_name = await trusting(url.replace("127.0.0.1", "shop.example"), text="hello")
    for result in (by_address, by_name):
        assert (result.outcome, result.detail) == (Outcome.OK, "")
        assert result.tls_ms is not None
    assert by_address.dns_ms is None
    assert by_name.dns_ms is not None


async def test_expired(trusting: Check, serve: Serve, answer: Answer, authority: Any) -> None:
    tls = authority.server("IP:127.0.0.1", begin="20240101000000Z", end="20240331235900Z")
    async with serve(answer(OK), tls) as url:
        result = await trusting(url)
    assert result.outcome is Outcome.TLS_CERTIFICATE
    assert result.detail == "certificate expired on 2024-03-31 23:59 UTC"
    assert result.tls_ms is not None
    assert result.wait_ms is None


async def test_not_yet_valid(trusting: Check, serve: Serve, answer: Answer, authority: Any) -> None:
    tls = authority.server("IP:127.0.0.1", begin="20480101000000Z", end="20490101000000Z")
    async with serve(answer(OK), tls) as url:
        result = await trusting(url)
    assert result.outcome is Outcome.TLS_CERTIFICATE
    assert result.detail == "certificate is not valid before 2048-01-01 00:00 UTC"


async def test_for_another_name(
    trusting: Check, serve: Serve, answer: Answer, authority: Any
) -> None:
    async with serve(answer(OK), authority.server("DNS:other.example")) as url:
        result = await trusting(url.replace("127.0.0.1", "shop.example"))
    assert result.outcome is Outcome.TLS_CERTIFICATE
    assert "not valid for 'shop.example'" in result.detail


async def test_self_signed(trusting: Check, serve: Serve, answer: Answer, authority: Any) -> None:
    async with serve(answer(OK), authority.self_signed("IP:127.0.0.1")) as url:
        result = await trusting(url)
    assert result.outcome is Outcome.TLS_CERTIFICATE
    assert "self-signed" in result.detail


async def test_of_an_authority_nobody_knows(
    check: Check, serve: Serve, answer: Answer, authority: Any
) -> None:
    async with serve(answer(OK), authority.server("IP:127.0.0.1")) as url:
        result = await check(url)
    assert result.outcome is Outcome.TLS_CERTIFICATE
    assert "unable to get local issuer certificate" in result.detail


def test_a_certificate_is_read_from_the_bytes(authority: Any) -> None:
    authority.server(
        "DNS:A.example", "IP:127.0.0.1", begin="20240101000000Z", end="20500131000000Z"
    )
    pem = max(authority._folder.glob("*.crt"), key=lambda path: path.stat().st_mtime_ns)
    der = ssl.PEM_cert_to_DER_cert(pem.read_text())
    read = read_certificate(der)
    assert read.begins == datetime(2024, 1, 1, tzinfo=UTC)
    assert read.expires == datetime(2050, 1, 31, tzinfo=UTC)
    assert read.issuer == "Tests"
    assert read.names == ("a.example", "127.0.0.1")
    for cut in range(0, len(der), 40):
        with pytest.raises(ValueError, match=r"."):
            read_certificate(der[:cut])
