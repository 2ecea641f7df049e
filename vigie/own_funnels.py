"""Funnels saved in the console: what is kept of one, and how it is asked."""

import hashlib

from msgspec import Struct

from vigie.own_things import Kept, OwnThings

FUNNELS_MAX = 200
NAME_CHARS_MAX = 100


class SavedFunnel(Struct, frozen=True, kw_only=True):
    """A funnel by name. `steps`, `exclude` and `by` are in words, as requests have them."""

    id: str
    name: str
    site: str
    steps: str
    order: str = "ordered"
    exclude: str = ""
    unit: str = "session"
    window_minutes: float = 60.0
    by: str = ""
    owner: str = ""

    def params(self) -> dict[str, str]:
        """The funnel as a request asks for it."""
        params = {
            "site": self.site,
            "steps": self.steps,
            "order": "" if self.order == "ordered" else self.order,
            "exclude": self.exclude,
            "unit": "" if self.unit == "session" else self.unit,
            "window_minutes": f"{self.window_minutes:g}",
            "by": self.by,
        }
        return {name: value for name, value in params.items() if value}

    @property
    def definition(self) -> str:
        """A digest of what its counts depend on, which its name is not."""
        parts = (self.steps, self.order, self.exclude, self.unit, f"{self.window_minutes:g}")
        return hashlib.sha256("\n".join((self.site, *parts)).encode()).hexdigest()[:16]


FUNNELS = OwnThings("funnel", Kept[SavedFunnel], FUNNELS_MAX)
