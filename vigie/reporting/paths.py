"""Requests for the report of paths."""

from collections.abc import Mapping
from datetime import datetime

from analytics.question import Step
from analytics.reports.paths import STEPS_MAX, TOP_DEFAULT, TOP_MAX, paths
from analytics.reports.paths_types import Direction, PathsReport, PathStart
from store.snapshot import Snapshot
from vigie.reporting.params import (
    BadRequestError,
    level_of,
    number_of,
    one_of,
    sample_of,
    scope_of,
    site_of,
    window_of,
)
from vigie.reporting.steps import step_of, step_text
from vigie.settings import Settings

DIRECTIONS = {"from": Direction.AFTER, "to": Direction.BEFORE, "around": Direction.AROUND}
EDGES = {"from": "entry", "to": "exit"}


def start_of(params: Mapping[str, str]) -> PathStart:
    """Where `from`, `to` or `around` says that paths start; from the entry when none does."""
    given = [name for name in DIRECTIONS if params.get(name)]
    if len(given) > 1:
        raise BadRequestError(
            f"{' and '.join(given)} are given.", "Paths have one start: give one of them."
        )
    name = given[0] if given else "from"
    value = params.get(name, "").strip() or EDGES["from"]
    if value == EDGES.get(name):
        return PathStart(direction=DIRECTIONS[name])
    if ":" not in value:
        edge = f", or {name}={EDGES[name]}" if name in EDGES else ""
        raise BadRequestError(
            f"{name}={value} cannot be used.",
            f"Give it as {name}=page:/listings or {name}=event:mandate_signed{edge}.",
        )
    step = step_of(value)
    if step.click or step.where:
        raise BadRequestError(
            f"{name}={value[:200]} cannot be used.",
            "Paths start at a page or an event as such, without conditions.",
        )
    return PathStart(direction=DIRECTIONS[name], page=step.page, event=step.event)


def start_params(start: PathStart) -> dict[str, str]:
    """The start as start_of reads it."""
    name = next(name for name, direction in DIRECTIONS.items() if direction is start.direction)
    if not (start.page or start.event):
        return {name: EDGES[name]}
    return {name: step_text(Step(page=start.page, event=start.event))}


def paths_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> PathsReport:
    site = site_of(params, settings)
    return paths(
        snapshot,
        scope_of(site),
        window_of(params, now),
        start_of(params),
        now=now,
        steps=int(number_of(params, "steps", STEPS_MAX, least=2, most=STEPS_MAX)),
        top=int(number_of(params, "top", TOP_DEFAULT, least=1, most=TOP_MAX)),
        level=level_of(params, site),
        compare=_compared(params, site.levels),
        sample=sample_of(params),
    )


def _compared(params: Mapping[str, str], levels: tuple[str, ...]) -> tuple[str, str] | None:
    if not params.get("compare"):
        return None
    names = [name.strip() for name in params["compare"].split(",")]
    if len(names) != 2:
        raise BadRequestError(
            f"compare={params['compare']} cannot be used.", "Give two levels, as novice,expert."
        )
    one, other = (one_of({"compare": name}, "compare", (*levels, "undeclared")) for name in names)
    return one, other
