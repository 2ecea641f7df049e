"""Token buckets: how much each of many may send, in bounded memory.

A bucket holds BURST_S seconds' worth of its rate and fills at that rate. Buckets not used for a
while are forgotten, which makes them full: two generations of at most `keys_max`, of which the
older goes when the newer is full.
"""

from collections.abc import Hashable

BURST_S = 20.0
KEYS_MAX = 20_000
UNLIMITED = 1e9


class TokenBuckets:
    """One rate for many keys: addresses, or sites."""

    def __init__(
        self, rate_per_s: float, keys_max: int = KEYS_MAX, burst_s: float = BURST_S
    ) -> None:
        """`rate_per_s` 0 is no limit."""
        self._rate_per_us = rate_per_s / 1e6
        self._most = max(1.0, rate_per_s * burst_s)
        self._keys_max = keys_max
        self._now: dict[Hashable, tuple[float, int]] = {}
        self._before: dict[Hashable, tuple[float, int]] = {}

    def wait_s(self, key: Hashable, now_us: int) -> float:
        """0 when there is a token for `key`, which `take` then takes; else how long until then."""
        if not self._rate_per_us:
            return 0.0
        tokens = self.tokens(key, now_us)
        return 0.0 if tokens >= 1.0 else self.until_one_s(tokens)

    def take(self, key: Hashable, now_us: int) -> None:
        """Take one token, if need be one that is not there yet."""
        if self._rate_per_us:
            self.leave(key, self.tokens(key, now_us) - 1.0, now_us)

    def tokens(self, key: Hashable, now_us: int) -> float:
        """How many there are; without a limit, more than anybody takes."""
        if not self._rate_per_us:
            return UNLIMITED
        known = self._now.get(key) or self._before.get(key)
        if known is None:
            return self._most
        tokens, at_us = known
        # A clock set back gives nothing, and takes nothing.
        return min(self._most, tokens + max(0, now_us - at_us) * self._rate_per_us)

    def until_one_s(self, tokens: float) -> float:
        """How long until there is one token again."""
        return (1.0 - tokens) / self._rate_per_us / 1e6

    def leave(self, key: Hashable, tokens: float, now_us: int) -> None:
        """Set how many there are now."""
        if not self._rate_per_us:
            return
        if len(self._now) >= self._keys_max and key not in self._now:
            self._before, self._now = self._now, {}
        self._now[key] = (tokens, now_us)

    def __len__(self) -> int:
        return len(self._now) + len(self._before)


class RecentlySeen:
    """Which of many keys came lately; the same two generations. Forgetting one is harmless: it is
    taken for new."""

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        self._now: set[int] = set()
        self._before: set[int] = set()

    def __contains__(self, key: int) -> bool:
        return key in self._now or key in self._before

    def add(self, key: int) -> None:
        if key in self._now:
            return
        if len(self._now) >= self._keys_max:
            self._before, self._now = self._now, set()
        self._now.add(key)

    def __len__(self) -> int:
        return len(self._now) + len(self._before)
