"""What a certificate says is in every result over TLS, also when it was refused."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from probes.assertions import Assertion
from probes.certificate import certificate_warning
from probes.outcome import Outcome, Verdict
from probes.result import CheckResult

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Given = Callable[..., Any]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
NOW = datetime(2026, 5, 1, tzinfo=UTC)
END = "20300102030405Z"
END_US = round(datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp() * 1e6)


@pytest.mark.parametrize(
    ("left", "warning"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30, seconds=1), None),
        (timedelta(days=30), 30),
        (timedelta(days=14, seconds=1), 30),
        (timedelta(days=14), 14),
        (timedelta(days=7), 7),
        (timedelta(days=2), 7),
        (timedelta(days=1), 1),
        (timedelta(seconds=1), 1),
        (timedelta(0), 0),
        (timedelta(days=-3), 0),
    ],
)
def test_warnings_come_at_30_14_7_and_1_days(left: timedelta, warning: int | None) -> None:
    assert certificate_warning(NOW + left, NOW) == warning


@pytest.mark.anyio
async def test_a_good_one(checking: Checking, serve: Serve, answer: Given, authority: Any) -> None:
    tls = authority.server("IP:127.0.0.1", "DNS:shop.example", end=END)
    async with serve(answer(OK), tls) as url, checking(context=authority.client()) as check:
        result = await check(url)
    assert result.outcome is Outcome.OK
    assert result.certificate_expires_us == END_US
    assert result.certificate_issuer == "Tests"
    assert result.certificate_names == ("shop.example", "127.0.0.1")
    assert result.certificate_problem == ""


@pytest.mark.anyio
async def test_plain_http_has_none(check: Check, serve: Serve, answer: Given) -> None:
    async with serve(answer(OK)) as url:
        result = await check(url)
    assert result.certificate_expires_us is None
    assert (result.certificate_issuer, result.certificate_names) == ("", ())


@pytest.mark.anyio
async def test_one_that_was_refused(
    check: Check, serve: Serve, answer: Given, authority: Any
) -> None:
    async with serve(answer(OK), authority.server("IP:127.0.0.1", end=END)) as url:
        result = await check(url)
    assert result.outcome is Outcome.TLS_CERTIFICATE
    assert result.certificate_expires_us == END_US
    assert result.certificate_issuer == "Tests"
    assert "unable to get local issuer certificate" in result.certificate_problem


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("names", "end", "problem"),
    [
        ("IP:127.0.0.1", "20240331235900Z", "certificate expired on 2024-03-31 23:59 UTC"),
        ("DNS:other.example", END, "certificate is not valid for '127.0.0.1'"),
        ("IP:127.0.0.1", END, ""),
    ],
)
async def test_without_verification_it_is_taken_and_its_problem_recorded(
    names: str, end: str, problem: str, check: Check, serve: Serve, answer: Given, authority: Any
) -> None:
    async with serve(answer(OK), authority.server(names, end=end)) as url:
        result = await check(url, verify_tls=False)
    assert result.outcome is Outcome.OK
    assert result.certificate_problem == problem


@pytest.mark.anyio
async def test_one_that_ends_soon_is_degraded_where_that_is_asserted(
    checking: Checking, serve: Serve, answer: Given, authority: Any
) -> None:
    soon = datetime.now(UTC) + timedelta(days=5, hours=1)
    tls = authority.server("IP:127.0.0.1", end=f"{soon:%Y%m%d%H%M%SZ}")
    asserted = (Assertion(kind="certificate", op="at_least", value="14"),)
    async with serve(answer(OK), tls) as url, checking(context=authority.client()) as check:
        result = await check(url, assertions=asserted)
        plain = await check(url)
    assert result.outcome is Outcome.CERTIFICATE_EXPIRING
    assert result.outcome.verdict is Verdict.DEGRADED
    assert result.detail == "certificate has 5.0 days left, expected at least 14"
    assert plain.outcome is Outcome.OK


@pytest.mark.anyio
async def test_a_client_certificate_is_shown_to_those_who_ask(
    checking: Checking, serve: Serve, answer: Given, authority: Any, tmp_path: Any
) -> None:
    tls = authority.server("IP:127.0.0.1", "DNS:client.example")
    tls.verify_mode = 2  # ssl.CERT_REQUIRED
    tls.load_verify_locations(authority._path("ca", "pem"))
    stem = max(authority._folder.glob("*.crt"), key=lambda path: path.stat().st_mtime_ns)
    options = {"context": authority.client(), "make_context": authority.client}
    async with serve(answer(OK), tls) as url, checking(**options) as check:
        shown = await check(
            url, client_certificate=str(stem), client_key=str(stem.with_suffix(".key"))
        )
        hidden = await check(url)
        absent = await check(url, client_certificate=str(tmp_path / "gone.pem"))
    assert (shown.outcome, shown.detail) == (Outcome.OK, "")
    assert hidden.outcome in (Outcome.TLS_FAILURE, Outcome.CONNECTION_RESET)
    assert absent.outcome is Outcome.INTERNAL_ERROR
    assert "gone.pem cannot be used" in absent.detail
