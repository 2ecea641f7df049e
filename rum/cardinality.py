"""How many different names one site may bring in one day; what comes after is "other".

Whoever sends a name of their own with each event must not be able to fill memory and reports. Kept
in memory, by the day of arrival: a collector that starts anew counts from nothing, so that a day
has at most one cap's worth of names for each start and each collector. What is used most comes
first, and so has its place again at once.
"""

from rum.limits import Limits

OTHER = "other"

_DAY_US = 86_400_000_000


class Names:
    """The names of one kind that one site brought today."""

    def __init__(self, names_max: int) -> None:
        self._names_max = names_max
        self._known: set[str] = set()

    def admits(self, name: str) -> bool:
        """Whether the name is known, or still has a place, which it then takes."""
        if name in self._known:
            return True
        if len(self._known) >= self._names_max:
            return False
        self._known.add(name)
        return True

    def clear(self) -> None:
        self._known.clear()

    def __len__(self) -> int:
        return len(self._known)


class DayNames:
    """All names of one site's day; see rum.limits for how many of each."""

    def __init__(self, limits: Limits) -> None:
        self.pages = Names(limits.pages_a_day_max)
        self.addresses = Names(limits.pages_a_day_max)
        """Of requests."""
        self.events = Names(limits.names_a_day_max)
        self.errors = Names(limits.names_a_day_max)
        self.attributes = Names(limits.attribute_keys_a_day_max)
        self._day = 0

    def begin(self, now_us: int) -> None:
        """Called for each beacon: the first of a day forgets the day before."""
        day = now_us // _DAY_US
        if day > self._day:  # and not when a clock is set back
            self._day = day
            for names in (self.pages, self.addresses, self.events, self.errors, self.attributes):
                names.clear()
