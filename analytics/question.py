"""What a report is asked: windows, steps, segments."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from analytics.calendars import Calendar

UNDECLARED = "undeclared"


class Window(Struct, frozen=True):
    """From `start` up to but not including `end`; both aware, UTC."""

    start: datetime
    end: datetime

    @property
    def first_day(self) -> date:
        return self.start.date()

    @property
    def last_day(self) -> date:
        """The UTC day of its last instant: a window up to midnight does not touch the next day."""
        return max(self.start, self.end - timedelta(microseconds=1)).date()


class Operator(StrEnum):
    """How a property of an event is compared; those of numbers want one, the first two any of
    several values, `CONTAINS` one text, in whatever case."""

    IS = "="
    IS_NOT = "!="
    CONTAINS = "~"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


OPERATOR_WORDS = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.CONTAINS: "contains",
    Operator.LESS: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.MORE: "is more than",
    Operator.AT_LEAST: "is at least",
}


class Filter(Struct, frozen=True):
    """A condition on an event. `what` is one of analytics.step_matching.PROPERTIES, or names an
    attribute ("attributes.kind") or a segment ("segments.team")."""

    what: str
    operator: Operator
    values: tuple[str, ...]

    @property
    def label(self) -> str:
        """ "kind is exclusive or simple"."""
        name = self.what.partition(".")[2] or self.what
        return f"{name} {OPERATOR_WORDS[self.operator]} {' or '.join(self.values)}"


class Step(Struct, frozen=True, kw_only=True):
    """A step of a funnel or journey: a page template, an event's name or a clicked element's
    selector, exactly one of the three; where its event meets all the conditions of `where`."""

    page: str = ""
    event: str = ""
    click: str = ""
    name: str = ""
    where: tuple[Filter, ...] = ()

    @property
    def label(self) -> str:
        if self.name:
            return self.name
        what = self.page or self.event or (self.click and f"click on {self.click}")
        return f"{what}, {' and '.join(each.label for each in self.where)}" if self.where else what


class Order(StrEnum):
    """How the steps of a funnel must follow one another."""

    ORDERED = "ordered"
    """One after the other, whatever lies between."""
    STRICT = "strict"
    """And no other step of the funnel between two; the one just made may come again."""
    ANY = "any"
    """In any order: its steps are "any one of them", "any two", up to all."""


class Unit(StrEnum):
    """Whom a report counts, or a site's sample is of."""

    SESSION = "session"
    USER = "user"


class Rules(Struct, frozen=True, kw_only=True):
    """What beside its steps makes a funnel. An event of `exclude` ends whatever was begun before
    it."""

    order: Order = Order.ORDERED
    exclude: tuple[Step, ...] = ()
    unit: Unit = Unit.SESSION


PLAIN = Rules()


class SiteScope(Struct, frozen=True, kw_only=True):
    """Which site a report reads, its levels in order, the rate it reads by default, and what its
    sample is of."""

    site: str
    levels: tuple[str, ...]
    sample: float = 0.2
    calendar: Calendar = Calendar()
    unit: Unit = Unit.SESSION


class Evidence(Struct, frozen=True, kw_only=True):
    """What counts as a failure of a user, beyond requests without a good answer."""

    errors: bool = True
    """Errors of the page's scripts, and clicks that an error came of."""
    error_pages: tuple[str, ...] = ()
    """Templates of pages that say that something failed."""
    key_requests: tuple[str, ...] = ()
    """Templates of the requests that count; none named: all."""
    cutoff_s: float | None = None
    """None: the silence that 99 % of those within sessions are no longer than."""


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
    activity_chance: float = 0.001
    """Below which so low a volume of the event is abnormal."""
    evidence: Evidence = Evidence()
