"""Checks of several steps: cookies, variables, times, and the name of the step that failed."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from probes.assertions import Assertion
from probes.monitor import Monitor, monitor_problems
from probes.outcome import Outcome
from probes.request import Extraction, RequestStep
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Serve = Callable[..., AbstractAsyncContextManager[str]]

TOKEN = 'tok"en-1234567890'


class Shop:
    """Signs people in with a token and a cookie, and sells to those who bring both."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, bytes]] = []
        self.slow_s = 0.0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = {
            line.split(b": ")[0].lower(): line.split(b": ")[1]
            for line in head.split(b"\r\n")[1:]
            if b": " in line
        }
        body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
        path = head.split(b" ")[1].decode()
        self.asked.append((path, fields.get(b"cookie", b""), body))
        writer.write(self._answer(path, fields, body))
        await writer.drain()

    def _answer(self, path: str, fields: dict[bytes, bytes], body: bytes) -> bytes:
        extra = b""
        if path == "/sign-in":
            extra = b"Set-Cookie: sid=42; Path=/\r\nX-Basket: /baskets/7\r\n"
            said = json.dumps({"token": TOKEN, "user": {"id": 9}}).encode()
        elif path == "/page":
            said = b'<form><input name="csrf" value="c5rf-value">'
        elif fields.get(b"cookie") != b"sid=42":
            return b"HTTP/1.1 403 No\r\nContent-Length: 7\r\n\r\nsid=no!"
        else:
            said = b"bought " + body
        return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (extra, len(said), said)


def steps_of(url: str, **last: Any) -> tuple[RequestStep, ...]:
    return (
        RequestStep(
            name="sign in",
            url=f"{url}/sign-in",
            extract=(
                Extraction(name="token", path="$.token"),
                Extraction(name="user", path="$.user.id"),
                Extraction(name="basket", kind="header", path="X-Basket"),
            ),
        ),
        RequestStep(
            url=f"{url}/page",
            extract=(Extraction(name="csrf", kind="regex", path=r'name="csrf" value="([^"]+)"'),),
        ),
        RequestStep(
            **{
                "name": "buy",
                "url": f"{url}{{{{basket}}}}/items",
                "method": "POST",
                "query": {"user": "{{ user }}"},
                "body_json": '{"token": "{{token}}", "csrf": "{{csrf}}"}',
                "assertions": (Assertion(kind="body", op="contains", value="bought"),),
                **last,
            }
        ),
    )


async def test_cookies_and_variables_go_from_step_to_step(check: Check, serve: Serve) -> None:
    shop = Shop()
    async with serve(shop) as url:
        assert monitor_problems(Monitor(id="m", steps=steps_of(url))) == []
        result = await check("", steps=steps_of(url))
    assert (result.outcome, result.detail, result.failed_step) == (Outcome.OK, "", "")
    path, cookie, body = shop.asked[-1]
    assert path == "/baskets/7/items?user=9"
    assert cookie == b"sid=42"
    assert json.loads(body) == {"token": TOKEN, "csrf": "c5rf-value"}
    assert [name for name, _ in result.hops] == ["sign in", "step 2", "buy"]
    assert result.total_ms is not None
    assert sum(ms for _, ms in result.hops) == pytest.approx(result.total_ms, abs=2.0)


async def test_the_step_that_fails_is_named_and_ends_the_check(check: Check, serve: Serve) -> None:
    shop = Shop()
    async with serve(shop) as url:
        first, second, last = steps_of(url)
        anonymous = (second, RequestStep(name="buy", url=f"{url}/baskets/7"), first, last)
        result = await check("", steps=anonymous)
    assert result.outcome is Outcome.WRONG_STATUS
    assert result.failed_step == "buy"
    assert result.detail == "buy: status 403, expected 200-299"
    assert result.body_part == "sid=no!"
    assert len(shop.asked) == 2


