"""One event, many monitors: parents hold back, sentinels tell our own network, flapping is one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.parents import ancestors
from analytics.question import Window
from analytics.reports.types import MonitorUptime, State, UptimeReport
from analytics.reports.uptime import uptime

START = datetime(2026, 4, 1, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def define(store: Any, monitor: str, **fields: Any) -> None:
    encoded = ",".join(
        f'"{key}":{value}'
        for key, value in {
            "id": f'"{monitor}"',
            "parents": "[" + ",".join(f'"{each}"' for each in fields.get("parents", ())) + "]",
            "sentinel": "true" if fields.get("sentinel") else "false",
            "quorum": fields.get("quorum", 0),
        }.items()
    )
    for location in fields.get("locations", ("here",)):
        store.definitions(
            [
                {
                    "monitor": monitor,
                    "from_time": START,
                    "location": location,
                    "definition": "{" + encoded + "}",
                }
            ]
        )


def check(
    store: Any,
    monitor: str,
    down: tuple[float, float] | None,
    until: int = 60,
    *,
    phase_s: float = 0,
    **columns: Any,
) -> None:
    """A check a minute from `phase_s` on; bad from minute to minute of `down`."""
    rows = []
    for number in range(until):
        due = START + number * MINUTE + phase_s * SECOND
        minute = (due - START) / MINUTE
        bad = down is not None and down[0] <= minute < down[1]
        rows.append(
            {"monitor": monitor, "due": due, "verdict": "bad" if bad else "good", **columns}
        )
    store.checks(rows)


def ask(store: Any, *monitors: str, until: float = 60) -> UptimeReport:
    now = START + until * MINUTE
    report = store.ask(lambda snapshot: uptime(snapshot, monitors or None, Window(START, now), now))
    assert isinstance(report, UptimeReport)
    return report


def row(report: UptimeReport, monitor: str) -> MonitorUptime:
    return next(each for each in report.monitors if each.monitor == monitor)


def held(report: UptimeReport) -> dict[str, list[str]]:
    """The cause of each incident, by monitor; "" where it stands for itself."""
    return {each.monitor: [i.cause for i in each.incidents] for each in report.monitors}


@pytest.mark.parametrize(
    ("child", "cause"),
    [
        ((10, 20), "router"),
        ((9.2, 20), "router"),  # its own check came first
        ((10, 21.2), "router"),  # and last
        ((12, 15), "router"),
        ((6, 20), ""),  # failing before its parent, and long
        ((10, 30), ""),  # failing on alone
        ((30, 40), ""),
    ],
)
def test_an_outage_is_held_back_while_its_parent_is_down(
    store: Any, child: tuple[float, float], cause: str
) -> None:
    define(store, "router")
    define(store, "shop", parents=("router",))
    check(store, "router", (10, 20))
    check(store, "shop", child, phase_s=12)
    report = ask(store, "shop")  # the parent is read though it is not asked for
    assert held(report) == {"shop": [cause]}
    (incident,) = row(report, "shop").incidents
    assert incident.held_back == bool(cause)
    # It was down all the same.
    assert row(report, "shop").seconds[State.DOWN] == incident.down_s > 0


def test_the_farthest_that_is_down_is_the_cause_and_circles_end() -> None:
    parents = {"page": ("shop", "cdn"), "shop": ("router",), "router": ("page",), "cdn": ("cdn",)}
    assert ancestors("page", parents) == ["shop", "cdn", "router"]


def test_grandparents_hold_back_too(store: Any) -> None:
    define(store, "router")
    define(store, "shop", parents=("router",))
    define(store, "page", parents=("shop",))
    for phase_s, monitor in enumerate(("router", "shop", "page")):
        check(store, monitor, (10, 20), phase_s=phase_s)
    assert held(ask(store)) == {"router": [""], "shop": ["router"], "page": ["router"]}


def test_an_outage_waits_for_its_parent_to_be_looked_at(store: Any) -> None:
    """The child fails at 10:12 and 11:12, is confirmed, and its parent was good at 10:00."""
    define(store, "router")
    define(store, "shop", parents=("router",))
    check(store, "router", None, 11)
    check(store, "shop", (10, 60), 12, phase_s=12)
    assert held(ask(store, "shop", until=11.5)) == {"shop": ["router"]}
    store.checks([{"monitor": "router", "due": START + 11 * MINUTE}])
    assert held(ask(store, "shop", until=11.5)) == {"shop": [""]}  # the parent is well


def test_a_silent_parent_holds_nothing_back_for_long(store: Any) -> None:
    define(store, "router")
    define(store, "shop", parents=("router",))
    check(store, "router", None, 11)
    check(store, "shop", (10, 60), 15, phase_s=12)
    assert held(ask(store, "shop", until=14.5)) == {"shop": [""]}


def two_sentinels(store: Any, down: Mapping[str, tuple[float, float] | None]) -> None:
    for phase_s, (monitor, when) in enumerate(down.items()):
        define(store, monitor, sentinel=monitor.startswith("sentinel"))
        check(store, monitor, when, phase_s=phase_s * 7)


def test_what_fails_with_all_sentinels_is_our_own_network(store: Any) -> None:
    two_sentinels(
        store,
        {"sentinel-1": (10, 20), "sentinel-2": (10, 20), "shop": (10, 20), "steady": None},
    )
    report = ask(store)
    assert not any(each.incidents for each in report.monitors)
    shop = row(report, "shop")
    assert State.DOWN not in shop.seconds
    # From when the next result was due: what came before was still heard.
    assert shop.seconds[State.UNKNOWN] == 9 * 60 + 60
    assert shop.uptime == 1
    assert row(report, "steady").seconds == {State.UP: pytest.approx(3600 - 21)}
    (note,) = report.own_network
    assert (note.location, note.sentinels) == ("here", ("sentinel-1", "sentinel-2"))
    assert note.monitors == ("shop",)
    assert START + 9 * MINUTE <= note.start <= START + 10 * MINUTE
    assert note.end == START + 20 * MINUTE
    assert ask(store, "shop").own_network == report.own_network
    assert ask(store, "shop", until=15).own_network[0].end is None


def test_one_sentinel_alone_gates_nothing(store: Any) -> None:
    two_sentinels(store, {"sentinel-1": (10, 20), "sentinel-2": None, "shop": (10, 20)})
    report = ask(store)
    assert report.own_network == ()
    assert [len(each.incidents) for each in report.monitors] == [1, 0, 1]


def test_an_outage_that_began_before_our_network_failed_goes_on_after_it(store: Any) -> None:
    two_sentinels(store, {"sentinel-1": (20, 30), "sentinel-2": (20, 30), "shop": (10, 40)})
    report = ask(store)
    (incident,) = row(report, "shop").incidents
    assert (incident.start, incident.end) == (
        START + 10 * MINUTE + 14 * SECOND,
        START + 40 * MINUTE + 14 * SECOND,
    )
    assert incident.down_s < 22 * 60
    assert row(report, "shop").seconds[State.UNKNOWN] > 8 * 60


def test_the_gate_closes_at_its_own_location_only(store: Any) -> None:
    for location in ("here", "there"):
        bad = (10, 20) if location == "here" else None
        for monitor in ("sentinel-1", "sentinel-2"):
            define(store, monitor, sentinel=True, locations=(location,))
            check(store, monitor, bad, location=location)
        define(store, "shop", locations=(location,), quorum=1)
        check(store, "shop", (10, 20) if location == "there" else bad, location=location)
    report = ask(store)
    (incident,) = row(report, "shop").incidents
    assert incident.down_s == 600
    assert [note.location for note in report.own_network] == ["here"]


def test_the_third_outage_in_half_an_hour_stays_open_until_it_is_stable(store: Any) -> None:
    define(store, "shop")
    rows = []
    for number in range(90):
        # Down for two minutes of every six, from 10 to 40.
        bad = 10 <= number < 40 and number % 6 in (4, 5)
        rows.append(
            {
                "monitor": "shop",
                "due": START + number * MINUTE,
                "verdict": "bad" if bad else "good",
            }
        )
    store.checks(rows)
    incidents = row(ask(store, until=90), "shop").incidents
    assert [(each.start - START) // MINUTE for each in incidents] == [10, 16, 22]
    assert [(each.flapping, each.outages, each.down_s) for each in incidents] == [
        (False, 1, 120),
        (False, 1, 120),
        (True, 3, 360),
    ]
    assert incidents[-1].end == START + 36 * MINUTE
    now = row(ask(store, until=45), "shop")
    assert now.state is State.UP
    assert [each.end is None for each in now.incidents] == [False, False, True]
    # What was told once is not taken back.
    early = row(ask(store, until=25), "shop").incidents
    assert [each.id for each in early] == [each.id for each in incidents]
