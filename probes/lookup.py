"""Looking into an answer: regular expressions and JSON paths of a user's, over a bounded body."""

import re
from functools import lru_cache
from typing import Any

import jsonpath
import msgspec

from probes.patience import OutOfPatienceError, patience

PATTERN_CHARACTERS_MAX = 500
LOOKED_AT_BYTES_MAX = 1_048_576
"""Of a body; what comes after is not looked at."""


class LookupFailedError(Exception):
    """An answer that cannot be looked into; says why in plain words."""


def pattern_problem(pattern: str) -> str:
    """What is wrong with a regular expression; empty when nothing is."""
    if not pattern or len(pattern) > PATTERN_CHARACTERS_MAX:
        return f"has {len(pattern)} characters, where 1 to {PATTERN_CHARACTERS_MAX} can be"
    try:
        _pattern(pattern)
    except re.error as error:
        return f"is no regular expression: {error}"
    return ""


def path_problem(path: str) -> str:
    """What is wrong with a JSON path; empty when nothing is."""
    if not path or len(path) > PATTERN_CHARACTERS_MAX:
        return f"has {len(path)} characters, where 1 to {PATTERN_CHARACTERS_MAX} can be"
    try:
        _path(path)
    except jsonpath.JSONPathError as error:
        return f"is no JSON path: {str(error).splitlines()[0]}"
    return ""


def search(pattern: str, text: str) -> re.Match[str] | None:
    """The first match. Raises LookupFailedError when looking takes too long."""
    try:
        with patience():
            return _pattern(pattern).search(text)
    except OutOfPatienceError:
        raise LookupFailedError(f"{pattern!r} takes too long over this answer") from None


def json_values(path: str, body: bytes) -> list[Any]:
    """The values at a JSON path, in the body's order. Raises LookupFailedError for a body that is
    no JSON, is cut short, or takes too long."""
    if len(body) >= LOOKED_AT_BYTES_MAX:
        raise LookupFailedError(
            f"the body is over {LOOKED_AT_BYTES_MAX:,} bytes, too long for JSON"
        )
    try:
        with patience():
            return list(_path(path).findall(msgspec.json.decode(body)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LookupFailedError(f"the body is no JSON: {error}") from None
    except jsonpath.JSONPathError as error:
        raise LookupFailedError(f"{path} cannot be followed: {error}") from None
    except OutOfPatienceError:
        raise LookupFailedError(f"{path} takes too long over this answer") from None


def text_of(value: Any) -> str:
    """A JSON value as a text: texts as they are, the rest as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def decoded(body: bytes, charset: str | None) -> str:
    """A body as text, in its own encoding where that is known, else UTF-8."""
    try:
        return body.decode(charset or "utf-8", "replace")
    except (LookupError, UnicodeError):
        return body.decode("utf-8", "replace")


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=1024)
def _path(path: str) -> Any:
    return jsonpath.compile(path)
