"""Assertions: what holds, what does not, and the actual value where it does not."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from probes.assertions import DAY_US, Answer, Assertion, failing
from probes.monitor import Monitor, monitor_problems
from probes.outcome import Outcome, Verdict
from probes.patience import OutOfPatienceError, patience
from probes.result import CheckResult

Check = Callable[..., Awaitable[CheckResult]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Given = Callable[..., Any]

BODY = (
    '{"status": "ok", "count": 3, "ratio": 0.5, "ready": true, "none": null,'
    ' "tags": ["a", "b"], "items": [{"id": 1}, {"id": 2}], "version": "v12"}'
)
ANSWER = Answer(
    status=204,
    headers={"content-type": "application/json; charset=utf-8", "set-cookie": "id=secret"},
    body=BODY.encode(),
    charset="utf-8",
    body_bytes=len(BODY),
    phases_ms={"": 120.0, "dns": None, "connect": 3.0, "wait": 100.0},
    certificate_left_us=int(9.5 * DAY_US),
)


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        (("status", "", "equals", "200-299, 304"), ""),
        (("status", "", "equals", "200,201"), "status is 204, expected equals 200,201"),
        (("status", "", "not_equals", "200-299"), "status is 204, expected not equals 200-299"),
        (("status", "", "less", "300"), ""),
        (("header", "Content-Type", "contains", "json"), ""),
        (
            ("header", "Content-Type", "equals", "text/html"),
            "header Content-Type is 'application/json; charset=utf-8', expected equals text/html",
        ),
        (("header", "content-type", "matches", r"^application/\w+;"), ""),
        (("header", "X-None", "exists", ""), "header X-None is missing"),
        (("header", "X-None", "not_exists", ""), ""),
        (("header", "X-None", "not_contains", "x"), ""),
        (
            ("header", "Set-Cookie", "not_exists", ""),
            "header Set-Cookie is set, expected not exists",
        ),
        (("body", "", "contains", '"ok"'), ""),
        (("body", "", "matches", r'"version": "v\d+"'), ""),
        (
            ("body", "", "not_contains", "status"),
            f"body of {len(BODY)} bytes begins {BODY!r}, expected not contains status",
        ),
        (("body", "", "not_matches", "v[0-9]"), "expected not matches v[0-9]"),
        (("json", "$.status", "equals", "ok"), ""),
        (("json", "$.status", "equals", '"ok"'), ""),
        (("json", "$.status", "equals", "down"), "$.status is 'ok', expected equals down"),
        (("json", "$.count", "equals", "3"), ""),
        (("json", "$.count", "equals", "3.0"), ""),
        (("json", "$.ready", "equals", "true"), ""),
        (("json", "$.ready", "equals", "1"), "$.ready is true, expected equals 1"),
        (("json", "$.none", "equals", "null"), ""),
        (("json", "$.none", "exists", ""), ""),
        (("json", "$.tags", "equals", '["a", "b"]'), ""),
        (("json", "$.tags", "contains", "b"), ""),
        (("json", "$.tags", "not_contains", "b"), '$.tags is ["a","b"], expected not contains b'),
        (("json", "$.count", "greater", "2"), ""),
        (("json", "$.count", "at_most", "2"), "$.count is 3, expected at most 2"),
        (("json", "$.ready", "less", "5"), "$.ready is true, expected less 5"),
        (("json", "$.items[*].id", "less", "3"), ""),
        (("json", "$.items[*].id", "less", "2"), "$.items[*].id is 2, expected less 2"),
        (("json", "$.version", "matches", r"^v\d+$"), ""),
        (("json", "$.gone", "exists", ""), "$.gone is missing"),
        (("json", "$.gone", "not_exists", ""), ""),
        (("json", "$.gone", "equals", "x"), "$.gone is missing"),
        (("latency", "", "at_most", "120"), ""),
        (("latency", "", "less", "100"), "total took 120 ms, expected less 100 ms"),
        (("latency", "wait", "less", "50"), "wait took 100 ms, expected less 50 ms"),
        (("latency", "dns", "less", "1"), ""),
        (("certificate", "", "at_least", "9"), ""),
        (
            ("certificate", "", "at_least", "14"),
            "certificate has 9.5 days left, expected at least 14",
        ),
        (("size", "", "greater", "10"), ""),
        (("size", "", "equals", "0"), f"body has {len(BODY)} bytes, expected equals 0"),
    ],
)
def test_what_holds(assertion: tuple[str, str, str, str], said: str) -> None:
    kind, name, op, value = assertion
    asserted = Assertion(kind=kind, name=name, op=op, value=value)
    assert monitor_problems(Monitor(id="m", url="http://a.example", assertions=(asserted,))) == []
    found = failing((asserted,), ANSWER)
    if not said:
        assert found == []
    else:
        assert [each.words.endswith(said) for each in found] == [True]
        assert "secret" not in found[0].words


@pytest.mark.parametrize(
    ("assertion", "field"),
    [
        (("weather", "", "equals", "1"), "kind"),
        (("body", "", "exists", ""), "op"),
        (("latency", "", "equals", "1"), "op"),
        (("latency", "lunch", "less", "1"), "name"),
        (("size", "x", "less", "1"), "name"),
        (("header", "a b", "exists", ""), "name"),
        (("json", "$[", "exists", ""), "name"),
        (("body", "", "matches", "("), "value"),
        (("body", "", "contains", ""), "value"),
        (("status", "", "equals", "20"), "value"),
        (("size", "", "less", "many"), "value"),
        (("certificate", "", "at_least", "nan"), "value"),
    ],
)
def test_mistakes_in_them(assertion: tuple[str, str, str, str], field: str) -> None:
    kind, name, op, value = assertion
    asserted = Assertion(kind=kind, name=name, op=op, value=value)
    found = monitor_problems(Monitor(id="m", url="http://a.example", assertions=(asserted,)))
    assert [problem.field for problem in found] == [f"assertions.0.{field}"]


def test_a_body_that_is_no_json_says_so() -> None:
    answer = Answer(
        status=200,
        headers={},
        body=b"<html>",
        charset=None,
        body_bytes=6,
        phases_ms={},
        certificate_left_us=None,
    )
    asserted = (
        Assertion(kind="json", name="$.a", op="exists"),
        Assertion(kind="certificate", op="at_least", value="1"),
    )
    first, second = failing(asserted, answer)
    assert first.words.startswith("the body is no JSON: ")
    assert second.words == "no certificate was shown"
    assert second.outcome is Outcome.ASSERTION_FAILED


def test_a_pattern_that_would_take_for_ever_is_given_up() -> None:
    answer = Answer(
        status=200,
        headers={},
        body=b"a" * 5000,
        charset=None,
        body_bytes=5000,
        phases_ms={},
        certificate_left_us=None,
    )
    (found,) = failing((Assertion(kind="body", op="matches", value="(a+)+b"),), answer)
    assert found.words == "'(a+)+b' takes too long over this answer"


def test_patience_ends_with_what_it_was_for() -> None:
    def for_ever() -> None:
        with patience(0.01):
            while True:
                pass

    with pytest.raises(OutOfPatienceError):
        for_ever()
    with patience(0.01):
        pass
    assert sum(range(2_000_000)) > 0  # well over the limit: nothing interrupts it any more


@pytest.mark.anyio
async def test_a_failing_assertion_names_the_actual_value_and_keeps_the_bodys_beginning(
    check: Check, serve: Serve, answer: Given
) -> None:
    body = b'{"status": "down", "password": "hunter22", "x": "' + b"y" * 5000 + b'"}'
    sent = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    asserted = (
        Assertion(kind="json", name="$.status", value="ok"),
        Assertion(kind="size", op="less", value="100"),
    )
    async with serve(answer(sent)) as url:
        result = await check(url, assertions=asserted)
        good = await check(url, assertions=(Assertion(kind="json", name="$.status", value="down"),))
    assert result.outcome is Outcome.ASSERTION_FAILED
    assert result.detail == (
        f"$.status is 'down', expected equals ok; body has {len(body):,} bytes, expected less 100"
    )
    assert result.body_part.startswith('{"status": "down", "password": "***", "x": "yyy')
    assert len(result.body_part) <= 2_048
    assert good.outcome is Outcome.OK
    assert good.body_part == ""


@pytest.mark.anyio
async def test_slowness_is_degraded_unless_something_worse_is_wrong(
    check: Check, serve: Serve, answer: Given
) -> None:
    sent = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    slow = Assertion(kind="latency", name="wait", op="less", value="100")
    async with serve(answer(0.15, sent)) as url:
        degraded = await check(url, assertions=(slow,))
        bad = await check(
            url, assertions=(slow, Assertion(kind="body", op="contains", value="bye"))
        )
    assert degraded.outcome is Outcome.SLOW
    assert degraded.outcome.verdict is Verdict.DEGRADED
    took = re.fullmatch(r"wait took ([0-9,]+) ms, expected less 100 ms", degraded.detail)
    assert took
    assert int(took[1].replace(",", "")) >= 140
    assert bad.outcome is Outcome.ASSERTION_FAILED
    assert "wait took" in bad.detail
    assert "body of 5 bytes begins 'hello', expected contains bye" in bad.detail
