"""A slow, obvious second reading of how results become states: second by second, result by result.

Times are whole seconds after any start. It shares nothing with analytics but the names of states.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from analytics.reports.types import State

INTERVAL_S, TIMEOUT_S = 6, 1
GRACE_S = 2 * INTERVAL_S + TIMEOUT_S
PASSING = {"good": State.UP, "degraded": State.DEGRADED}

Result = tuple[int, str]
"""Due, and verdict."""
Span = tuple[int, int]
Outage = tuple[int, int | None, int]
"""From, to (None: it lasts), and seconds down."""


def location_states(
    results: Sequence[Result], pauses: Sequence[Span], needed: tuple[int, int], end: int
) -> dict[int, State]:
    """The state of each second from the first result that tells something."""
    told = [result for result in results if result[1] != "unknown"]
    states: dict[int, State] = {}
    settled: dict[int, State] = {}
    for second in range(told[0][0], end):
        at = max(i for i, (due, _) in enumerate(told) if due <= second)
        unheard = _unheard(told, pauses, at, second, end)
        if unheard is None and at not in settled:
            settled[at] = _settled(told, needed, at, end)
        states[second] = unheard or settled[at]
    return states


def _unheard(
    told: Sequence[Result], pauses: Sequence[Span], at: int, second: int, end: int
) -> State | None:
    """Paused or unknown, where nothing is heard."""
    due = told[at][0]
    until = told[at + 1][0] if at + 1 < len(told) else end
    if any(pause <= second < resume for pause, resume in pauses):
        return State.PAUSED
    if until - due > GRACE_S:
        for pause, resume in pauses:
            if resume > due and pause < until:
                if second >= resume:
                    return State.UNKNOWN if until - resume > GRACE_S else State.PAUSED
                until = pause
        if until - due > GRACE_S and second >= due + INTERVAL_S:
            return State.UNKNOWN
    return None


def _settled(told: Sequence[Result], needed: tuple[int, int], at: int, end: int) -> State:
    """What the results up to number `at`, and those that confirm it, say."""

    def unbroken(first: int, count: int, *, bad: bool) -> bool:
        row = told[first : first + count]
        return (
            len(row) == count
            and all((verdict == "bad") is bad for _, verdict in row)
            and all(later[0] - earlier[0] <= GRACE_S for earlier, later in pairwise(row))
        )

    outage = False
    for i in range(at + 1):
        if not outage and unbroken(i, needed[0], bad=True):
            outage = True
        elif outage and unbroken(i, needed[1], bad=False):
            outage = False
    if outage:
        return State.DOWN
    for i in range(at, -1, -1):
        if told[i][1] != "bad":
            return PASSING[told[i][1]]
        if i == 0 or told[i][0] - told[i - 1][0] > GRACE_S:
            break
    waiting = all(verdict == "bad" for _, verdict in told[at:]) and all(
        later[0] - earlier[0] <= GRACE_S for earlier, later in pairwise([*told[at:], (end, "")])
    )
    return State.UNKNOWN if waiting else State.UP


def by_quorum(locations: Sequence[Mapping[int, State]], quorum: int, end: int) -> dict[int, State]:
    """The state of each second in which any location is on duty."""
    if len(locations) == 1 and quorum <= 1:
        return dict(locations[0])
    states = {}
    for second in range(end):
        says = [each[second] for each in locations if second in each]
        down, degraded = says.count(State.DOWN), says.count(State.DEGRADED)
        reporting = down + degraded + says.count(State.UP)
        if not says:
            continue
        if all(state is State.PAUSED for state in says):
            states[second] = State.PAUSED
        elif reporting == 0 or reporting < quorum:
            states[second] = State.UNKNOWN
        elif down >= quorum if quorum else down > reporting / 2:
            states[second] = State.DOWN
        else:
            states[second] = State.DEGRADED if down or degraded else State.UP
    return states


def outages(states: Mapping[int, State]) -> list[Outage]:
    """From each first second down to where it is seen up again."""
    found: list[Outage] = []
    since: int | None = None
    for second in sorted(states):
        state = states[second]
        if state is State.DOWN and since is None:
            since = second
        elif state in (State.UP, State.DEGRADED) and since is not None:
            found.append((since, second, 0))
            since = None
    if since is not None:
        found.append((since, None, 0))
    return [_counted(outage, states) for outage in found]


def with_maintenance(
    states: Mapping[int, State], spans: Sequence[Span], bad_dues: Sequence[int]
) -> dict[int, State]:
    """Maintenance over all but pauses; down time after it only where a check since failed."""

    def planned(second: int) -> bool:
        return any(start <= second < end for start, end in spans)

    laid = {
        second: State.MAINTENANCE if planned(second) and state is not State.PAUSED else state
        for second, state in states.items()
    }
    for _, ended in spans:
        if planned(ended) or laid.get(ended) is not State.DOWN:
            continue
        last = ended
        while laid.get(last) is State.DOWN:
            last += 1
        if not any(ended <= due < last for due in bad_dues):
            for second in range(ended, last):
                laid[second] = State.UNKNOWN
    return laid


def outages_left(found: Sequence[Outage], states: Mapping[int, State]) -> list[Outage]:
    """The outages with the time down that maintenance left of them; without any, none."""
    return [left for each in found if (left := _counted(each, states))[2]]


def _counted(outage: Outage, states: Mapping[int, State]) -> Outage:
    start, end, _ = outage
    down = [
        second
        for second, state in states.items()
        if state is State.DOWN and second >= start and (end is None or second < end)
    ]
    return (min(down, default=start), end, len(down))


def damped(found: Sequence[Outage], now: int, most: int, within: int, stable: int) -> list[Outage]:
    """Outages that flap as one: judged again at each of them from all that came before."""
    edges = sorted(edge for start, end, _ in found for edge in (start, end) if edge is not None)
    joined: list[Outage] = []
    open_from: int | None = None
    for number, (start, end, down) in enumerate(found):
        before = found[number - 1][1] if number else None
        if open_from is not None and before is not None and start - before < stable:
            joined[-1] = (joined[-1][0], end, joined[-1][2] + down)
            continue
        recent = [edge for edge in edges if start - within <= edge <= start]
        open_from = start if len(recent) > most else None
        joined.append((start, end, down))
    if open_from is not None and joined[-1][1] is not None and now - joined[-1][1] < stable:
        joined[-1] = (joined[-1][0], None, joined[-1][2])
    return joined
