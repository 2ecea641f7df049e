"""Ninety days of a real prober on a simulated machine: restarts, sleeps and clock jumps."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from msgspec import Struct

from analytics.question import Window
from analytics.reports.types import MonitorUptime, State
from analytics.reports.uptime import uptime
from analytics.times import from_us
from probes import prober as prober_module
from probes.monitor import Monitor
from probes.prober import Prober
from store.columns import check_tables, definition_tables
from tests.support.simulated import Machine, Memory, Outage, World, outages_over

START = datetime(2026, 1, 1, tzinfo=UTC)
START_S = START.timestamp()
DAYS = 90
END = START + timedelta(days=DAYS)
MONITOR = Monitor(
    id="site", url="http://a/", interval_s=300, timeout_s=10, confirm_after=3, retry_interval_s=30
)
EDGE_S = MONITOR.interval_s + MONITOR.timeout_s
"""How far an edge may be from what it is an edge of, where the prober was well."""
GRACE_S = 2 * MONITOR.interval_s + MONITOR.timeout_s
CONFIRMED_S = MONITOR.interval_s + 2 * 30.0 + 3 * MONITOR.timeout_s
"""An outage that lasts longer is confirmed for certain."""


class Trouble(Struct, frozen=True):
    """Of the machine, in true time: "restart" and "sleep" last `amount_s`, a "jump" of the wall
    clock moves it by as much."""

    kind: str
    at_s: float
    amount_s: float

    @property
    def end_s(self) -> float:
        return self.at_s + (self.amount_s if self.kind != "jump" else 0.0)


def troubles_over(chance: random.Random) -> list[Trouble]:
    found: list[Trouble] = []
    moment_s = START_S
    ahead_s = 0.0
    while (
        moment_s := moment_s + chance.expovariate(1 / 86_400) + 3_600
    ) < END.timestamp() - 86_400:
        kind = chance.choice(("restart", "sleep", "jump"))
        amount_s = chance.choice((2.0, 20.0, 400.0, 5_000.0, 30_000.0)) * chance.uniform(0.7, 1.3)
        if kind == "jump":  # away from the true time, and back the next time
            amount_s = -ahead_s or chance.choice((-1, 1)) * min(amount_s, 900.0)
            ahead_s += amount_s
        found.append(Trouble(kind, moment_s, amount_s))
        moment_s = found[-1].end_s
    return found


async def live(machine: Machine, world: World, troubles: list[Trouble], memory: Memory) -> None:
    """Run the prober through all of it, each restart a prober of its own."""

    async def until(true_s: float) -> None:
        await asyncio.sleep(max(0.0, true_s - machine.true_s()))

    remaining = list(troubles)
    while True:
        prober = Prober(
            [MONITOR],
            memory,
            location="here",
            checker=world,  # type: ignore[arg-type]
            clock_us=machine.clock_us,
            monotonic_s=machine.monotonic_s,
        )
        stop = asyncio.Event()
        running = asyncio.create_task(prober.run(stop))
        restart: Trouble | None = None
        while remaining and restart is None:
            trouble = remaining.pop(0)
            await until(trouble.at_s)
            if trouble.kind == "sleep":
                machine.sleep(trouble.amount_s)
            elif trouble.kind == "jump":
                machine.error_s += trouble.amount_s
            else:
                restart = trouble
        await until(restart.at_s if restart else END.timestamp())
        stop.set()
        await running
        if restart is None:
            return
        await until(restart.end_s)


def lived(seed: int) -> tuple[Memory, list[Outage], list[Trouble]]:
    chance = random.Random(seed)
    machine = Machine(START_S)
    outages = outages_over(chance, START_S + 3_600, END.timestamp() - 3_600)
    troubles, memory = troubles_over(chance), Memory()
    with asyncio.Runner(loop_factory=machine.loop) as runner:
        runner.run(live(machine, World(machine, outages), troubles, memory))
    return memory, outages, troubles


def told(store: Any, memory: Memory) -> MonitorUptime:
    cursor = store.database.cursor()
    for tables in (check_tables(memory.results), definition_tables(memory.definitions)):
        for name, table in tables.items():
            cursor.register("rows_to_insert", table)
            cursor.execute(f"INSERT INTO {name} BY NAME SELECT * FROM rows_to_insert")
            cursor.unregister("rows_to_insert")
    report = store.ask(lambda snapshot: uptime(snapshot, ["site"], Window(START, END), END))
    row = report.monitors[0]
    assert isinstance(row, MonitorUptime)
    return row


def undisturbed(start_s: float, end_s: float, troubles: list[Trouble]) -> bool:
    """Whether the prober was well, and its clock right, long before and until long after."""
    ahead_s = sum(each.amount_s for each in troubles if each.kind == "jump" and each.at_s < start_s)
    return abs(ahead_s) < 1e-6 and not any(
        each.at_s < end_s + 2 * GRACE_S and each.end_s > start_s - 2 * GRACE_S for each in troubles
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_ninety_days_are_told_as_they_were(
    store: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    # The longest sleep between two looks at the clock: months of whole seconds would take hours.
    monkeypatch.setattr(prober_module, "LOOK_EVERY_S", 120.0)
    memory, outages, troubles = lived(seed)
    row = told(store, memory)

    assert row.intervals[0].start - START < timedelta(seconds=MONITOR.interval_s)
    assert row.intervals[-1].end == END
    for earlier, later in pairwise(row.intervals):
        assert earlier.end == later.start
        assert earlier.state is not later.state

    no_outage_is_false(row, outages)
    well_told = every_outage_is_told(row, outages, troubles)
    assert well_told >= 10
    what_was_not_seen_is_unknown(row, troubles)
    the_bounds_hold(row, outages)


def no_outage_is_false(row: MonitorUptime, outages: list[Outage]) -> None:
    """Wherever it is said to be down it was, but for an interval, and what the clock was wrong."""
    slack_s = EDGE_S + 900 * 1.3
    for each in row.intervals:
        if each.state is State.DOWN:
            start_s, end_s = each.start.timestamp(), each.end.timestamp()
            assert any(
                outage.start_s - slack_s <= start_s and end_s <= outage.end_s + slack_s
                for outage in outages
            ), each


def every_outage_is_told(row: MonitorUptime, outages: list[Outage], troubles: list[Trouble]) -> int:
    """Each that lasted while the prober was well is one incident, its edges known to an interval;
    how many there were."""
    count = 0
    for outage in outages:
        if not undisturbed(outage.start_s, outage.end_s, troubles):
            continue
        incidents = [
            each
            for each in row.incidents
            if each.end
            and each.start.timestamp() < outage.end_s
            and each.end.timestamp() > outage.start_s
        ]
        if outage.end_s - outage.start_s < CONFIRMED_S:
            assert len(incidents) <= 1
            continue
        (incident,) = incidents
        assert incident.end is not None
        assert 0 <= incident.start.timestamp() - outage.start_s <= EDGE_S
        assert 0 <= incident.end.timestamp() - outage.end_s <= EDGE_S
        # Retries confirm it long before two more intervals have passed.
        assert (incident.confirmed_at - incident.start).total_seconds() <= 60 + 1
        count += 1
    return count


def what_was_not_seen_is_unknown(row: MonitorUptime, troubles: list[Trouble]) -> None:
    """All but the edges of a long restart or sleep is unknown, whatever the clock says then."""
    for each in troubles:
        if each.kind != "jump" and each.amount_s > 2 * GRACE_S + 2 * 1_200:
            middle = from_us(round((each.at_s + each.end_s) / 2 * 1e6))
            (state,) = [i.state for i in row.intervals if i.start <= middle < i.end]
            assert state is State.UNKNOWN, each


def the_bounds_hold(row: MonitorUptime, outages: list[Outage]) -> None:
    """The true share of time up lies within what the figure admits to."""
    duty_s = (END - row.intervals[0].start).total_seconds()
    true = 1 - sum(each.end_s - each.start_s for each in outages) / duty_s
    # Besides: outages too short to be confirmed, and the hours in which the clock was wrong.
    wrong_s = 60.0 * len(outages) + 3_600
    assert row.low is not None
    assert row.high is not None
    assert row.low - wrong_s / duty_s <= true <= row.high + wrong_s / duty_s
    assert 0.5 < row.observed_share < 1
