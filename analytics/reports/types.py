"""The typed values reports return. Each also gives a pandas frame, one row a figure."""

from datetime import date, datetime
from enum import StrEnum

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis, Estimate
from analytics.reports.activity_types import ActivityState
from analytics.reports.error_types import Total
from analytics.reports.funnel_types import FunnelReport as FunnelReport
from analytics.reports.funnel_types import FunnelSegment as FunnelSegment
from analytics.reports.funnel_types import FunnelStep as FunnelStep
from analytics.reports.vital_types import VitalChange


class State(StrEnum):
    """What a monitor's time is in, at each instant exactly one."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    MAINTENANCE = "maintenance"
    PAUSED = "paused"
    UNKNOWN = "unknown"


class Interval(Struct, frozen=True):
    """One state of a monitor, from `start` up to but not including `end`. UTC."""

    start: datetime
    end: datetime
    state: State


class Incident(Struct, frozen=True, kw_only=True):
    """A confirmed outage. `end` is None while it lasts. Each edge is known to `edge_s` seconds.

    `down_s` is the time seen down, less than it lasted where results fell silent meanwhile.
    What an incident that is held back or flaps means stands in analytics/verdict.py.
    """

    monitor: str
    start: datetime
    end: datetime | None
    confirmed_at: datetime
    edge_s: float
    outcome: str
    """Of the first failing check."""
    detail: str
    failed_checks: int
    down_s: float = 0.0
    outages: int = 1
    """Stretches down; more than one where silence lay between, or where the monitor flapped."""
    flapping: bool = False
    held_back: bool = False
    """A monitor it cannot do without explains it: down, but nobody is told."""
    cause: str = ""
    """The id of that monitor."""

    @property
    def id(self) -> str:
        return f"{self.monitor}@{self.start:%Y%m%dT%H%M%SZ}"


class Blip(Struct, frozen=True, kw_only=True):
    """Bad results that were never confirmed: not down."""

    monitor: str
    start: datetime
    end: datetime
    outcome: str
    detail: str
    failed_checks: int


class DayShare(Struct, frozen=True, kw_only=True):
    """Seconds of one UTC day by state; a day's strip in the console."""

    day: date
    seconds: dict[State, float]
    uptime: float | None
    observed_share: float


class MonitorUptime(Struct, frozen=True, kw_only=True):
    """One monitor's uptime over a window: see numbers under "Uptime".

    `uptime` is up / (up + down), degraded counting as up; None when nothing was observed. The
    bounds take unknown time as all down and all up, and add each outage edge's uncertainty.
    """

    monitor: str
    name: str
    state: State
    """Now, or at the end of the window."""
    state_since: datetime | None
    uptime: float | None
    low: float | None
    high: float | None
    observed_share: float
    seconds: dict[State, float]
    intervals: tuple[Interval, ...]
    incidents: tuple[Incident, ...]
    blips: tuple[Blip, ...]
    days: tuple[DayShare, ...]


class OwnNetwork(Struct, frozen=True, kw_only=True):
    """A time in which a location's sentinels all failed: what failed then is unknown, not down."""

    location: str
    start: datetime
    end: datetime | None
    """None while it lasts."""
    sentinels: tuple[str, ...]
    monitors: tuple[str, ...]
    """Those, of the ones asked for, whose failures it explains."""

    @property
    def id(self) -> str:
        return f"own-network.{self.location}@{self.start:%Y%m%dT%H%M%SZ}"


class UptimeReport(Struct, frozen=True, kw_only=True):
    basis: Basis
    monitors: tuple[MonitorUptime, ...]
    own_network: tuple[OwnNetwork, ...] = ()

    def frame(self) -> pd.DataFrame:
        """One row a monitor: uptime and bounds, observed share, seconds by state, incidents."""
        return pd.DataFrame(
            [
                {
                    "monitor": row.monitor,
                    "name": row.name,
                    "state": row.state.value,
                    "uptime": row.uptime,
                    "low": row.low,
                    "high": row.high,
                    "observed_share": row.observed_share,
                    **{f"{state.value}_s": row.seconds.get(state, 0.0) for state in State},
                    "incidents": len(row.incidents),
                    "blips": len(row.blips),
                }
                for row in self.monitors
            ]
        )


class SpeedRow(Struct, frozen=True, kw_only=True):
    """One vital of one page template for one level ("" for everyone): p75 with its interval."""

    page: str
    level: str
    device: str
    """"" for all devices."""
    vital: str
    """lcp, inp, cls, fcp or ttfb."""
    p75: Estimate
    views: int
    good: float | None
    poor: float | None
    """Shares of views; None for vitals without published thresholds, or when withheld."""

    @property
    def needs_improvement(self) -> float | None:
        """The share of views between good and poor."""
        if self.good is None or self.poor is None:
            return None
        return max(0.0, 1 - self.good - self.poor)


class WorstPage(Struct, frozen=True, kw_only=True):
    """A page by the people who had a poor view of it: LCP, INP or CLS."""

    page: str
    sessions: Total
    """That had one, of all there were."""
    share: Estimate
    """Of the sessions that viewed the page."""
    vital: str
    """The one that most of them had poor."""
    sentence: str = ""
    """That it surely is worse than the other pages, by five points at least; "" where it is not."""


