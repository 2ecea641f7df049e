"""Steps of a funnel in words: "page:/a,event:b where value>=100 and attributes.kind=x|y".

A step is page:TEMPLATE, event:NAME or click:SELECTOR. Conditions follow " where ", " and " between
them; each is a property of the event, a comparison (= != ~ < <= > >=) and a value, or several with
"|" between. ~ is "contains". What would be taken for such a mark is percent-encoded: , is %2C.
"""

import re
from urllib.parse import quote, unquote

from analytics.question import Filter, Operator, Step
from analytics.step_matching import FILTERS_MAX, STEPS_MAX, filter_problem
from vigie.failures import BadRequestError
from vigie.settings import StepSettings

KINDS = ("page", "event", "click")
WHERE, AND, OR = " where ", " and ", "|"
STEP_CHARS_MAX = 2_000
_CONDITION = re.compile(r"\s*([^=!~<>\s]+)\s*(!=|<=|>=|=|~|<|>)(.*)", re.DOTALL)
_SAFE = "/?:@!$&()*;=~<>#[]\"'. "


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps of a funnel. Raises BadRequestError."""
    steps = listed_steps(text)
    if not 2 <= len(steps) <= STEPS_MAX:
        raise BadRequestError(
            f"The funnel has {len(steps)} step{'' if len(steps) == 1 else 's'}.",
            f"Give 2 to {STEPS_MAX} as steps=page:/listings,event:mandate_signed.",
        )
    return steps


def listed_steps(text: str) -> tuple[Step, ...]:
    """Any number of steps. Raises BadRequestError."""
    return tuple(step_of(part) for part in text.split(",") if part.strip())


def step_of(text: str) -> Step:
    """One step. Raises BadRequestError."""
    head, where, conditions = text.partition(WHERE)
    kind, _, value = head.strip().partition(":")
    value = unquote(value.strip())
    if kind not in KINDS or not value or len(text) > STEP_CHARS_MAX:
        raise BadRequestError(
            f"{text.strip()[:200]!r} is not a step.",
            "A step is page:TEMPLATE, event:NAME or click:SELECTOR, as page:/listings,"
            " event:mandate_signed or click:#buy; with conditions after it, as"
            " event:mandate_signed where value>=1000.",
        )
    return Step(**{kind: value}, where=_filters(conditions) if where else ())


def conditions_of(text: str) -> tuple[Filter, ...]:
    """What follows " where "; "" is none. Raises BadRequestError."""
    return _filters(text) if text.strip() else ()


def step_text(step: Step) -> str:
    """The step as step_of reads it; its name is not in it."""
    kind = next(kind for kind in KINDS if getattr(step, kind))
    head = f"{kind}:{_written(getattr(step, kind), _SAFE)}"
    return head + (WHERE + conditions_text(step.where) if step.where else "")


def conditions_text(conditions: tuple[Filter, ...]) -> str:
    """As conditions_of reads them."""
    return AND.join(map(_filter_text, conditions))


def steps_text(steps: tuple[Step, ...]) -> str:
    return ",".join(map(step_text, steps))


def journey_step(step: StepSettings) -> Step:
    """Raises BadRequestError, but not for a step that was checked."""
    return Step(
        page=step.page,
        event=step.event,
        click=step.click,
        name=step.name,
        where=conditions_of(step.where),
    )


def step_settings(step: Step) -> StepSettings:
    """The step as a journey's settings have it."""
    return StepSettings(
        name=step.name,
        page=step.page,
        event=step.event,
        click=step.click,
        where=conditions_text(step.where),
    )


def _filters(text: str) -> tuple[Filter, ...]:
    filters = tuple(map(_filter_of, text.split(AND)))
    if len(filters) > FILTERS_MAX:
        raise BadRequestError(
            f"A step has {len(filters)} conditions.", f"Give at most {FILTERS_MAX}."
        )
    return filters


def _filter_of(text: str) -> Filter:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise BadRequestError(
            f"{text.strip()[:200]!r} is not a condition.",
            "A condition is a property, one of = != ~ < <= > >=, and a value, as device=phone,"
            " country=FR|BE, path~/new or value>=1000; several have ' and ' between them.",
        )
    what, operator, values = found.groups()
    condition = Filter(
        unquote(what),
        Operator(operator),
        tuple(unquote(value.strip()) for value in values.split(OR)),
    )
    if problem := filter_problem(condition):
        raise BadRequestError(f"{text.strip()[:200]!r} cannot be used: {problem}.", "Change it.")
    return condition


def _filter_text(condition: Filter) -> str:
    values = OR.join(_written(value, _SAFE) for value in condition.values)
    return f"{quote(condition.what, safe='.')}{condition.operator.value}{values}"


def _written(text: str, safe: str) -> str:
    """Encoded where it would be taken for something else."""
    written = quote(text, safe=safe)
    apart = text != text.strip() or any(mark in f" {text} " for mark in (WHERE, AND))
    return written.replace(" ", "%20") if apart else written
