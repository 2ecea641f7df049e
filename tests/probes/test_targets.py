"""Guarded monitors are led to the public internet only, whatever names and redirects say."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from probes.monitor import Monitor, monitor_problems
from probes.outcome import Outcome
from probes.request import Auth
from probes.result import CheckResult
from probes.targets import why_forbidden

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("169.254.169.254", "a metadata service"),
        ("100.100.100.200", "a metadata service"),
        ("fd00:ec2::254", "a metadata service"),
        ("::ffff:169.254.169.254", "a metadata service"),
        ("64:ff9b::a9fe:a9fe", "a metadata service"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:7f00:1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("::ffff:0:127.0.0.1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("64:ff9b::10.0.0.1", "private"),
        ("fc00::1", "private"),
        ("fdff::1", "private"),
        ("100.64.0.1", "of a carrier's inner network"),
        ("100.127.255.255", "of a carrier's inner network"),
        ("169.254.1.1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("198.18.0.1", "reserved"),
        ("64:ff9b:1::1", "reserved"),
        ("2001::1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("fec0::1", "reserved"),
        ("nonsense", "no address"),
    ],
)
def test_forbidden(address: str, what: str) -> None:
    assert why_forbidden(address) == what


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1"),
        *("172.15.255.255", "172.32.0.1", "192.167.0.1", "223.255.255.255"),
        *(
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::1.1.1.1",
            "::ffff:1.1.1.1",
            "2002:101:101::",
        ),
    ],
)
def test_public(address: str) -> None:
    assert why_forbidden(address) == ""


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]"])
async def test_a_guarded_monitor_never_connects_to_this_machine(
    host: str, check: Check, serve: Serve
) -> None:
    connected: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(b"")

    async with serve(handler) as url:
        result = await check(url.replace("127.0.0.1", host), guarded=True)
    assert result.outcome is Outcome.ADDRESS_FORBIDDEN
    assert "loopback: not to be probed" in result.detail
    assert result.connect_ms is None
    assert connected == []


@pytest.mark.anyio
async def test_every_hop_is_checked_and_the_address_checked_is_the_one_connected_to(
    checking: Checking, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public first hop is our own listener, let through by name for this test only."""
    asked: list[str] = []
    connections = 0

    def rebinding(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        address = "127.0.0.2" if asked.count(host) == 1 else "169.254.169.254"
        return [(0, 0, 0, "", (each, port)) for each in ("10.0.0.1", address)]

    async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /latest/meta-data\r\n\r\n")
        await writer.drain()

    def as_if_public(address: str) -> str:
        return "" if address == "127.0.0.2" else why_forbidden(address)

    monkeypatch.setattr("probes.targets.why_forbidden", as_if_public)
    async with (
        serve(moved, None, "127.0.0.2") as url,
        checking(getaddrinfo=rebinding) as check,
    ):
        result = await check(url.replace("127.0.0.2", "shop.example"), guarded=True)
    assert result.outcome is Outcome.ADDRESS_FORBIDDEN
    assert result.detail == (
        "after 1 redirect, at shop.example: 10.0.0.1 is private;"
        " 169.254.169.254 is a metadata service: not to be probed"
    )
    assert asked == ["shop.example", "shop.example"]
    assert connections == 1


@pytest.mark.anyio
async def test_a_redirect_to_a_metadata_address_is_refused_before_anything_is_sent(
    checking: Checking, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/token\r\n\r\n")
        await writer.drain()

    def as_if_public(address: str) -> str:
        return "" if address == "127.0.0.1" else why_forbidden(address)

    monkeypatch.setattr("probes.targets.why_forbidden", as_if_public)
    async with serve(moved) as url, checking() as check:
        for version in ("1.1", "2"):
            result = await check(url, guarded=True, http_version=version)
            assert result.outcome is Outcome.ADDRESS_FORBIDDEN
            assert "169.254.169.254 is a metadata service" in result.detail


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"proxy": "http://proxy.example:3128"}, "proxy"),
        ({"client_certificate": "/etc/ssl/private/own.pem"}, "client_certificate"),
        ({"auth": Auth(secret_file="/etc/shadow")}, "auth.secret_file"),
        ({"auth": Auth(secret_env="SMTP_PASSWORD")}, "auth.secret_env"),
    ],
)
def test_a_guarded_monitor_cannot_carry_our_own_things_out(
    fields: dict[str, Any], field: str
) -> None:
    open_to_all = Monitor(id="m", url="https://a.example", **fields)
    guarded = Monitor(id="m", url="https://a.example", guarded=True, **fields)
    assert monitor_problems(open_to_all) == []
    assert [problem.field for problem in monitor_problems(guarded)] == [field]