class SpeedReport(Struct, frozen=True, kw_only=True):
    """`worst` pages are by people affected; `changes` are days on which a page was slower, told
    where no page is chosen."""

    basis: Basis
    rows: tuple[SpeedRow, ...]
    worst: tuple[WorstPage, ...] = ()
    changes: tuple[VitalChange, ...] = ()

    def frame(self) -> pd.DataFrame:
        """One row a page, level, device and vital."""
        return pd.DataFrame(
            [
                {
                    **{name: value for name, value in structs.asdict(row).items() if name != "p75"},
                    "needs_improvement": row.needs_improvement,
                    "p75": row.p75.value,
                    "p75_low": row.p75.low,
                    "p75_high": row.p75.high,
                    "withheld": row.p75.withheld.value if row.p75.withheld else None,
                }
                for row in self.rows
            ]
        )


class SeenRow(Struct, frozen=True, kw_only=True):
    """A page or event really seen: `count` at 100 %, `sessions` as the sample says."""

    name: str
    count: int
    sessions: int


class SeenReport(Struct, frozen=True, kw_only=True):
    """Pages (their views) and events of a site, most frequent first."""

    basis: Basis
    pages: tuple[SeenRow, ...]
    events: tuple[SeenRow, ...]
    clicks: tuple[SeenRow, ...] = ()
    """Selectors of elements that were clicked; `count` as the sample says."""

    def frame(self) -> pd.DataFrame:
        """One row a page, event or clicked element."""
        return pd.DataFrame(
            [
                {"kind": kind, **structs.asdict(row)}
                for kind, rows in (
                    ("page", self.pages),
                    ("event", self.events),
                    ("click", self.clicks),
                )
                for row in rows
            ]
        )


class LatencySlot(Struct, frozen=True, kw_only=True):
    """Checks due in a slot of time: medians of their phases, in ms, None where none happened.

    Failed checks are counted, and in no median.
    """

    start: datetime
    end: datetime
    checks: int
    failed: int
    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    wait_ms: float | None
    transfer_ms: float | None
    total_p50_ms: float | None
    total_p95_ms: float | None


class LatencyReport(Struct, frozen=True, kw_only=True):
    """One monitor's latency; a slot without checks is left out."""

    basis: Basis
    monitor: str
    slots: tuple[LatencySlot, ...]

    def frame(self) -> pd.DataFrame:
        """One row a slot."""
        return pd.DataFrame([structs.asdict(slot) for slot in self.slots])


class JourneySlot(Struct, frozen=True, kw_only=True):
    """One slot (an hour, or less on short windows) of a journey's time axis.

    `outside` is the worst state of its monitors in the slot, `down_s` how long any of them was
    down. `entered` and `passed` map each level ("" for everyone) to the sampled sessions that
    entered in the slot, and to the share of them that completed the journey.
    """

    start: datetime
    end: datetime
    outside: State
    down_s: float
    observed_share: float
    entered: dict[str, int]
    passed: dict[str, Estimate]
    activity: int
    """Business events, at 100 %."""
    expected: float | None
    """The usual count at this time of the week: the median of the last 8 weeks; None without at
    least 3 of them. Of a slot not yet over, the part that is."""
    errors: int
    """Of the whole site, at 100 %."""


class FindingKind(StrEnum):
    OUTAGE = "outage"
    """Its monitors were down."""
    PEOPLE = "people"
    """For some hours people went on less often than usual, and no monitor was down."""
    LEVEL = "level"
    """One level goes on less often than the others, all through the window."""
    ACTIVITY = "activity"
    """Its event came abnormally rarely, and neither of the first two says why."""
    UNOBSERVED = "unobserved"


class Finding(Struct, frozen=True, kw_only=True):
    """Something the journey's figures say is wrong, in one sentence.

    `level` ("" for everyone) and `step` (its label) are set where people are concerned. `end` is
    None while an outage, a failure of people or a low of the event lasts.
    """

    sentence: str
    start: datetime
    end: datetime | None
    level: str
    step: str
    kind: FindingKind = FindingKind.PEOPLE


class JourneyReport(Struct, frozen=True, kw_only=True):
    basis: Basis
    id: str
    name: str
    owner: str
    uptime: UptimeReport
    funnel: FunnelReport
    slots: tuple[JourneySlot, ...]
    findings: tuple[Finding, ...]
    activity_total: int
    activity_state: ActivityState | None = None
    """Of its event at the window's end; None without an event."""
    activity_says: str = ""

    def frame(self) -> pd.DataFrame:
        """One row a slot and level."""
        return pd.DataFrame(
            [
                {
                    "start": slot.start,
                    "end": slot.end,
                    "outside": slot.outside.value,
                    "down_s": slot.down_s,
                    "observed_share": slot.observed_share,
                    "level": level or "everyone",
                    "entered": slot.entered[level],
                    "passed": slot.passed[level].value,
                    "passed_low": slot.passed[level].low,
                    "passed_high": slot.passed[level].high,
                    "activity": slot.activity,
                    "expected": slot.expected,
                    "errors": slot.errors,
                }
                for slot in self.slots
                for level in slot.entered
            ]
        )
