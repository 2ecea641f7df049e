"""What an answer must hold to be good, and what it held where it was not."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from probes.lookup import (
    LookupFailedError,
    decoded,
    json_values,
    path_problem,
    pattern_problem,
    search,
    text_of,
)
from probes.outcome import Outcome
from probes.problem import Problem
from probes.statuses import status_range, status_set
from probes.stopwatch import Phase

SHOWN_CHARACTERS_MAX = 200
CONCEALED_CHARACTERS_MAX = 8_192
VALUE_CHARACTERS_MAX = 1_000
DAY_US = 86_400_000_000

_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "less": operator.lt,
    "at_most": operator.le,
    "greater": operator.gt,
    "at_least": operator.ge,
}
_EQUAL = ("equals", "not_equals")
_TEXTS = ("contains", "not_contains", "matches", "not_matches")
_EXIST = ("exists", "not_exists")
OPS: dict[str, tuple[str, ...]] = {
    "status": (*_EQUAL, *_NUMBERS),
    "header": (*_EQUAL, *_TEXTS, *_EXIST),
    "body": (*_EQUAL, *_TEXTS),
    "json": (*_EQUAL, *_NUMBERS, *_TEXTS, *_EXIST),
    "latency": ("less", "at_most"),
    "certificate": ("greater", "at_least"),
    "size": (*_EQUAL, *_NUMBERS),
}
_NAMED = frozenset({"header", "json", "latency"})
_PHASES = frozenset({"", *(phase.value for phase in Phase)})
_UNSHOWN_HEADERS = frozenset({"set-cookie", "authorization", "x-auth-token", "x-api-key"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Assertion(Struct, frozen=True, kw_only=True):
    """One thing that must be true of an answer: what, which, how compared, with what.

    `kind` is "status", "header", "body", "json", "latency", "certificate" or "size". `name` is the
    header's name, the JSON path, or the phase of a latency ("" is the total); the other kinds have
    none. `value` is a text: a status as "200-299, 304", a latency in milliseconds, a certificate in
    days left, a size in bytes, a JSON value as JSON or as the plain text. Of several values at a
    JSON path all must hold.
    """

    kind: str
    name: str = ""
    op: str = "equals"
    value: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """What assertions look at. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    """Its first part, up to what is looked at; empty where nothing asks for it."""
    charset: str | None
    body_bytes: int
    phases_ms: Mapping[str, float | None]
    """By the name of the phase; "" is the total."""
    certificate_left_us: int | None
    conceal: Callable[[str], str] = str
    """Takes secrets out of the first part of a text, before it is shown."""


class Failing(Struct, frozen=True):
    """An assertion that does not hold: the outcome it gives, and the actual value in words."""

    outcome: Outcome
    words: str


def failing(assertions: Sequence[Assertion], answer: Answer) -> list[Failing]:
    """Those that do not hold, in their order."""
    found = []
    for assertion in assertions:
        try:
            words = _JUDGES[assertion.kind](assertion, answer)
            outcome = _OUTCOMES.get(assertion.kind, Outcome.ASSERTION_FAILED)
            if assertion.kind == "certificate" and answer.certificate_left_us is None:
                outcome = Outcome.ASSERTION_FAILED
        except LookupFailedError as error:
            words, outcome = str(error), Outcome.ASSERTION_FAILED
        if words:
            found.append(Failing(outcome, words))
    return found


def needs_body(assertions: Sequence[Assertion]) -> bool:
    return any(assertion.kind in ("body", "json") for assertion in assertions)


def assertion_problems(assertions: Sequence[Assertion], prefix: str) -> Iterator[Problem]:
    """What is wrong with assertions; `prefix` is where they stand, such as "assertions"."""
    for number, assertion in enumerate(assertions):
        for problem in _problems(assertion):
            yield Problem(f"{prefix}.{number}.{problem.field}", problem.what, problem.right)


def _problems(assertion: Assertion) -> Iterator[Problem]:
    kind, name, op, value = assertion.kind, assertion.name, assertion.op, assertion.value
    if kind not in OPS:
        yield Problem("kind", f"{kind!r} is nothing that can be asserted", "one of " + _list(OPS))
        return
    if op not in OPS[kind]:
        yield Problem("op", f"{op!r} does not go with {kind}", "one of " + _list(OPS[kind]))
        return
    if name and kind not in _NAMED:
        yield Problem("name", f"{kind} has no names", "leave it out")
    elif kind == "latency" and name not in _PHASES:
        yield Problem("name", f"{name!r} is no phase", "dns, connect, tls, wait, transfer or empty")
    elif kind == "header" and not _HEADER_NAME.fullmatch(name):
        yield Problem("name", f"{name!r} is no header name", "a name such as Content-Type")
    elif kind == "json" and (what := path_problem(name)):
        yield Problem("name", f"{name!r} {what}", "a path such as $.status")
    if len(value) > VALUE_CHARACTERS_MAX:
        yield Problem(
            "value", f"has {len(value):,} characters", f"at most {VALUE_CHARACTERS_MAX:,}"
        )
    elif op in ("matches", "not_matches") and (what := pattern_problem(value)):
        yield Problem("value", f"{value!r} {what}", "a pattern such as ^v[0-9]+")
    elif kind == "status" and op in _EQUAL:
        if any(status_range(item) is None for item in value.split(",")):
            yield Problem("value", f"{value!r} is no status", 'such as "200-299, 304"')
    elif (op in _NUMBERS or kind == "size") and _number(value) is None:
        yield Problem("value", f"{value!r} is no number", 'such as "100"')
    elif op in ("contains", "not_contains") and not value:
        yield Problem("value", "is empty", "the text to look for")


