"""What a report is asked: windows, steps, segments."""

from datetime import datetime

from msgspec import Struct

UNDECLARED = "undeclared"


class Window(Struct, frozen=True):
    """From `start` up to but not including `end`; both aware, UTC."""

    start: datetime
    end: datetime


class Step(Struct, frozen=True, kw_only=True):
    """A step of a funnel or journey: a page template or an event's name, exactly one of the two."""

    page: str = ""
    event: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        return self.name or self.page or self.event


class SiteScope(Struct, frozen=True, kw_only=True):
    """Which site a report reads, its levels in order, and the rate it reads by default."""

    site: str
    levels: tuple[str, ...]
    sample: float = 0.2


class JourneyQuestion(Struct, frozen=True, kw_only=True):
    """A named journey as analytics needs to know it."""

    id: str
    name: str
    owner: str
    scope: SiteScope
    steps: tuple[Step, ...]
    event: str
    monitors: tuple[str, ...]
    window_s: float
