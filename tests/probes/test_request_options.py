"""What a monitor asks with: query, bodies, who asks, redirects, the family of addresses."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from probes.monitor import Monitor
from probes.outcome import Outcome, Verdict
from probes.request import Auth
from probes.result import CheckResult, MonitorDefinition

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SECRET = 's3cr"et/päss wörd+'


class Echo:
    """Notes each request, and answers with all of it, as a careless debugging page does."""

    def __init__(self, status: bytes = b"200 OK") -> None:
        self.seen: list[tuple[bytes, bytes]] = []
        self._status = status

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"Content-Length" in line),
            0,
        )
        body = await reader.readexactly(length)
        self.seen.append((head, body))
        echoed = head + body
        writer.write(
            b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (self._status, len(echoed), echoed)
        )
        await writer.drain()


async def test_the_query_is_added_and_encoded(check: Check, serve: Serve) -> None:
    echo = Echo()
    async with serve(echo) as url:
        result = await check(f"{url}/find?a=1", query={"q": "é&b", "page": "2"})
    assert result.outcome is Outcome.OK
    assert echo.seen[0][0].startswith(b"GET /find?a=1&q=%C3%A9%26b&page=2 HTTP/1.1\r\n")


async def test_json_and_forms_say_what_they_are(check: Check, serve: Serve) -> None:
    echo = Echo()
    async with serve(echo) as url:
        await check(url, method="POST", body_json='{"a": "é"}')
        await check(url, method="POST", body_json="[1]", headers={"content-type": "text/x-json"})
        await check(url, method="POST", body_form={"a": "1 2", "b": "é"})
    (first, first_body), (second, _), (third, third_body) = echo.seen
    assert b"Content-Type: application/json\r\n" in first
    assert first_body == '{"a": "é"}'.encode()
    assert b"content-type: text/x-json\r\n" in second
    assert b"application/json" not in second
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in third
    assert third_body == b"a=1+2&b=%C3%A9"


@pytest.mark.parametrize("kind", ["basic", "bearer"])
@pytest.mark.parametrize("kept_in", ["env", "file"])
async def test_a_secret_is_sent_and_stands_nowhere(
    kind: str,
    kept_in: str,
    check: Check,
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = SECRET if kind == "basic" else "tok-3n/+=secret"
    monkeypatch.setenv("PROBE_SECRET", secret)
    (tmp_path / "secret").write_text(secret + "\n")
    where: dict[str, str] = (
        {"secret_env": "PROBE_SECRET"}
        if kept_in == "env"
        else {"secret_file": str(tmp_path / "secret")}
    )
    auth = Auth(kind=kind, username="ops" if kind == "basic" else "", **where)
    echo = Echo(b"500 Oops")
    async with serve(echo) as url:
        result = await check(url, auth=auth)
    sent = base64.b64encode(f"ops:{secret}".encode()).decode() if kind == "basic" else secret
    wanted = f"Authorization: {'Basic' if kind == 'basic' else 'Bearer'} {sent}\r\n"
    assert wanted.encode() in echo.seen[0][0]
    assert result.outcome is Outcome.WRONG_STATUS
    assert "Authorization: " in result.body_part
    definition = MonitorDefinition(
        monitor=Monitor(id="m", url="http://a.example", auth=auth), from_us=0, location="here"
    )
    for record in (result, definition):
        written = msgspec.msgpack.encode(record) + repr(record).encode()
        for form in (secret, sent):
            assert form.encode() not in written


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        (Auth(secret_env="VIGIE_NO_SUCH"), "the environment variable VIGIE_NO_SUCH is not set"),
        (Auth(secret_file="/no/such"), "the file /no/such cannot be read (No such file"),
        (Auth(secret_file="/dev/zero"), "the file /dev/zero is no file"),
        (Auth(secret_env="BROKEN"), "what the environment variable BROKEN holds cannot stand in"),
    ],
)
async def test_a_missing_secret_says_nothing_of_the_target(
    auth: Auth, words: str, check: Check, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "line\nbreak")
    echo = Echo()
    async with serve(echo) as url:
        result = await check(url, auth=auth)
    assert result.outcome is Outcome.SECRET_MISSING
    assert result.outcome.verdict is Verdict.UNKNOWN
    assert result.detail.startswith(words)
    assert "break" not in result.detail
    assert echo.seen == []


async def test_a_secret_does_not_follow_a_redirect_to_another_host(
    check: Check, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_SECRET", "tok-secret")
    echo = Echo()
    async with serve(echo) as elsewhere:

        async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}/x\r\n\r\n".encode())
            await writer.drain()

        async with serve(moved) as url:
            result = await check(url, auth=Auth(secret_env="PROBE_SECRET"))
    assert result.outcome is Outcome.OK
    assert b"Authorization" not in echo.seen[0][0]


async def test_redirects_refused(check: Check, serve: Serve, answer: Answer) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /login?next=secret\r\nContent-Length: 0\r\n\r\n"
    async with serve(answer(moved)) as url:
        refused = await check(url, redirects="refuse")
        wanted = await check(url, redirects="refuse", expected_status=("302",))
    assert refused.outcome is Outcome.REDIRECT_REFUSED
    assert refused.outcome.verdict is Verdict.BAD
    assert refused.detail == f"status 302 leads to {url}/login"
    assert refused.status == 302
    assert wanted.outcome is Outcome.OK


async def test_each_hop_is_timed_apart(check: Check, serve: Serve) -> None:
    async def chain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        if path.startswith(b"/first"):
            await asyncio.sleep(0.2)
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /second\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(OK)
        await writer.drain()

    async with serve(chain) as url:
        result = await check(f"{url}/first?key=secret")
        direct = await check(f"{url}/second")
    assert result.total_ms is not None
    assert [name for name, _ in result.hops] == [f"{url}/first", f"{url}/second"]
    first_ms, second_ms = (total_ms for _, total_ms in result.hops)
    assert first_ms >= 200
    assert first_ms + second_ms == pytest.approx(result.total_ms, abs=1.0)
    assert direct.hops == ()
    assert direct.http_version == "HTTP/1.1"


async def test_the_family_of_addresses(checking: Checking, serve: Serve, answer: Answer) -> None:
    def both(host: str, port: int, **_: object) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in ("::1", "127.0.0.1")]

    async with serve(answer(OK)) as url, checking(getaddrinfo=both) as check:
        named = url.replace("127.0.0.1", "both.example")
        four = await check(named, address_family="ipv4")
        six = await check(named, address_family="ipv6")
        literal = await check(url, address_family="ipv6")
    assert (four.outcome, four.address) == (Outcome.OK, "127.0.0.1")
    assert (six.outcome, six.address) == (Outcome.CONNECT_REFUSED, "::1")
    assert literal.outcome is Outcome.DNS_FAILURE
    assert literal.detail == "127.0.0.1 is no IPv6 address"


async def test_ipv6_only(check: Check, serve: Serve, answer: Answer) -> None:
    async with serve(answer(OK), None, "::1") as url:
        port = url.rsplit(":", 1)[1]
        result = await check(f"http://[::1]:{port}/", address_family="ipv6")
    assert (result.outcome, result.address) == (Outcome.OK, "::1")
