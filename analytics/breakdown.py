"""What sessions can be told apart by: a session has one value of each, the first it said."""

from collections.abc import Sequence

from analytics.quality import Quality, quality_of, quality_parameters
from analytics.question import UNDECLARED
from analytics.reading import BOTH, Held
from analytics.sql import query

LEVEL, QUALITY, SITE = "level", "quality", "site"
DIMENSIONS = (
    LEVEL,
    QUALITY,
    SITE,
    "device",
    "browser",
    "os",
    "release",
    "country",
    "campaign",
    "entry_page",
)
SUMMED = frozenset(DIMENSIONS) - {QUALITY, SITE, "campaign"}
"""What session summaries hold."""
SEGMENTS = "segments."
"""Before the name of a segment that the site declares: "segments.team"."""
DIMENSIONS_MAX = 2
UNKNOWN = "unknown"
WITHOUT = {LEVEL: UNDECLARED, QUALITY: Quality.NOT_MEASURED.value, "campaign": "none"}
"""What those without a value are called; elsewhere, UNKNOWN."""


def dimension_problem(dimensions: Sequence[str]) -> str:
    """What is wrong with what was asked to be told apart; "" for nothing."""
    for each in dimensions:
        if each not in DIMENSIONS and not (each.startswith(SEGMENTS) and each != SEGMENTS):
            return (
                f"there is no dimension {each!r}; there are {', '.join(DIMENSIONS)} and"
                f" {SEGMENTS}NAME"
            )
    if len(dimensions) > DIMENSIONS_MAX:
        return f"at most {DIMENSIONS_MAX} dimensions at once, not {len(dimensions)}"
    return "a dimension is named twice" if len(set(dimensions)) < len(dimensions) else ""


class Parts:
    """The SQL and parameters by which a query tells sessions apart; `part_1`, `part_2` hold the
    values, in the order asked for. Sites are told apart by whoever reads each. Raises ValueError.
    """

    def __init__(self, dimensions: Sequence[str]) -> None:
        if problem := dimension_problem(dimensions):
            raise ValueError(problem)
        if SITE in dimensions:
            raise ValueError("sessions of one site are not told apart by site")
        self.names = [f"part_{number}" for number in range(1, len(dimensions) + 1)]
        self.dimensions = tuple(dimensions)
        self.parameters: dict[str, object] = {}
        self._summed: list[str] = []
        self._hot: dict[str, str] = {}
        self._said: list[str] = []
        for column in (LEVEL, "user_key"):
            self._add_summed(column, column)
        for name, dimension in zip(self.names, dimensions, strict=True):
            self._add(name, dimension)
        if QUALITY in dimensions:
            self.parameters |= quality_parameters()

    @property
    def detail(self) -> bool:
        """Whether the fragments look into the detail of sessions, the rows of `read`."""
        return bool(self._said) or QUALITY in self.dimensions

    def fragments(self, held: Sequence[Held] = BOTH) -> list[str]:
        """Define what sessions of the table `came` said first, by what is `held` of them; over
        `read` too if `detail`."""
        hot = ", ".join(self._hot.values())
        rows = " UNION ALL BY NAME ".join(
            query(f"funnel_lived_{each.value}").format(hot=hot) for each in held
        )
        found = [query("funnel_lived").format(parts=", ".join(self._summed), rows=rows)]
        if self._said:
            found.append(query("funnel_said").format(parts=", ".join(self._said)))
        if QUALITY in self.dimensions:
            found.append(quality_of("lived"))
        return found

    @property
    def selected(self) -> str:
        """Of a query over `lived`, what follows its other columns."""
        columns = dict(zip(self.names, self.dimensions, strict=True))
        return "".join(
            f", {'quality' if dimension == QUALITY else name} AS {name}"
            for name, dimension in columns.items()
        )

    @property
    def joined(self) -> str:
        told = ["said"] * bool(self._said) + ["quality"] * (QUALITY in self.dimensions)
        return "".join(f" LEFT JOIN {each} ON {each}.session = lived.session" for each in told)

    def _add(self, name: str, dimension: str) -> None:
        if dimension == QUALITY:
            return
        if dimension in SUMMED:
            self._add_summed(name, dimension)
            return
        column = dimension
        if dimension.startswith(SEGMENTS):
            self.parameters[f"key_{name}"] = dimension.removeprefix(SEGMENTS)
            column = f"segments[$key_{name}]"
        self._said.append(_first(name, column))

    def _add_summed(self, name: str, column: str) -> None:
        self._summed.append(_first(name, column, "first_time"))
        entry = column == "entry_page"
        of_events, condition = ("page", "kind = 'view' AND ") if entry else (column, "")
        self._hot[column] = _first(column, of_events, condition=condition)


def without(dimension: str) -> str:
    """What those without a value of a dimension are called."""
    return WITHOUT.get(dimension, UNKNOWN)


def _first(
    name: str, column: str, order: str = "(time, batch, position)", condition: str = ""
) -> str:
    text = query("funnel_part")
    return text.format(name=name, column=column, order=order, condition=condition).strip()
