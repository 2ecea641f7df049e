"""Requests for reports of a funnel: the funnel itself, the sessions behind its bars, and what
leaving it goes with."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from analytics.breakdown import SITE, dimension_problem
from analytics.funnel_chain import steps_problem
from analytics.question import Order, Rules, SiteScope, Step, Unit
from analytics.reports.funnel import funnel
from analytics.reports.funnel_days import FunnelDaysReport, funnel_days
from analytics.reports.funnel_listed import (
    AFTER_MAX,
    Bar,
    FunnelSessionsReport,
    Outcome,
    funnel_sessions,
)
from analytics.reports.funnel_types import FunnelReport
from analytics.reports.funnel_why import FunnelWhyReport, funnel_why
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
from vigie.reporting.steps import listed_steps, steps_of
from vigie.settings import Settings

WINDOW_MINUTES_DEFAULT = 60.0
WINDOW_MINUTES_MAX = 7 * 24 * 60.0
PARAMS = "site steps order exclude unit window_minutes sample"
"""Of every report of a funnel."""


class FunnelAsked(Struct, frozen=True):
    """A funnel in a request, but for its window and what is told apart."""

    scope: SiteScope
    steps: tuple[Step, ...]
    rules: Rules
    within_s: float
    sample: float | None

    def common(self) -> dict[str, Any]:
        """What every report of a funnel takes by name."""
        return {
            "convert_within_s": self.within_s,
            "sample": self.sample,
            "rules": self.rules,
        }


def asked_funnel(params: Mapping[str, str], settings: Settings) -> FunnelAsked:
    """The funnel a request speaks of. Raises BadRequestError."""
    minutes = number_of(
        params, "window_minutes", WINDOW_MINUTES_DEFAULT, least=1, most=WINDOW_MINUTES_MAX
    )
    scope = scope_of(site_of(params, settings))
    steps, rules = steps_of(params.get("steps", "")), rules_of(params)
    if problem := steps_problem(steps, rules):
        raise BadRequestError(f"This is no funnel: {problem}.", "Change its steps.")
    return FunnelAsked(scope, steps, rules, minutes * 60, sample_of(params))


def rules_of(params: Mapping[str, str]) -> Rules:
    """order, exclude and unit. Raises BadRequestError."""
    return Rules(
        order=Order(one_of(params, "order", tuple(Order)) or Order.ORDERED),
        exclude=listed_steps(params.get("exclude", "")),
        unit=Unit(one_of(params, "unit", tuple(Unit)) or Unit.SESSION),
    )


def by_of(params: Mapping[str, str]) -> tuple[str, ...]:
    """The dimensions in "device,release". Raises BadRequestError."""
    by = tuple(part.strip() for part in params.get("by", "").split(",") if part.strip())
    if problem := dimension_problem(by):
        raise BadRequestError(f"by={params['by'][:100]} cannot be used: {problem}.", "Change it.")
    return by


def kept_from(settings: Settings, now: datetime) -> datetime:
    """From when on detail is kept whole days."""
    first = now.astimezone(UTC).date() - timedelta(days=settings.store.retention_days)
    return datetime.combine(first, time(), tzinfo=UTC)


def only_level(report: FunnelReport, level: str) -> FunnelReport:
    """The funnel of one level beside everyone's; "" keeps all."""
    if not level:
        return report
    kept = tuple(segment for segment in report.levels if segment.level == level)
    return msgspec.structs.replace(report, levels=kept)


def funnel_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> FunnelReport:
    asked = asked_funnel(params, settings)
    level = level_of(params, site_of(params, settings))
    compared = one_of(params, "compare", ("before",))
    report = funnel(
        snapshot,
        asked.scope,
        asked.steps,
        window_of(params, now),
        now=now,
        by=by_of(params),
        beside=[scope_of(site) for site in settings.sites],
        compare_from=kept_from(settings, now) if compared else None,
        **asked.common(),
    )
    return only_level(report, level)


def funnel_sessions_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> FunnelSessionsReport:
    values = _bar_values(params)
    site = values.pop(SITE, "")
    asked = asked_funnel({**params, "site": site} if site else params, settings)
    after = int(number_of(params, "after", 0, least=0, most=AFTER_MAX))
    return funnel_sessions(
        snapshot,
        asked.scope,
        asked.steps,
        window_of(params, now),
        _bar(params, values, len(asked.steps)),
        now=now,
        after=after,
        **asked.common(),
    )


def funnel_why_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> FunnelWhyReport:
    asked = asked_funnel(params, settings)
    window = window_of(params, now)
    return funnel_why(snapshot, asked.scope, asked.steps, window, now=now, **asked.common())


def funnel_days_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> FunnelDaysReport:
    """Of a saved funnel, by its id."""
    id_ = params.get("funnel", "")
    found = funnel_days(snapshot, id_) if id_ else None
    if found is None:
        raise BadRequestError(
            f"Nothing is kept of a saved funnel {id_[:64]!r}.",
            "Give funnel=ID of one that is listed under Funnels; its first day is kept soon after"
            " it was saved.",
        )
    return found


def _bar_values(params: Mapping[str, str]) -> dict[str, str]:
    """The values of `by` that a bar is of."""
    by = by_of(params) or ("level",)
    parts = tuple(params[name] for name in ("part", "part_2") if params.get(name))
    if parts and len(parts) != len(by):
        raise BadRequestError(
            f"by={','.join(by)} names {len(by)}, and {len(parts)} values are given.",
            "Give part=VALUE, and part_2=VALUE for a second one.",
        )
    return dict(zip(by, parts, strict=False))


def _bar(params: Mapping[str, str], values: Mapping[str, str], steps: int) -> Bar:
    """The bar that `step` and `outcome` name, of those with `values`."""
    step = number_of(params, "step", 1, least=1, most=steps)
    if step != int(step):
        raise BadRequestError(f"step={params['step']} cannot be used.", "Give a whole number.")
    return Bar(
        step=int(step),
        outcome=Outcome(one_of(params, "outcome", tuple(Outcome)) or Outcome.DROPPED),
        by=tuple(values),
        parts=tuple(values.values()),
        recorded=bool(one_of(params, "recorded", ("yes",))),
    )
