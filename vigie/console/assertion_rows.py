"""Assertions as rows of a form: what, which, how compared, with what."""

from collections.abc import Mapping, Sequence
from typing import Final

from probes.assertions import OPS, Assertion

ROWS_MAX = 12
ROWS_BLANK = 2
"""Shown below those that are filled; there are more after each save or trial."""

KINDS: Final = {
    "status": "Status",
    "header": "Header",
    "body": "Body",
    "json": "JSON path",
    "latency": "Latency, ms",
    "certificate": "Certificate, days left",
    "size": "Body, bytes",
}
COMPARISONS: Final = {
    "equals": "is",
    "not_equals": "is not",
    "less": "is less than",
    "at_most": "is at most",
    "greater": "is more than",
    "at_least": "is at least",
    "contains": "contains",
    "not_contains": "does not contain",
    "matches": "matches",
    "not_matches": "does not match",
    "exists": "exists",
    "not_exists": "does not exist",
}
_PARTS: Final = ("kind", "name", "op", "value")

assert KINDS.keys() == OPS.keys()
assert COMPARISONS.keys() == {op for ops in OPS.values() for op in ops}


def assertion_texts(assertions: Sequence[Assertion]) -> dict[str, str]:
    """What stands in the fields of the rows."""
    return {
        f"assertions.{number}.{part}": getattr(assertion, part)
        for number, assertion in enumerate(assertions)
        for part in _PARTS
    }


def assertions_in(texts: Mapping[str, str]) -> tuple[Assertion, ...] | None:
    """The rows that were sent, without those of no kind; None when no row was sent at all."""
    sent = [row for row in range(ROWS_MAX) if f"assertions.{row}.kind" in texts]
    if not sent:
        return None
    rows = ([texts.get(f"assertions.{row}.{part}", "").strip() for part in _PARTS] for row in sent)
    return tuple(
        Assertion(kind=kind, name=name, op=op, value=value)
        for kind, name, op, value in rows
        if kind
    )


def rows_shown(texts: Mapping[str, str]) -> list[Assertion]:
    """Those of the form as it is to be shown again, and blank ones to fill in."""
    filled = assertions_in(texts) or ()
    blank = Assertion(kind="")
    return [*filled, *([blank] * min(ROWS_BLANK, ROWS_MAX - len(filled)))]
