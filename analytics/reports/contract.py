"""A contract's month: numbers.md, "SLA month" and "Several monitors"."""

from collections.abc import Sequence
from datetime import datetime

from analytics.basis import Basis
from analytics.burn import LONGEST, Burn, burns
from analytics.combined_time import Seconds, Stretch, combined_time, seconds_of, within
from analytics.maintenance import Maintenance
from analytics.question import Window
from analytics.reports.contract_types import (
    ContractIncident,
    ContractMonitor,
    ContractQuestion,
    ContractReport,
    ContractState,
    CreditTier,
    Month,
    Uncounted,
)
from analytics.reports.types import Blip, Incident, MonitorUptime, UptimeReport
from analytics.reports.uptime import uptime
from store.snapshot import Snapshot

DEFINITION = "contract"
ROUNDING_S = 1e-6


def contract(
    snapshot: Snapshot,
    question: ContractQuestion,
    month: Month,
    now: datetime,
    maintenance: Sequence[Maintenance] = (),
) -> ContractReport:
    """The contract's `month` as seen at `now`; time after `now` was not lived yet, and that of
    `maintenance` is excluded."""
    window = month.window(question.timezone)
    start = min(window.start, now - LONGEST) if now < window.end else window.start
    read = uptime(snapshot, question.monitors, Window(start, window.end), now, maintenance)
    return contract_of(read, question, month, now)


def contract_of(
    read: UptimeReport, question: ContractQuestion, month: Month, now: datetime
) -> ContractReport:
    """The month out of the uptime of the contract's monitors, read at least over it, and from
    LONGEST before `now` while it runs."""
    window = month.window(question.timezone)
    lived = Window(window.start, max(window.start, min(window.end, now)))
    all_stretches = combined_time(
        {row.monitor: row.intervals for row in read.monitors},
        question.combination,
        question.weights,
    )
    stretches = within(all_stretches, lived)
    over = now >= window.end
    incidents = _incidents(read.monitors, stretches, lived, over=over)
    spent = seconds_of(stretches)
    earlier_s, later_s = _edges(stretches, incidents, lived)
    observed_s, duty_s = spent.up_s + spent.down_s, spent.up_s + spent.down_s + spent.unknown_s
    month_s = (window.end - window.start).total_seconds()
    allowed_s = round((1 - question.target) * month_s, 6)
    down_low_s = spent.down_s - min(later_s, spent.down_s)
    down_high_s = min(duty_s, spent.down_s + spent.unknown_s + earlier_s)
    state = _state(spent, allowed_s, over=over)
    return ContractReport(
        basis=Basis(
            definition=DEFINITION,
            start=lived.start,
            end=lived.end,
            observed_share=observed_s / duty_s if duty_s else None,
            generated=read.basis.generated,
        ),
        id=question.id,
        name=question.name,
        target=question.target,
        combination=question.combination,
        timezone=question.timezone,
        month=str(month),
        start=window.start,
        end=window.end,
        over=over,
        state=state,
        sure=_is_over(down_low_s, allowed_s) == _is_over(down_high_s, allowed_s),
        month_s=month_s,
        lived_s=(lived.end - lived.start).total_seconds(),
        allowed_s=allowed_s,
        left_s=round(allowed_s - spent.down_s, 6),
        down_s=spent.down_s,
        down_low_s=down_low_s,
        down_high_s=down_high_s,
        up_s=spent.up_s,
        unknown_s=spent.unknown_s,
        excluded_s=spent.excluded_s,
        uptime=spent.up_s / observed_s if observed_s else None,
        low=1 - down_high_s / duty_s if observed_s else None,
        high=1 - down_low_s / duty_s if observed_s else None,
        observed_share=observed_s / duty_s if duty_s else 0.0,
        claimable=_claimable(question.credits, spent.down_s, month_s),
        incidents=incidents,
        blips=_blips(read.monitors, lived),
        monitors=tuple(_monitor(row, question, lived) for row in read.monitors),
        burns=_burns(all_stretches, question, window, now),
    )


def _is_over(down_s: float, allowed_s: float) -> bool:
    return down_s > allowed_s + ROUNDING_S


def _state(spent: Seconds, allowed_s: float, *, over: bool) -> ContractState:
    if not spent.up_s and not spent.down_s:
        return ContractState.NO_DATA
    if _is_over(spent.down_s, allowed_s):
        return ContractState.BROKEN
    return ContractState.KEPT if over else ContractState.RUNNING


def _claimable(tiers: Sequence[CreditTier], down_s: float, month_s: float) -> CreditTier | None:
    """The tier with the lowest bound that the month is under."""
    for tier in sorted(tiers, key=lambda tier: tier.below):
        if _is_over(down_s, (1 - tier.below / 100) * month_s):
            return tier
    return None