def _status(assertion: Assertion, answer: Answer) -> str:
    if assertion.op in _EQUAL:
        within = answer.status in status_set(tuple(assertion.value.split(",")))
        held = within == (assertion.op == "equals")
    else:
        held = _compares(assertion, answer.status)
    return "" if held else f"status is {answer.status}, {_wanted(assertion)}"


def _header(assertion: Assertion, answer: Answer) -> str:
    lowered = assertion.name.lower()
    value = answer.headers.get(lowered)
    if value is None:
        missing_is_right = assertion.op.startswith("not_")
        return "" if missing_is_right else f"header {assertion.name} is missing"
    if assertion.op == "exists" or _text_holds(assertion, value):
        return ""
    shown = "set" if lowered in _UNSHOWN_HEADERS else _shown(value, answer)
    return f"header {assertion.name} is {shown}, {_wanted(assertion)}"


def _body(assertion: Assertion, answer: Answer) -> str:
    text = decoded(answer.body, answer.charset)
    if _text_holds(assertion, text):
        return ""
    return (
        f"body of {answer.body_bytes:,} bytes begins {_shown(text, answer)}, {_wanted(assertion)}"
    )


def _json(assertion: Assertion, answer: Answer) -> str:
    values = json_values(assertion.name, answer.body)
    if not values:
        missing_is_right = assertion.op.startswith("not_")
        return "" if missing_is_right else f"{assertion.name} is missing"
    for value in values:
        if not _value_holds(assertion, value):
            return f"{assertion.name} is {_shown(value, answer)}, {_wanted(assertion)}"
    return ""


def _latency(assertion: Assertion, answer: Answer) -> str:
    actual = answer.phases_ms.get(assertion.name)
    if actual is None or _compares(assertion, actual):
        return ""
    return f"{assertion.name or 'total'} took {actual:,.0f} ms, {_wanted(assertion)} ms"


def _certificate(assertion: Assertion, answer: Answer) -> str:
    left_us = answer.certificate_left_us
    if left_us is None:
        return "no certificate was shown"
    days = left_us / DAY_US
    if _compares(assertion, days):
        return ""
    return f"certificate has {days:,.1f} days left, {_wanted(assertion)}"


def _size(assertion: Assertion, answer: Answer) -> str:
    wanted = _number(assertion.value)
    if assertion.op in _EQUAL:
        held = (answer.body_bytes == wanted) == (assertion.op == "equals")
    else:
        held = _compares(assertion, answer.body_bytes)
    return "" if held else f"body has {answer.body_bytes:,} bytes, {_wanted(assertion)}"


def _text_holds(assertion: Assertion, text: str) -> bool:
    op = assertion.op.removeprefix("not_")
    match op:
        case "equals":
            held = text == assertion.value
        case "contains":
            held = assertion.value in text
        case "matches":
            held = search(assertion.value, text) is not None
        case _:
            held = True
    return held != assertion.op.startswith("not_")


def _value_holds(assertion: Assertion, value: Any) -> bool:
    op = assertion.op.removeprefix("not_")
    if op in _NUMBERS:
        return _compares(assertion, value)
    if op == "equals":
        held = _equal(value, assertion.value)
    elif op == "contains" and isinstance(value, list):
        held = any(_equal(item, assertion.value) for item in value)
    elif op == "contains" and isinstance(value, dict):
        held = assertion.value in value
    else:
        return _text_holds(assertion, text_of(value))
    return held != assertion.op.startswith("not_")


def _equal(actual: Any, wanted: str) -> bool:
    if isinstance(actual, str) and actual == wanted:
        return True
    try:
        parsed = msgspec.json.decode(wanted)
    except (msgspec.DecodeError, RecursionError):
        return False
    return bool(isinstance(actual, bool) == isinstance(parsed, bool) and actual == parsed)


def _compares(assertion: Assertion, actual: Any) -> bool:
    wanted = _number(assertion.value)
    number = None if isinstance(actual, bool | list | dict | None) else _number(actual)
    return number is not None and wanted is not None and _NUMBERS[assertion.op](number, wanted)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number == number and abs(number) != float("inf") else None


def _wanted(assertion: Assertion) -> str:
    value = f" {assertion.value}" if assertion.op.split("_")[-1] != "exists" else ""
    return f"expected {assertion.op.replace('_', ' ')}{value}"


def _shown(value: Any, answer: Answer) -> str:
    text = answer.conceal(text_of(value)[:CONCEALED_CHARACTERS_MAX])
    text = "".join(each if each.isprintable() else " " for each in text[:SHOWN_CHARACTERS_MAX])
    cut = "…" if len(text) == SHOWN_CHARACTERS_MAX else ""
    return f"'{text}'{cut}" if isinstance(value, str) else text + cut


def _list(names: Any) -> str:
    return ", ".join(names)


_JUDGES: dict[str, Callable[[Assertion, Answer], str]] = {
    "status": _status,
    "header": _header,
    "body": _body,
    "json": _json,
    "latency": _latency,
    "certificate": _certificate,
    "size": _size,
}
_OUTCOMES = {"latency": Outcome.SLOW, "certificate": Outcome.CERTIFICATE_EXPIRING}
