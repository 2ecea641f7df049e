"""Steps of a funnel in words: "page:/a,event:b"."""

from urllib.parse import quote, unquote

from analytics.question import Step
from vigie.reporting.params import BadRequestError
from vigie.settings import StepSettings

STEPS_MAX = 10


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps in "page:/a,event:b"; a comma within one is written %2C."""
    steps = tuple(step_of(part) for part in text.split(",") if part.strip())
    if not 2 <= len(steps) <= STEPS_MAX:
        raise BadRequestError(
            f"The funnel has {len(steps)} step{'' if len(steps) == 1 else 's'}.",
            f"Give 2 to {STEPS_MAX} as steps=page:/listings,event:mandate_signed.",
        )
    return steps


def step_of(text: str) -> Step:
    kind, _, value = text.strip().partition(":")
    value = unquote(value.strip())
    if kind not in ("page", "event") or not value:
        raise BadRequestError(
            f"{text.strip()!r} is not a step.",
            "A step is page:TEMPLATE or event:NAME, as page:/listings or event:mandate_signed.",
        )
    return Step(page=value) if kind == "page" else Step(event=value)


def step_text(step: Step) -> str:
    """The step as step_of reads it."""
    kind, value = ("page", step.page) if step.page else ("event", step.event)
    return f"{kind}:{quote(value, safe='/?:@!$&()*;=~ ')}"


def journey_step(step: StepSettings) -> Step:
    return Step(page=step.page, event=step.event, name=step.name)
