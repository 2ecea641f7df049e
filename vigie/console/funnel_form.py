"""The form a funnel is built with: its fields read, its buttons done, and what can be picked."""

from typing import TypeVar

from msgspec import Struct, structs
from starlette.datastructures import QueryParams

from analytics.question import OPERATOR_WORDS, Filter, Operator, Step
from analytics.reports.types import SeenReport, SeenRow
from analytics.step_matching import PROPERTIES, STEPS_MAX
from vigie.reporting.params import BadRequestError
from vigie.reporting.steps import step_of, step_text

T = TypeVar("T")

STEPS_MIN = 2
OPTIONS = ("order", "exclude", "unit", "by", "window_minutes")
"""What makes a funnel beside its steps, as the address has it."""
OPERATORS = {operator.value: words for operator, words in OPERATOR_WORDS.items()}
ORDERS = {
    "ordered": "One after the other, whatever lies between",
    "strict": "Strictly: no other of these steps between",
    "any": "In any order",
}
UNITS = {"session": "Sessions", "user": "Users"}
BY = {
    "": "Level",
    "quality": "Session quality",
    "device": "Device",
    "browser": "Browser",
    "os": "System",
    "release": "Release",
    "country": "Country",
    "campaign": "Campaign",
    "entry_page": "First page",
    "site": "Site",
    "level,device": "Level and device",
    "level,quality": "Level and quality",
    "device,browser": "Device and browser",
    "release,device": "Release and device",
    "site,level": "Site and level",
}


class Option(Struct, frozen=True):
    value: str
    label: str
    count: int


class Seen(Struct, frozen=True):
    """What can be picked: groups of options, and the values among them."""

    options: list[tuple[str, list[Option]]]
    known: frozenset[str]


class Row(Struct, frozen=True):
    """A step as the form shows it: what it is, its first condition, and further ones in words."""

    base: str = ""
    label: str = ""
    what: str = ""
    operator: str = "="
    value: str = ""
    more: str = ""
    name: str = ""
    """What a journey calls it."""


class Asked(Struct, frozen=True):
    """A funnel as its address asks for it. An empty step is one still to be chosen."""

    steps: list[str]
    options: dict[str, str]

    def chosen(self) -> str:
        return ",".join(step for step in self.steps if step)

    def params(self) -> dict[str, str]:
        return {"steps": self.chosen(), **self.options}


def asked_of(params: QueryParams) -> Asked:
    """The funnel of an address: `steps` as one text, or the fields of the form, a list each.

    Raises BadRequestError.
    """
    options = {name: params[name].strip() for name in OPTIONS if params.get(name, "").strip()}
    if text := params.get("steps", ""):
        given = text.split(",")
        if len(given) > STEPS_MAX:
            raise BadRequestError(f"The funnel has {len(given)} steps.", f"Give 2 to {STEPS_MAX}.")
        return Asked(given, options)
    steps = [step_text(row_step(row)) if row.base else "" for row in sent_rows(params)]
    if words := params.get("words", "").strip():
        steps = [*(step for step in steps if step), words][:STEPS_MAX]
    return Asked(steps, options)


def rows_of(steps: list[str]) -> list[Row]:
    """The steps as rows of the form, at least as many as a funnel has. Raises BadRequestError."""
    rows = [row_of(step_of(step)) if step else Row() for step in steps]
    return rows + [Row()] * (STEPS_MIN - len(rows))


def changed(steps: list[T], action: str, blank: T) -> list[T]:
    """The steps after one of the form's buttons: add, up-2, down-2, remove-2."""
    verb, place = read_action(action)
    steps = list(steps)
    if verb == "add" and len(steps) < STEPS_MAX:
        return [*steps, blank]
    if not 0 <= place < len(steps):
        return steps
    if verb == "remove":
        del steps[place]
    other = {"up": place - 1, "down": place + 1}.get(verb, -1)
    if 0 <= other < len(steps):
        steps[place], steps[other] = steps[other], steps[place]
    return steps


def read_action(action: str) -> tuple[str, int]:
    """The button's verb and the place, from 0, of its step; -1 when it has none."""
    verb, _, number = action.partition("-")
    return verb, int(number) - 1 if number.isdecimal() and len(number) < 4 else -1


def place_after(action: str, steps: int) -> int | None:
    """The step, from 1, that keyboard readers go on from after one of the form's buttons."""
    verb, place = read_action(action)
    return {"add": steps, "up": place, "down": place + 2, "remove": min(place + 1, steps)}.get(verb)


def properties() -> list[str]:
    """What a condition can be about; attributes beside them."""
    return [name for name in PROPERTIES if name not in ("page", "name", "target")]


def seen_options(report: SeenReport) -> Seen:
    groups = [
        ("Pages", [_option(Step(page=row.name), row) for row in report.pages]),
        ("Events", [_option(Step(event=row.name), row) for row in report.events]),
        ("Clicks", [_option(Step(click=row.name), row) for row in report.clicks]),
    ]
    options = [(name, found) for name, found in groups if found]
    return Seen(options, frozenset(option.value for _, group in options for option in group))


def tidied(steps: list[str]) -> str:
    """Steps as the short address has them. Raises BadRequestError."""
    return ",".join(step_text(step_of(step)) if step else "" for step in steps)


def row_of(step: Step) -> Row:
    plain = structs.replace(step, name="", where=())
    first, *more = step.where or (None,)
    words = step_text(structs.replace(step, where=tuple(more))) if more and first else ""
    return Row(
        base=step_text(plain),
        label=plain.label,
        what=first.what if first else "",
        operator=first.operator.value if first else "=",
        value=_value(first) if first else "",
        more=words,
        name=step.name,
    )


def _value(condition: Filter) -> str:
    """As it is typed: values that hold no mark stand as they are."""
    text = step_text(Step(page="/", where=(condition,)))
    return text.partition(" where ")[2].partition(condition.operator.value)[2]


def sent_rows(params: QueryParams) -> list[Row]:
    """The rows as they were sent, right or wrong."""
    what, operator, value, more, called = (
        params.getlist(name) for name in ("what", "operator", "value", "more", "called")
    )
    return [
        Row(
            base=base,
            label=base,
            what=_at(what, place),
            operator=_at(operator, place),
            value=_at(value, place),
            more=_at(more, place),
            name=_at(called, place).strip(),
        )
        for place, base in enumerate(params.getlist("step")[:STEPS_MAX])
    ]


def row_step(row: Row) -> Step:
    """The step of a row that has one; conditions without a property are none. Raises
    BadRequestError."""
    step = step_of(row.base)
    extra = step_of(row.more).where if row.more else ()
    own: tuple[Filter, ...] = ()
    if what := row.what.strip():
        operator = row.operator or Operator.IS.value
        if operator not in OPERATORS:
            raise BadRequestError(f"{operator[:10]!r} compares nothing.", "Choose one of the list.")
        own = step_of(f"page:/ where {what}{operator}{row.value.strip()}").where
    return structs.replace(step, name=row.name, where=(*step.where, *own, *extra))


def _option(step: Step, row: SeenRow) -> Option:
    return Option(step_text(step), step.label, row.sessions)


def _at(values: list[str], place: int) -> str:
    return values[place] if place < len(values) else ""
