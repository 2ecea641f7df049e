"""The events that a funnel is made of, as arrays out of the store, and their chains."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct, structs
from numpy.typing import NDArray

from analytics.funnel_walk import NONE, Numbers, Rows, Walked, arrived, came, walk
from analytics.in_order import columns_in_order
from analytics.question import Order, Rules, Step, Unit, Window
from analytics.sampling import Reading
from analytics.sql import query, with_read
from analytics.step_matching import STEPS_MAX, matches
from analytics.times import MICROSECOND, naive, to_us
from store.snapshot import Snapshot

EXCLUDED_MAX = 10


class Chain(Struct, frozen=True, kw_only=True):
    """What chains of events are looked for: `steps`, each at most `within` after the first, that
    begin within `window`, by `rules`."""

    steps: Sequence[Step]
    window: Window
    within: timedelta
    rules: Rules


class Chained(Struct, frozen=True, kw_only=True):
    """The events found, and their chains; `load` and `view` say in which view each was, where that
    was asked for."""

    rows: Rows
    walked: Walked
    load: Numbers
    view: Numbers

    @property
    def came(self) -> pa.Table:
        """One row for each that entered; the fields are Came's."""
        return pa.table(structs.asdict(came(self.rows, self.walked)))

    @property
    def arrived(self) -> pa.Table:
        """One row for each that entered and step they came to: Arrived's fields, and in which
        session they came to it last; and in which view, where that was asked for."""
        found = arrived(self.rows, self.walked)
        views = {"load": self.load, "view": self.view} if len(self.view) else {}
        return pa.table(
            {
                "who": found.who,
                "step": found.step,
                "first_us": found.first_us,
                "last_us": found.last_us,
                "onward_us": pa.array(found.onward_us, mask=found.onward_us == NONE),
                "session": self.rows.session[found.row],
                **{name: column[found.row] for name, column in views.items()},
            }
        )


def _empty(**types: pa.DataType) -> pa.Table:
    return pa.table({name: pa.array([], type_) for name, type_ in types.items()})


NOBODY_CAME = _empty(
    who=pa.uint64(),
    session=pa.uint64(),
    weight=pa.float64(),
    depth=pa.int64(),
    entered_us=pa.int64(),
    entered_last_us=pa.int64(),
    took_s=pa.float64(),
)
NOBODY_ARRIVED = _empty(
    who=pa.uint64(),
    step=pa.int64(),
    first_us=pa.int64(),
    last_us=pa.int64(),
    onward_us=pa.int64(),
    session=pa.uint64(),
    load=pa.int64(),
    view=pa.int64(),
)
"""As Chained.came and Chained.arrived, where no event matches."""


def came_and_arrived(found: Chained | None) -> dict[str, pa.Table]:
    """Both tables by name, for a query over them."""
    return {
        "came": found.came if found else NOBODY_CAME,
        "arrived": found.arrived if found else NOBODY_ARRIVED,
    }


def chained(
    snapshot: Snapshot, reading: Reading, chain: Chain, *, views: bool = False
) -> Chained | None:
    """The chains of a reading, or None where no event matches; `views`: tell `load` and `view`.

    Raises ValueError for steps that make no sense.
    """
    if problem := steps_problem(chain.steps, chain.rules):
        raise ValueError(problem)
    found = _matched(snapshot, reading, chain, views=views)
    if not len(found["who"]):
        return None
    rows = Rows(
        who=found["who"],
        session=found.get("session", found["who"]),
        weight=found["weight"],
        time_us=found["time_us"],
        steps=found["steps"],
        ends=found["ends"],
    )
    walked = walk(
        rows,
        len(chain.steps),
        chain.rules.order,
        chain.within // MICROSECOND,
        to_us(chain.window.end),
    )
    unasked = np.empty(0, dtype=np.int64)
    return Chained(
        rows=rows,
        walked=walked,
        load=found.get("load", unasked),
        view=found.get("view", unasked),
    )


def steps_problem(steps: Sequence[Step], rules: Rules) -> str:
    """What is wrong with the steps; "" for nothing that can be told without their conditions."""
    if len(steps) > STEPS_MAX:
        return f"a funnel has at most {STEPS_MAX} steps, not {len(steps)}"
    if len(rules.exclude) > EXCLUDED_MAX:
        return f"a funnel has at most {EXCLUDED_MAX} steps that end it, not {len(rules.exclude)}"
    plain = [(step.page, step.event, step.click, step.where) for step in steps]
    if rules.order is Order.ANY and len(set(plain)) < len(plain):
        return "in any order, no two steps are the same"
    excluded = [(step.page, step.event, step.click, step.where) for step in rules.exclude]
    if set(plain) & set(excluded):
        return "a step that ends the funnel is none of its steps"
    return ""


def _matched(
    snapshot: Snapshot, reading: Reading, chain: Chain, *, views: bool
) -> dict[str, NDArray[Any]]:
    steps, parameters = matches(chain.steps, "s")
    ends, more = matches(chain.rules.exclude, "x")
    parameters |= more
    by_user = chain.rules.unit is Unit.USER
    columns = ["hash(session) AS session"] * by_user
    columns += ["(batch >> 20)::BIGINT AS load", "view::BIGINT AS view"] * views
    text = with_read(
        reading.fragment,
        "funnel_matched",
        *([query("funnel_people")] if by_user else []),
    ).format(
        who="hash(coalesce(person, session::VARCHAR))" if by_user else "hash(session)",
        rows="read LEFT JOIN people USING (session)" if by_user else "read",
        steps=" + ".join(
            query("funnel_step").strip().format(matches=match, bit=1 << place)
            for place, match in enumerate(steps)
        ),
        ends=" OR ".join(f"({match})" for match in ends) or "false",
        more="".join(f", {column}" for column in columns),
        kinds=", ".join(f"${name}" for name in _kinds(parameters)),
        matches=" OR ".join(f"({match})" for match in [*steps, *ends]),
    )
    asked = {
        **reading.parameters,
        **(reading.summaries(snapshot) if by_user else {}),
        **parameters,
        "start": naive(chain.window.start),
        "until": naive(chain.window.end + chain.within),
    }
    return columns_in_order(snapshot, reading, text, asked, whole=not by_user)


def _kinds(parameters: Mapping[str, object]) -> list[str]:
    """The parameters that hold the kinds of the steps, one a kind: of five or more texts DuckDB
    makes a join in place of a filter."""
    named = {kind: name for name, kind in parameters.items() if name.startswith("kind_")}
    return list(named.values())