def _incidents(
    rows: Sequence[MonitorUptime], stretches: Sequence[Stretch], lived: Window, *, over: bool
) -> tuple[ContractIncident, ...]:
    """The monitors' incidents in the month, those that overlap made one."""
    found = sorted(
        (
            incident
            for row in rows
            for incident in row.incidents
            if incident.start < lived.end and (incident.end or lived.end) > lived.start
        ),
        key=lambda incident: incident.start,
    )
    groups: list[list[Incident]] = []
    until: datetime | None = None
    for incident in found:
        end = incident.end or lived.end
        if until is None or incident.start >= until:
            groups.append([incident])
            until = end
        else:
            groups[-1].append(incident)
            until = max(until, end)
    return tuple(_incident(group, stretches, lived, over=over) for group in groups)


def _incident(
    group: Sequence[Incident], stretches: Sequence[Stretch], lived: Window, *, over: bool
) -> ContractIncident:
    first = group[0]
    ends = [incident.end for incident in group if incident.end is not None]
    end = max(ends) if len(ends) == len(group) else None
    until = max(incident.end or lived.end for incident in group)
    inside = Window(max(first.start, lived.start), min(until, lived.end))
    spent = seconds_of(within(stretches, inside))
    month_s = (inside.end - inside.start).total_seconds()
    outside_s = (until - first.start).total_seconds() - month_s
    reasons = {
        Uncounted.BEFORE: first.start < lived.start,
        Uncounted.AFTER: until > lived.end or (end is None and over),
        Uncounted.EXCLUDED: spent.excluded_s > 0,
        Uncounted.ANSWERED: spent.up_s > 0,
        Uncounted.UNOBSERVED: spent.unknown_s > 0,
    }
    return ContractIncident(
        start=first.start,
        end=end,
        monitors=tuple(dict.fromkeys(incident.monitor for incident in group)),
        outcome=first.outcome,
        detail=first.detail,
        edge_s=max(incident.edge_s for incident in group),
        month_s=month_s,
        counted_s=spent.down_s,
        excluded_s=spent.excluded_s,
        unobserved_s=spent.unknown_s,
        answered_s=spent.up_s,
        outside_s=outside_s,
        why=tuple(reason for reason, holds in reasons.items() if holds),
    )


def _edges(
    stretches: Sequence[Stretch], incidents: Sequence[ContractIncident], lived: Window
) -> tuple[float, float]:
    """Seconds by which down time may have begun earlier, and may have ended earlier: an edge's
    interval for each step of the down share out of, or back into, observed time."""
    earlier_s = later_s = 0.0
    for number, each in enumerate(stretches):
        if not each.shares.down:
            continue
        edge_s = next((i.edge_s for i in incidents if _holds(i, each, lived)), 0.0)
        before = stretches[number - 1].shares if number else None
        after = stretches[number + 1].shares if number + 1 < len(stretches) else None
        if before:
            earlier_s += edge_s * min(before.up, max(0.0, each.shares.down - before.down))
        if after:
            later_s += edge_s * min(after.up, max(0.0, each.shares.down - after.down))
    return earlier_s, later_s


def _holds(incident: ContractIncident, stretch: Stretch, lived: Window) -> bool:
    return incident.start < stretch.end and (incident.end or lived.end) > stretch.start


def _blips(rows: Sequence[MonitorUptime], lived: Window) -> tuple[Blip, ...]:
    inside = [
        blip
        for row in rows
        for blip in row.blips
        if blip.start < lived.end and blip.end > lived.start
    ]
    return tuple(sorted(inside, key=lambda blip: blip.start))


def _monitor(row: MonitorUptime, question: ContractQuestion, lived: Window) -> ContractMonitor:
    own = within(combined_time({row.monitor: row.intervals}, question.combination, {}), lived)
    spent = seconds_of(own)
    observed_s = spent.up_s + spent.down_s
    duty_s = observed_s + spent.unknown_s
    return ContractMonitor(
        monitor=row.monitor,
        name=row.name,
        weight=question.weights.get(row.monitor, 1.0),
        uptime=spent.up_s / observed_s if observed_s else None,
        down_s=spent.down_s,
        unknown_s=spent.unknown_s,
        observed_share=observed_s / duty_s if duty_s else 0.0,
        incidents=sum(
            each.start < lived.end and (each.end or lived.end) > lived.start
            for each in row.incidents
        ),
    )


def _burns(
    stretches: Sequence[Stretch], question: ContractQuestion, window: Window, now: datetime
) -> tuple[Burn, ...]:
    if not window.start <= now < window.end:
        return ()
    return burns(stretches, question.target, now)