async def test_a_failing_assertion_shows_no_value_that_was_extracted(
    check: Check, serve: Serve
) -> None:
    asserted = (Assertion(kind="body", op="contains", value="sold out"),)
    async with serve(Shop()) as url:
        result = await check("", steps=steps_of(url, assertions=asserted))
    assert result.outcome is Outcome.ASSERTION_FAILED
    assert result.failed_step == "buy"
    assert "expected contains sold out" in result.detail
    for text in (result.detail, result.body_part):
        assert "1234567890" not in text
        assert "c5rf-value" not in text
    assert "{{csrf}}" in result.body_part


@pytest.mark.parametrize(
    ("extraction", "why"),
    [
        (Extraction(name="x", path="$.gone"), "there is nothing at $.gone"),
        (Extraction(name="x", kind="header", path="X-Gone"), "there is nothing at X-Gone"),
        (Extraction(name="x", kind="regex", path="go(n)e"), "there is nothing at go(n)e"),
    ],
)
async def test_what_cannot_be_extracted_fails_its_step(
    extraction: Extraction, why: str, check: Check, serve: Serve
) -> None:
    async with serve(Shop()) as url:
        steps = (
            RequestStep(name="sign in", url=f"{url}/sign-in", extract=(extraction,)),
            RequestStep(url=f"{url}/page"),
        )
        result = await check("", steps=steps)
    assert result.outcome is Outcome.ASSERTION_FAILED
    assert result.detail == f"sign in: 'x' could not be extracted: {why}"


async def test_one_deadline_is_over_all_steps(check: Check, serve: Serve) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(1.0)
        writer.write(b"HTTP/1.1 204 None\r\n\r\n")
        await writer.drain()

    async with serve(slow) as url:
        steps = tuple(RequestStep(name=f"number {n}", url=url) for n in range(1, 6))
        result = await check("", steps=steps, timeout_s=2.5)
    assert result.outcome is Outcome.WAIT_TIMEOUT
    assert result.failed_step in ("number 2", "number 3")
    assert result.detail == f"{result.failed_step}: no answer within 2.5 s"


async def test_a_slow_step_is_degraded_and_the_check_goes_on(check: Check, serve: Serve) -> None:
    shop = Shop()
    asserted = (Assertion(kind="latency", op="less", value="0.0001"),)
    async with serve(shop) as url:
        steps = (
            RequestStep(name="page", url=f"{url}/page", assertions=asserted),
            RequestStep(name="sign in", url=f"{url}/sign-in"),
        )
        result = await check("", steps=steps)
    assert result.outcome is Outcome.SLOW
    assert result.failed_step == "page"
    assert result.detail.startswith("page: total took")
    assert len(shop.asked) == 2


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ((RequestStep(url="http://a.example/{{x}}"),), "steps.0"),
        ((RequestStep(url="nowhere"),), "steps.0.url"),
        ((RequestStep(url="http://a.example", body_json="{"),), "steps.0.body_json"),
        (
            (RequestStep(url="http://a.example", extract=(Extraction(name="1", path="$.a"),)),),
            "steps.0.extract.0.name",
        ),
        (
            (RequestStep(url="http://a.example", extract=(Extraction(name="a", path="$["),)),),
            "steps.0.extract.0.path",
        ),
        (tuple(RequestStep(name="a", url="http://a.example") for _ in "12"), "steps.1.name"),
        (tuple(RequestStep(url="http://a.example") for _ in range(21)), "steps"),
    ],
)
def test_mistakes_in_steps(steps: tuple[RequestStep, ...], field: str) -> None:
    assert [each.field for each in monitor_problems(Monitor(id="m", steps=steps))] == [field]


def test_a_monitor_has_steps_or_a_request_of_its_own() -> None:
    steps = (RequestStep(url="http://a.example"),)
    found = monitor_problems(Monitor(id="m", url="http://a.example", text="x", steps=steps))
    assert [each.field for each in found] == ["url", "text"]
