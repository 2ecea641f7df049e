"""Times in which a volume was abnormally low, until it was usual again.

One low is told once: it opens with the first window that is too low, and closes with the first one
that began after it, is tested, and is none too low. Windows that reach back before that closing
hold the low still, and open no other.
"""

from collections.abc import Sequence

from msgspec import Struct

from analytics.expected import ALPHA, Expected, likely, no_more_than

CLOSE_CHANCE_MIN = 0.05
"""A window with a lower chance does not show that all is well again."""


class Low(Struct, frozen=True, kw_only=True):
    """Hours are places in the volume. `start` is where the window that showed it began, `seen` the
    end of that window; `end` is None while it lasts."""

    start: int
    seen: int
    end: int | None
    length_h: int
    """Of the window that showed it."""
    count: int
    usual: float
    chance: float


def lows(windows: Sequence[Expected], alpha: float = ALPHA, since: int = 0) -> list[Low]:
    """Those seen at or after the hour `since`; `windows` by their length, the shortest first."""
    tested = [each.tested(alpha) for each in windows]
    found: list[Low] = []
    open_: Low | None = None
    not_before = 0
    for place in range(max(since, 1), len(windows[0].counts) if windows else 0):
        for each, holds in zip(windows, tested, strict=True):
            start = place - each.length_h
            if not holds[place] or start < not_before:
                continue
            if open_ is not None and start < open_.start:
                continue
            if open_ is None and _likely(each, place, alpha):
                continue
            chance = chance_of(each, place)
            if open_ is None and chance < alpha:
                open_ = _opened(each, place, chance)
                break
            if open_ is not None:
                if chance >= CLOSE_CHANCE_MIN and start >= open_.start + 1:
                    found.append(_closed(open_, max(start, open_.start + 1)))
                    open_, not_before = None, start
                break  # the shortest one tells how it is now
    return [*found, open_] if open_ else found


def chance_of(window: Expected, place: int) -> float:
    """The probability of so few or fewer in the window that ends at `place`."""
    if window.counts[place] >= window.mu[place]:
        return 1.0
    return no_more_than(window.counts[place], window.mu[place], window.k[place])


def _likely(window: Expected, place: int, alpha: float) -> bool:
    """Most windows are as usual, and told to be without the sum of all smaller counts."""
    count, mu = window.counts[place], window.mu[place]
    return count >= mu or likely(float(count), float(mu), float(window.k[place]), alpha)


def _opened(window: Expected, place: int, chance: float) -> Low:
    return Low(
        start=place - window.length_h,
        seen=place,
        end=None,
        length_h=window.length_h,
        count=int(window.counts[place]),
        usual=float(window.mu[place]),
        chance=chance,
    )


def _closed(low: Low, end: int) -> Low:
    return Low(
        start=low.start,
        seen=low.seen,
        end=end,
        length_h=low.length_h,
        count=low.count,
        usual=low.usual,
        chance=low.chance,
    )
