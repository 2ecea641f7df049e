"""What leaving a funnel goes with: those who dropped at a step beside those who went on from it.

What each met is looked for in the view in which they came to the step last, until they went on. A
difference is told only as far as all that were looked at hold together; it never says why.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from math import prod

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from analytics.basis import Basis, Estimate
from analytics.breakdown import Parts
from analytics.differences import Comparison, Words, compare_pairs
from analytics.estimates import users_share
from analytics.funnel_chain import Chain, came_and_arrived, chained
from analytics.funnel_segments import step_name
from analytics.funnel_sessions import chains_by_day, days_of, sessions_of_users, told
from analytics.question import PLAIN, Rules, SiteScope, Step, Window
from analytics.sampling import Reading, basis, read
from analytics.session_cells import SessionCells
from analytics.sql import query
from analytics.times import to_us
from analytics.vitals import VITALS
from analytics.wording import percent
from store.snapshot import Snapshot

DEFINITION = "funnel_why"


class Trait(StrEnum):
    """What may have been met in a view."""

    ERROR = "error"
    FAILED_REQUEST = "failed_request"
    FRUSTRATION = "frustration"
    """A rage or dead click."""
    SLOW_PAGE = "slow_page"
    """LCP over 4 s; of views that measured it."""
    POOR_VITALS = "poor_vitals"
    """INP over 500 ms, or CLS over 0.25; of views that measured either."""


TRAIT_WORDS = {
    Trait.ERROR: "a script error",
    Trait.FAILED_REQUEST: "a failed request",
    Trait.FRUSTRATION: "rage or dead clicks",
    Trait.SLOW_PAGE: "a slow page (LCP over 4 s)",
    Trait.POOR_VITALS: "a page that reacts late or jumps (INP over 500 ms, CLS over 0.25)",
}


_UNMEASURED = 2
"""In the place of 0 and 1, whether a trait was met."""


class DropRow(Struct, frozen=True, kw_only=True):
    """One trait at one step: its share among those who dropped there and those who went on, and
    the first minus the second. `told`: a difference can be told."""

    step: int
    label: str
    trait: Trait
    dropped: Estimate
    went_on: Estimate
    value: float | None
    low: float | None
    high: float | None
    told: bool
    sentence: str


class FunnelWhyReport(Struct, frozen=True, kw_only=True):
    basis: Basis
    rows: tuple[DropRow, ...]

    @property
    def readings(self) -> tuple[str, ...]:
        """What leaving goes with, the widest difference first."""
        return tuple(row.sentence for row in self.ranked if row.told and (row.value or 0) > 0)

    @property
    def ranked(self) -> tuple[DropRow, ...]:
        """The rows: those of which a difference can be told first, then the widest."""
        return tuple(sorted(self.rows, key=lambda row: (not row.told, -abs(row.value or 0))))

    def frame(self) -> pd.DataFrame:
        """One row a step and trait."""
        return pd.DataFrame(
            [
                {
                    "step": row.step,
                    "label": row.label,
                    "trait": row.trait.value,
                    "dropped": row.dropped.value,
                    "dropped_low": row.dropped.low,
                    "dropped_high": row.dropped.high,
                    "went_on": row.went_on.value,
                    "went_on_low": row.went_on.low,
                    "went_on_high": row.went_on.high,
                    "difference": row.value,
                    "difference_low": row.low,
                    "difference_high": row.high,
                    "told": row.told,
                }
                for row in self.rows
            ]
        )


def funnel_why(
    snapshot: Snapshot,
    scope: SiteScope,
    steps: Sequence[Step],
    window: Window,
    *,
    convert_within_s: float,
    now: datetime,
    sample: float | None = None,
    rules: Rules = PLAIN,
) -> FunnelWhyReport:
    """Every trait at every step but the last. Raises as funnel() does."""
    within = timedelta(seconds=convert_within_s)

    chain = Chain(steps=steps, window=window, within=within, rules=rules)

    def at(reading: Reading) -> list[DropRow]:
        question = {"report": DEFINITION, "form": 1}
        found = chains_by_day(
            snapshot, reading, chain, question, partial(_met, snapshot), moment="entered_last_us"
        )
        over = found.filter(pc.field("entered_last_us") < to_us(now - within))
        return _rows(over, steps, rules, of_users=sessions_of_users(reading, rules))

    def few(rows: list[DropRow]) -> bool:
        return any(each.dropped.withheld is not None for each in rows)

    days = days_of(window, within, now)
    rows, reading = read(snapshot, scope, days, sample, at, few, rules.unit)
    return FunnelWhyReport(basis=basis(snapshot, reading, DEFINITION, window), rows=tuple(rows))


def _met(snapshot: Snapshot, reading: Reading, chain: Chain) -> pa.Table:
    found = chained(snapshot, reading, chain, views=True)
    text, parameters = told(
        snapshot, reading, Parts(()), "funnel_why", query("funnel_met"), detail=True
    )
    limits = {f"{vital}_poor": VITALS[vital].poor for vital in ("lcp", "inp", "cls")}
    return snapshot.arrow(
        text,
        {**parameters, **limits, "steps": len(chain.steps)},
        came_and_arrived(found),
    )


def _rows(over: pa.Table, steps: Sequence[Step], rules: Rules, *, of_users: bool) -> list[DropRow]:
    share = _shares(over, len(steps), of_users=of_users)
    asked = [(number, trait) for number in range(1, len(steps)) for trait in Trait]
    pairs = [
        (share(number, trait, onward=False), share(number, trait, onward=True))
        for number, trait in asked
    ]
    words = Words("those who left", "those who went on", "met it less often", "met it more often")
    compared = compare_pairs(pairs, [words] * len(pairs))
    return [
        DropRow(
            step=number,
            label=step_name(steps, number, rules.order).strip("“”"),
            trait=trait,
            dropped=pair[0],
            went_on=pair[1],
            value=each.value,
            low=each.low,
            high=each.high,
            told=each.told,
            sentence=_sentence(step_name(steps, number, rules.order), trait, pair, each),
        )
        for (number, trait), pair, each in zip(asked, pairs, compared, strict=True)
    ]


def _shares(over: pa.Table, steps: int, *, of_users: bool) -> Callable[..., Estimate]:
    """Gives the share that met a `trait`, of those of whom it was measured and who went `onward`
    from a `step`, or did not. Whoever says the same of all of that is in one cell."""
    said = [over["step"].cast(pa.int64()), over["onward"].cast(pa.int64())]
    said += [pc.fill_null(over[trait.value].cast(pa.int64()), _UNMEASURED) for trait in Trait]
    shape = (steps, 2, *(_UNMEASURED + 1 for _ in Trait))
    cell = np.ravel_multi_index(tuple(each.to_numpy() for each in said), shape)
    weight = over["weight"].to_numpy().astype(np.float64, copy=False)
    visitor = over["visitor"].to_numpy()
    cells = SessionCells(cell, prod(shape), weight, visitor)
    there = np.flatnonzero(cells.sessions)
    step_of, onward_of, *traits_of = np.unravel_index(there, shape)
    state_of = dict(zip(Trait, traits_of, strict=True))

    def share(step: int, trait: Trait, *, onward: bool) -> Estimate:
        state = state_of[trait]
        among = (step_of == step) & (onward_of == onward) & (state != _UNMEASURED)
        did = among & (state == 1)
        if not of_users:
            return cells.share(there[did], there[among])
        places = cells.places(there[among])
        return users_share(weight[places], visitor[places], np.isin(cell[places], there[did]))

    return share


def _sentence(step: str, trait: Trait, pair: tuple[Estimate, Estimate], found: Comparison) -> str:
    dropped, went_on = pair
    if not found.told or dropped.value is None or went_on.value is None:
        return f"{found.sentence[:1].upper()}{found.sentence[1:]}."
    if found.low is None or found.high is None or found.value is None:
        return ""
    low, high = sorted((abs(found.low), abs(found.high)))
    way = "more" if found.value > 0 else "less"
    return (
        f"Leaving at {step} goes with {'' if found.value > 0 else 'less often '}"
        f"{TRAIT_WORDS[trait]}: {percent(dropped.value)} of those who left met it, against"
        f" {percent(went_on.value)} of those who went on, {low * 100:.1f} to {high * 100:.1f}"
        f" points {way}."
    )
