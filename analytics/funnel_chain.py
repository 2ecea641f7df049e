"""The query of a funnel: which events match, and how far their chains come, by order of steps.

Every order is a fixed number of passes over the sorted events that match, so that one session of
a great many events costs no more than they would in many sessions.
"""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from analytics.question import Order, Rules, Step, Unit
from analytics.sql import query
from analytics.step_matching import matches

STEPS_MAX = 10
EXCLUDED_MAX = 10


class Chain(Struct, frozen=True):
    """Fragments that define `step_N` of the last step N, a row an event, and `came`, a row a
    session or user that entered; and their parameters."""

    fragments: tuple[str, ...]
    parameters: dict[str, object]


def chain(steps: Sequence[Step], rules: Rules, within: timedelta) -> Chain:
    """The chains of `steps`, over the rows of `read`.

    Binds `start`, `end` and `until` besides. Raises ValueError for steps that make no sense.
    """
    if problem := steps_problem(steps, rules):
        raise ValueError(problem)
    found, parameters = matches(steps, "s")
    ends, more = matches(rules.exclude, "x")
    parameters |= more
    if len(steps) > 1 or rules.order is Order.ANY:  # DuckDB refuses a parameter that is not used
        parameters["within_us"] = within // timedelta(microseconds=1)
    by_user = rules.unit is Unit.USER
    people = [query("funnel_people")] if by_user else []
    fragments = (
        *people,
        query("funnel_matched").format(
            who="coalesce(person, session::VARCHAR)" if by_user else "session",
            rows="read LEFT JOIN people USING (session)" if by_user else "read",
            ends=" OR ".join(ends) or "false",
            stretch="sum(ends::INTEGER) OVER whole" if ends else "0",
            columns=_columns(found, ends, rules.order),
            matches=" OR ".join([*found, *ends]),
        ),
        *_passes(len(steps), rules.order),
        query("funnel_came").format(last=len(steps)),
    )
    return Chain(fragments, parameters)


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


def _columns(found: Sequence[str], ends: Sequence[str], order: Order) -> str:
    """Which steps an event is of; one that ends the funnel is of none, and in any order an event
    is of the first step that it matches."""
    kept = f" AND NOT ({' OR '.join(ends)})" if ends else ""
    if order is not Order.ANY:
        return ", ".join(f"{text}{kept} AS is_{n}" for n, text in enumerate(found, 1))
    whens = " ".join(f"WHEN {text}{kept} THEN {n}" for n, text in enumerate(found, 1))
    return f"CASE {whens} END AS step"


def _passes(steps: int, order: Order) -> list[str]:
    numbers = range(1, steps + 1)
    if order is Order.ANY:
        recent = query("funnel_recent").strip()
        ones = [f"coalesce({recent.format(n=n, what=1)}, 0)" for n in numbers]
        return [
            query("funnel_any").format(
                last=steps,
                latest=", ".join(query("funnel_latest").strip().format(n=n) for n in numbers),
                count=" + ".join(ones),
                starts=", ".join(recent.format(n=n, what=f"latest_{n}") for n in numbers),
                entries=", ".join(f"entry_{n}" for n in numbers),
            )
        ]
    name = "funnel_step_strict" if order is Order.STRICT else "funnel_step"
    further = [query(name).format(step=n, before=n - 1) for n in numbers[1:]]
    return [query("funnel_begin"), *further]
