"""The set of HTTP statuses a monitor expects: single codes ("301") and ranges ("200-299")."""

import re
from collections.abc import Sequence
from functools import lru_cache

STATUS_MIN = 100
STATUS_MAX = 599

_ITEM = re.compile(r"\s*(\d{3})\s*(?:-\s*(\d{3})\s*)?")


def status_range(item: str) -> range | None:
    """The codes that an item names, or None when it is not one: "301", "200-299"."""
    if (match := _ITEM.fullmatch(item)) is None:
        return None
    first = int(match[1])
    last = int(match[2] or match[1])
    return range(first, last + 1) if STATUS_MIN <= first <= last <= STATUS_MAX else None


class StatusSet:
    """What `expected_status` means. Raises ValueError for an item that is not a status."""

    __slots__ = ("_items", "_ranges")

    def __init__(self, items: Sequence[str]) -> None:
        self._items = tuple(items)
        self._ranges = tuple(_range_of(item) for item in items)

    def __contains__(self, status: int) -> bool:
        return any(status in codes for codes in self._ranges)

    def __str__(self) -> str:
        return " or ".join(item.strip() for item in self._items)


@lru_cache(maxsize=1024)
def status_set(items: tuple[str, ...]) -> StatusSet:
    """The set for a monitor's items, parsed once for each content."""
    return StatusSet(items)


def _range_of(item: str) -> range:
    if (codes := status_range(item)) is None:
        raise ValueError(f"{item!r} is not an HTTP status: write 301 or 200-299")
    return codes
