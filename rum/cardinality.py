"""How many different names one site may bring in one day; what comes after is "other".

Whoever sends a name of their own with each event must not be able to fill memory and reports. By
the day of arrival, and shared by all collectors; see shared_names.py.
"""

from rum.limits import Limits
from rum.shared_names import SharedNames

OTHER = "other"

_DAY_US = 86_400_000_000


class Names:
    """The names of one kind that one site brought today."""

    def __init__(self, names_max: int) -> None:
        self._names_max = names_max
        self.known: set[str] = set()
        """Those that have a place; a name that is not among them may yet be admitted."""
        self._shared: SharedNames | None = None
        self._group = ""
        self._day = 0

    def share(self, shared: SharedNames, group: str) -> None:
        """Count from now on with all who share them; `group` is told from all others'."""
        self._shared, self._group = shared, group

    def admits(self, name: str) -> bool:
        """Whether the name is known, or still has a place, which it then takes."""
        if name in self.known:
            return True
        if len(self.known) >= self._names_max:
            return False
        if self._shared and not self._shared.take(self._day, self._group, name, self._names_max):
            return False
        self.known.add(name)
        return True

    def begin(self, day: int) -> None:
        self._day = day
        self.known.clear()

    def __len__(self) -> int:
        return len(self.known)


class DayNames:
    """All names of one site's day; see rum.limits for how many of each."""

    def __init__(self, limits: Limits) -> None:
        self.pages = Names(limits.pages_a_day_max)
        self.addresses = Names(limits.pages_a_day_max)
        """Of requests."""
        self.events = Names(limits.names_a_day_max)
        self.errors = Names(limits.names_a_day_max)
        self.attributes = Names(limits.attribute_keys_a_day_max)
        self._kinds = {
            "page": self.pages,
            "address": self.addresses,
            "event": self.events,
            "error": self.errors,
            "attribute": self.attributes,
        }
        self._day = 0

    def share(self, shared: SharedNames, site: str) -> None:
        """Count with all collectors that share them."""
        for kind, names in self._kinds.items():
            names.share(shared, f"{site}\0{kind}")

    def begin(self, now_us: int) -> None:
        """Called for each beacon: the first of a day forgets the day before."""
        day = now_us // _DAY_US
        if day > self._day:  # and not when a clock is set back
            self._day = day
            for names in self._kinds.values():
                names.begin(day)
