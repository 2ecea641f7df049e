"""Journeys saved in the console, beside those of the settings file."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import structs

from vigie.folders import DataFolder
from vigie.own_things import Kept, OwnThings
from vigie.reporting.steps import STEP_CHARS_MAX, journey_step, step_text
from vigie.settings import JourneySettings, Settings
from vigie.settings_checks import journey_problems
from vigie.settings_mistakes import Problem
from vigie.settings_shape import shape_problems

JOURNEYS_MAX = 200
NAME_CHARS_MAX = 100
JOURNEYS = OwnThings("journey", Kept[JourneySettings], JOURNEYS_MAX)
_TYPE = msgspec.inspect.type_info(JourneySettings)


def all_journeys(settings: Settings, folder: DataFolder) -> tuple[JourneySettings, ...]:
    """Those of `settings`, which are the settings file's with all monitors; then those of the
    console that can be used, without monitors that are gone. Raises UnreadableError."""
    own = (each.thing for each in JOURNEYS.read(folder).things)
    used = (
        structs.replace(each, monitors=watched(settings, each))
        for each in own
        if not why_aside(settings, each)
    )
    return (*settings.journeys, *used)


def why_aside(plain: Settings, journey: JourneySettings) -> str:
    """Why a journey of the console is left aside; "" when it is not. `plain` has those of the
    settings file only."""
    if journey.id in {each.id for each in plain.journeys}:
        return f"A journey of vigie.toml has its id, {journey.id}."
    if journey.site not in {each.id for each in plain.sites}:
        return f"Its site, {journey.site}, is no longer in vigie.toml."
    return ""


def watched(settings: Settings, journey: JourneySettings) -> tuple[str, ...]:
    """Its monitors that there still are."""
    known = {each.id for each in settings.monitors}
    return tuple(each for each in journey.monitors if each in known)


def entered_problems(table: Mapping[str, Any], settings: Settings) -> list[Problem]:
    """Every mistake in a journey that was entered, as `[[journeys]]` would have it; `settings` are
    those with everything of the console."""
    if shape := list(shape_problems(dict(table), _TYPE)):
        return shape
    journey = msgspec.convert(table, JourneySettings)
    known = {
        name: [{"id": each.id} for each in getattr(settings, name)]
        for name in ("sites", "monitors", "channels")
    }
    problems = [*_text_problems(journey, settings), *journey_problems(known, journey, ())]
    return problems or list(_long_steps(journey))


def name_taken(journey: JourneySettings, settings: Settings) -> bool:
    """Whether another journey of its site is called the same."""
    others = (each for each in settings.journeys if each.id != journey.id)
    return (journey.site, journey.name) in {(each.site, each.name or each.id) for each in others}


def _text_problems(journey: JourneySettings, settings: Settings) -> Iterator[Problem]:
    for part in ("name", "owner", "event"):
        if len(getattr(journey, part)) > NAME_CHARS_MAX:
            right = f"use {NAME_CHARS_MAX} characters at most"
            yield Problem(path=(part,), wrong="is too long", right=right)
    if not journey.name.strip():
        right = "call it as people do, such as Place an order"
        yield Problem(path=("name",), wrong="is empty", right=right)
    if not (journey.steps or journey.monitors or journey.event):
        yield Problem(
            path=("steps",),
            wrong="are none, and there is neither a monitor nor an event",
            right="choose a step, a monitor or an event: of none of them nothing can be told",
        )
    if name_taken(journey, settings):
        yield Problem(
            path=("name",),
            wrong=f'"{journey.name}" is taken by another journey of the site',
            right="give each a name of its own",
        )


def _long_steps(journey: JourneySettings) -> Iterator[Problem]:
    """Steps that could not be asked as a funnel's."""
    for number, step in enumerate(journey.steps):
        path = ("steps", number)
        if len(step_text(journey_step(step))) > STEP_CHARS_MAX:
            right = f"use {STEP_CHARS_MAX:,} characters at most"
            yield Problem(path=path, wrong="is too long", right=right)
        if len(step.name) > NAME_CHARS_MAX:
            right = f"use {NAME_CHARS_MAX} characters at most"
            yield Problem(path=(*path, "name"), wrong="is too long", right=right)
