"""Which events match a step: its page, name or target, and its conditions, all bound as
parameters."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from analytics.question import Filter, Operator, Step
from analytics.sql import query
from rum.records import EventKind

PROPERTIES = {
    "page": "page",
    "path": "path",
    "name": "name",
    "target": "click.target",
    "value": "value",
    "currency": "currency",
    "device": "device",
    "browser": "browser",
    "os": "os",
    "country": "country",
    "release": "release",
    "environment": "environment",
    "campaign": "campaign",
    "referrer": "referrer",
    "via": "via",
}
"""What an event can be asked for, and where it stands. Beside these: attributes and segments."""
MAPS = ("attributes", "segments")
NUMBERS = frozenset({"value"})
STEPS_MAX = 10
FILTERS_MAX = 10
VALUES_MAX = 50
_FILES = {
    Operator.IS: "filter_is",
    Operator.IS_NOT: "filter_is_not",
    Operator.CONTAINS: "filter_contains",
}


class Matching(Struct, frozen=True):
    """A condition in SQL, true or false of each row of events, and its parameters."""

    text: str
    parameters: dict[str, object]


def matching(step: Step, number: str) -> Matching:
    """What events of `step` are; `number` tells its parameters from those of other steps.

    Raises ValueError for a step that names not exactly one of page, event and click, or for a
    condition that makes no sense.
    """
    kind, column, what = _named(step)
    if len(step.where) > FILTERS_MAX:
        raise ValueError(f"a step has at most {FILTERS_MAX} conditions, not {len(step.where)}")
    parameters: dict[str, object] = {f"kind_{number}": kind.value, f"what_{number}": what}
    filters = ""
    for place, each in enumerate(step.where, 1):
        found = _filter(each, f"{number}_{place}")
        filters += found.text
        parameters |= found.parameters
    text = query("step_matches").format(n=number, what=column, filters=filters)
    return Matching(text.strip(), parameters)


def filter_problem(asked: Filter) -> str:
    """What is wrong with a condition; "" for nothing."""
    return next(_problems(asked), "")


def _problems(asked: Filter) -> Iterator[str]:
    first, _, key = asked.what.partition(".")
    if asked.what not in PROPERTIES and not (first in MAPS and key):
        known = ", ".join(PROPERTIES)
        yield (
            f"there is no property {asked.what!r}; there are {known}, attributes.NAME and"
            " segments.NAME"
        )
    if not 0 < len(asked.values) <= VALUES_MAX:
        yield f"a condition has 1 to {VALUES_MAX} values, not {len(asked.values)}"
    if asked.operator not in (Operator.IS, Operator.IS_NOT) and len(asked.values) > 1:
        yield f"only = and != take several values, {asked.operator.value} takes one"
    if asked.operator is Operator.CONTAINS:
        if asked.what in NUMBERS:
            yield f"{asked.what} is a number, and contains no text"
    elif _is_number(asked):
        for text in asked.values:
            if _number(text) is None:
                yield f"{text!r} is no number"


def _named(step: Step) -> tuple[EventKind, str, str]:
    """The step's kind of event, the column that names it, and the name."""
    named = [
        (EventKind.VIEW, "page", step.page),
        (EventKind.EVENT, "name", step.event),
        (EventKind.CLICK, "click.target", step.click),
    ]
    given = [each for each in named if each[2]]
    if len(given) != 1:
        raise ValueError("a step names a page, an event or a click, exactly one of the three")
    return given[0]


def _filter(asked: Filter, number: str) -> Matching:
    if problem := filter_problem(asked):
        raise ValueError(f"a step's condition cannot be used: {problem}")
    column, parameters = _column(asked.what, number)
    if asked.operator is Operator.CONTAINS:
        parameters[f"text_{number}"] = asked.values[0]
    elif asked.operator in _FILES:
        numbers = asked.what in NUMBERS
        parameters[f"values_{number}"] = (
            [_number(text) for text in asked.values] if numbers else list(asked.values)
        )
    else:
        parameters[f"number_{number}"] = _number(asked.values[0])
    text = query(_FILES.get(asked.operator, "filter_number"))
    written = text.format(n=number, column=column, operator=asked.operator.value)
    return Matching(written.rstrip(), parameters)


def _column(property_: str, number: str) -> tuple[str, dict[str, object]]:
    """Where the property stands; the name of an attribute is a parameter."""
    if property_ in PROPERTIES:
        return PROPERTIES[property_], {}
    first, _, key = property_.partition(".")
    return f"{first}[$key_{number}]", {f"key_{number}": key}


def _is_number(asked: Filter) -> bool:
    compared = asked.operator not in (Operator.IS, Operator.IS_NOT)
    return compared or asked.what in NUMBERS


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def matches(steps: Sequence[Step], prefix: str) -> tuple[list[str], dict[str, object]]:
    """The conditions of several steps, and all their parameters."""
    found = [matching(step, f"{prefix}{number}") for number, step in enumerate(steps, 1)]
    parameters = {name: value for each in found for name, value in each.parameters.items()}
    return [each.text for each in found], parameters
