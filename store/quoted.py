"""Ids in texts: those of erased sessions and users, found wherever they stand and masked. Pure.

Somebody else's event may quote one: in an attribute, an address, a stack. A mask is as long as what
it hides, so that records of the journal keep their length.
"""

import re
from collections.abc import Callable, Iterable, Iterator

ID_CHARS = 32
MASK = "x"

# As rum/erased.py searches for them, in either case: a dashed id, or one amid a run of digits.
_DASHED = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
RUNS = rf"(?i)[0-9a-f]{{{ID_CHARS},}}|{_DASHED}"
"""What may hold an id, for Python's `re` and for DuckDB alike."""
_RUNS = re.compile(RUNS)
_DIGIT = re.compile("[0-9a-fA-F]")

IsErased = Callable[[str], bool]
"""Whether an id, 32 lower-case hex digits, is one that was erased."""


def masked(text: str, is_erased: IsErased) -> str:
    """The text with each erased id's digits replaced, its dashes left; as long as it was."""
    return _RUNS.sub(lambda match: _masked_run(match[0], is_erased), text)


def masked_bytes(data: bytes, is_erased: IsErased) -> bytes:
    """The same of bytes in which texts stand as UTF-8: ids are ASCII."""
    return masked(data.decode("latin-1"), is_erased).encode("latin-1")


def any_of(ids: Iterable[str]) -> IsErased:
    return frozenset(ids).__contains__


def _masked_run(run: str, is_erased: IsErased) -> str:
    found = run
    for start, id_ in _windows(run):
        if is_erased(id_):
            end = len(run) if "-" in run else start + ID_CHARS
            found = found[:start] + _DIGIT.sub(MASK, run[start:end]) + found[end:]
    return found


def _windows(run: str) -> Iterator[tuple[int, str]]:
    """Each place in a run at which an id may begin, and the id."""
    digits = run.replace("-", "").lower()
    for start in range(len(digits) - ID_CHARS + 1):
        yield start, digits[start : start + ID_CHARS]
