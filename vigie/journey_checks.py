"""What the steps of a journey must hold to, beyond the shape of their tables."""

from collections.abc import Iterator

from analytics.step_matching import STEPS_MAX
from vigie.failures import BadRequestError
from vigie.reporting.steps import KINDS, conditions_of
from vigie.settings import JourneySettings, StepSettings
from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem


def step_problems(journey: JourneySettings, path: KeyPath = ()) -> Iterator[Problem]:
    """What is wrong with the steps of one journey."""
    if len(journey.steps) > STEPS_MAX:
        yield Problem(
            path=(*path, "steps"),
            wrong=f"are {len(journey.steps)}",
            right=f"give at most {STEPS_MAX}",
        )
    for number, step in enumerate(journey.steps):
        yield from _problems_of(step, (*path, "steps", number))


def _problems_of(step: StepSettings, path: KeyPath) -> Iterator[Problem]:
    given = [kind for kind in KINDS if getattr(step, kind)]
    if len(given) != 1:
        listed = " and ".join(f"{'an' if kind == 'event' else 'a'} {kind}" for kind in given)
        yield Problem(
            path=path,
            wrong=f"has {listed}" if given else "has neither a page nor an event nor a click",
            right='give it exactly one: page = "/template", event = "name" or click = "#selector"',
        )
    try:
        conditions_of(step.where)
    except BadRequestError as error:
        wrong = f"has a mistake: {error.what}"
        yield Problem(path=(*path, "where"), wrong=wrong, right=error.right)
